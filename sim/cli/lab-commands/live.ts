import type { LogEvent } from '../../../machines/ports/event-log.ts';
import type { EventSink } from '../../kernel/index.ts';
import { realNow } from '../../lab/lab-records.ts';
import { createScenarioLab } from '../../lab/scenario-lab.ts';
import type { Scenario } from '../../scenario/types.ts';
import type { LiveRun } from '../../tui/live-run.ts';
import type { ProgressListener } from '../../world/assembly.ts';
import { createMemoryWorld } from '../../world/memory-world.ts';
import { runScenario } from '../../world/run-scenario.ts';
import type { SummarySession, WorldName } from '../../world/run-summary.ts';
import type { World } from '../../world/world.ts';

export interface LiveRunOptions {
  readonly sinks?: readonly EventSink[];
  readonly onSession?: (session: SummarySession) => void;
}

/** A scenario that runs by itself and can be watched, held, warped and stopped. */
export async function startLiveRun(
  scenario: Scenario,
  worldName: WorldName,
  options: LiveRunOptions = {},
): Promise<LiveRun & { close(): Promise<void> }> {
  const listeners = new Set<(event: LogEvent) => void>();
  const progressListeners = new Set<ProgressListener>();
  const sinks: EventSink[] = [
    ...(options.sinks ?? []),
    (event) => {
      for (const listener of listeners) listener(event);
    },
  ];
  const onProgress: ProgressListener = (session, counts) => {
    for (const listener of progressListeners) listener(session, counts);
  };
  const world: World =
    worldName === 'memory'
      ? await createMemoryWorld({ scenario, sinks, onProgress })
      : await createScenarioLab({ scenario, realNow: realNow(), sinks, onProgress });

  const stop = new AbortController();
  const gate = createGate();
  const finished = runScenario(scenario, world, {
    beforeStep: () => gate.pass(),
    signal: stop.signal,
    ...(options.onSession === undefined ? {} : { onSession: options.onSession }),
  });
  finished.catch(() => {});
  return {
    title: scenario.title,
    world: worldName,
    now: () => world.now(),
    subscribe: (listener) => {
      for (const event of world.log.events) listener(event);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onProgress: (listener) => {
      progressListeners.add(listener);
      return () => progressListeners.delete(listener);
    },
    warp: (byMs) => gate.between(() => world.warpTo(world.now() + byMs)),
    pause: () => gate.hold(),
    continue: () => gate.open(),
    isPaused: () => gate.isHeld(),
    cancel: () => {
      stop.abort();
      gate.open();
      world.cancelAll();
    },
    finished,
    close: async () => {
      stop.abort();
      gate.open();
      await finished.catch(() => {});
      await world.close();
    },
  };
}

/** Where a run waits between two steps: held by a person, or while the clock is being moved. */
function createGate() {
  let isHeld = false;
  let wake: (() => void)[] = [];
  let atGate = false;
  let lastWork: Promise<void> = Promise.resolve();
  const arrived: (() => void)[] = [];
  return {
    hold: () => {
      isHeld = true;
    },
    open: () => {
      isHeld = false;
      for (const one of wake.splice(0)) one();
    },
    isHeld: () => isHeld,
    pass: async (): Promise<void> => {
      atGate = true;
      for (const one of arrived.splice(0)) one();
      await lastWork;
      while (isHeld) {
        await new Promise<void>((resolve) => {
          wake = [...wake, resolve];
        });
        await lastWork;
      }
      atGate = false;
    },
    /** Runs the work when the scenario stands between two steps. */
    between: (work: () => Promise<void>): Promise<void> => {
      const here = atGate
        ? Promise.resolve()
        : new Promise<void>((resolve) => arrived.push(resolve));
      const result = Promise.all([here, lastWork]).then(work);
      lastWork = result.catch(() => {});
      return result;
    },
  };
}
