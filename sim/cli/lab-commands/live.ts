import type { EventSink } from '../../kernel/index.ts';
import type { Scenario } from '../../scenario/types.ts';
import type { LiveRun } from '../../tui/live-run.ts';
import { type OpenWorld, startWorldRun, type WorldRun } from '../../tui/runs/world-run.ts';
import type { RunSummary, SummarySession, WorldName } from '../../world/run-summary.ts';

export interface LiveRunOptions {
  readonly sinks?: readonly EventSink[];
  readonly onSession?: (session: SummarySession) => void;
  /** Somebody watches: in memory the steps then wait until they have been shown. */
  readonly isWatched?: boolean;
  /** The world is opened only then: the first screen does not wait for it. */
  readonly openAfter?: Promise<void>;
}

/** A scenario that runs by itself and can be watched, held, warped, changed and stopped. */
export function startLiveRun(
  scenario: Scenario,
  worldName: WorldName,
  options: LiveRunOptions = {},
): WorldRun {
  const { isWatched = false, openAfter, ...rest } = options;
  const isMemory = worldName === 'memory';
  const open = isMemory ? openMemory(scenario) : openLab(scenario);
  return startWorldRun({
    scenario,
    world: worldName,
    open: async (parts) => {
      await openAfter;
      return open(parts);
    },
    pace: isMemory && isWatched ? 'asked' : 'free',
    isRepeatable: isMemory,
    ...rest,
  });
}

function openMemory(scenario: Scenario): OpenWorld {
  return async (parts) => {
    const { createMemoryWorld } = await import('../../world/memory-world.ts');
    return createMemoryWorld({ scenario, ...parts });
  };
}

/** The SDKs are loaded only where they are used: a run in memory shows its first screen at once. */
function openLab(scenario: Scenario): OpenWorld {
  return async (parts) => {
    const [{ realNow }, { createScenarioLab }] = await Promise.all([
      import('../../lab/lab-records.ts'),
      import('../../lab/scenario-lab.ts'),
    ]);
    return createScenarioLab({ scenario, realNow: realNow(), ...parts });
  };
}

/**
 * What a scenario expects, it expects of its own steps, all of them: not of a run that a user has
 * cut off or given other steps.
 */
export function summaryOfWatched(run: LiveRun, summary: RunSummary): RunSummary {
  const isChanged = run.wasCut() || run.steps().some(({ isOrdered }) => isOrdered);
  if (!isChanged) return summary;
  const violations = summary.violations.filter(
    ({ invariant }) => invariant !== 'expect' && invariant !== 'fault',
  );
  return { ...summary, violations, ok: violations.length === 0 && !run.wasCut() };
}

const BEAT_MS = 66;

/** The heart beat of the line mode, in real time. */
export function beat(tick: (elapsedMs: number) => void): () => void {
  const timer = setInterval(() => tick(BEAT_MS), BEAT_MS);
  return () => clearInterval(timer);
}
