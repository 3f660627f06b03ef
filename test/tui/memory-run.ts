import type { LogEvent } from '../../machines/ports/event-log.ts';
import { formatEvent } from '../../sim/kernel/index.ts';
import type { Scenario, ScenarioStep } from '../../sim/scenario/index.ts';
import type { BranchRun, Order } from '../../sim/tui/live-run.ts';
import { startWorldRun } from '../../sim/tui/runs/world-run.ts';
import { createMemoryWorld } from '../../sim/world/memory-world.ts';
import { tourScenario } from './fake-run.ts';

export const place = { line: 0, column: 0 };

export function runStep(job: string): ScenarioStep {
  return { type: 'run', place, job, operation: 'backup', expect: null };
}

/** The world of the tour with steps of one's own. */
export function smallScenario(...steps: readonly ScenarioStep[]): Scenario {
  return { ...tourScenario(), title: 'Small', steps };
}

export async function startMemoryRun(scenario: Scenario, pace: 'asked' | 'free' = 'asked') {
  const run = startWorldRun({
    scenario,
    world: 'memory',
    open: (parts) => createMemoryWorld({ scenario, ...parts }),
    pace,
    isRepeatable: true,
  });
  await run.opened;
  return run;
}

export async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Until it stands before a step with nothing ordered, or is over. */
export async function settled(run: BranchRun): Promise<void> {
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  run.finished.then(end, end);
  while (!isOver && !(run.isWaiting() && run.pendingOrders() === 0)) await turn();
}

/** Asks for all steps, one after the other. */
export async function runToEnd(run: BranchRun): Promise<void> {
  await settled(run);
  while (run.isWaiting() && run.stepsLeft() > 0) {
    run.next();
    await turn();
    await settled(run);
  }
}

export function eventsOf(run: BranchRun): readonly LogEvent[] {
  const events: LogEvent[] = [];
  run.subscribe((event) => events.push(event))();
  return events;
}

export function linesOf(run: BranchRun): readonly string[] {
  return eventsOf(run).map(formatEvent);
}

export const start = (job: string): Order => ({ type: 'step', step: runStep(job) });
