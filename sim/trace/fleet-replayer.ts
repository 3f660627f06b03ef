import { PLANTED_BUGS } from '../fleet/run/plant.ts';
import { runFleet } from '../fleet/run/run-fleet.ts';
import type { Fleet } from '../fleet/types.ts';
import type { Replayer } from './replayers.ts';
import { TraceProblem } from './trace-problem.ts';

/** Runs the fleet of a trace again. */
export const replayFleet: Replayer = async ({ options, seed }, see, signal) => {
  const { fleet, plant = null } = options;
  if (!isFleet(fleet)) throw new TraceProblem('The trace holds no fleet that this build can run.');
  if (plant !== null && (typeof plant !== 'string' || !Object.hasOwn(PLANTED_BUGS, plant))) {
    throw new TraceProblem(
      `The trace plants a bug that this build does not know: ${String(plant)}.`,
    );
  }
  const run = await runFleet({ fleet, seed, signal, plant, isHashed: false, sinks: [see] });
  const faults = run.unfired.map((name) => `The fault "${name}" never fired.`);
  return {
    violations: [
      ...run.violations,
      ...run.pending.map((text) => ({ invariant: 'L1', session: null, text })),
      ...faults.map((text) => ({ invariant: 'fault', session: null, text })),
    ],
  };
};

/** It was checked when it was recorded; here only that it is one, and of this format. */
function isFleet(value: unknown): value is Fleet {
  if (typeof value !== 'object' || value === null) return false;
  const { version, groups, repositories, storages } = value as Partial<Fleet>;
  return version === 1 && [groups, repositories, storages].every((list) => Array.isArray(list));
}
