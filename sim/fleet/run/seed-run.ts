import type { Fleet } from '../types.ts';
import { runFleet } from './run-fleet.ts';
import { swarmFleet } from './swarm.ts';

/** What one seed of a sweep came to; one line of the sweep's notes. */
export interface SeedResult {
  readonly seed: number;
  readonly ok: boolean;
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly violations: number;
  /** The first one, for the line that reports the seed. */
  readonly first: { readonly invariant: string; readonly text: string } | null;
  readonly pending: readonly string[];
  readonly unfired: readonly string[];
  readonly witnesses: Readonly<Record<string, number>>;
}

/** Sent to a worker thread: what all its seeds have in common. */
export interface SweepTask {
  /** `null`: each seed draws its own. */
  readonly fleet: Fleet | null;
  readonly plant: string | null;
}

export async function runSeed({ fleet, plant }: SweepTask, seed: number): Promise<SeedResult> {
  const own = fleet ?? drawn(seed);
  const run = await runFleet({ fleet: own, seed: String(seed), isHashed: false, plant });
  const { sessions } = run.report;
  const [violation] = run.violations;
  return {
    seed,
    ok: run.violationCount === 0 && run.pending.length === 0 && run.unfired.length === 0,
    done: sessions.done,
    failed: sessions.failed,
    cancelled: sessions.cancelled,
    reasons: Object.fromEntries(
      sessions.reasons
        .filter(({ state }) => state !== 'done')
        .map(({ state, code, count }) => [code ?? state, count]),
    ),
    violations: run.violationCount,
    first:
      violation === undefined ? null : { invariant: violation.invariant, text: violation.text },
    pending: run.pending.slice(0, 3),
    unfired: run.unfired,
    witnesses: run.witnesses,
  };
}

function drawn(seed: number): Fleet {
  const result = swarmFleet(String(seed));
  if (result.ok) return result.fleet;
  const told = result.problems.map(({ path, text }) => `${path}: ${text}`).join('; ');
  throw new Error(`seed ${seed} draws a fleet that cannot be: ${told}`);
}
