import type { Fleet } from '../types.ts';
import type { FaultPoint } from './fault-points.ts';
import { runFleet } from './run-fleet.ts';
import { swarmFleet } from './swarm.ts';

/** What one run of a sweep came to; one line of the sweep's notes. */
export interface SweepResult {
  /** The seed, or the number of the fault point from 0. */
  readonly run: number;
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

/** Sent to a worker thread: what all its runs have in common. */
export interface SweepTask {
  /** `null`: each seed draws its own. */
  readonly fleet: Fleet | null;
  readonly plant: string | null;
  /** Instead of many seeds: one seed, and one fault a run. */
  readonly points: {
    readonly seed: number | string;
    readonly faults: readonly FaultPoint[];
  } | null;
}

export async function runOne(task: SweepTask, number: number): Promise<SweepResult> {
  const { plant } = task;
  const run = await runFleet({ ...fleetOf(task, number), isHashed: false, plant });
  const { sessions } = run.report;
  const [violation] = run.violations;
  return {
    run: number,
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

function fleetOf(
  { fleet, points }: SweepTask,
  number: number,
): { readonly fleet: Fleet; readonly seed: number | string } {
  if (points === null) return { fleet: fleet ?? drawn(number), seed: String(number) };
  const point = points.faults[number];
  if (fleet === null || point === undefined) throw new Error(`no fault point ${number}`);
  return { fleet: { ...fleet, faults: [point.fault] }, seed: points.seed };
}

function drawn(seed: number): Fleet {
  const result = swarmFleet(String(seed));
  if (result.ok) return result.fleet;
  const told = result.problems.map(({ path, text }) => `${path}: ${text}`).join('; ');
  throw new Error(`seed ${seed} draws a fleet that cannot be: ${told}`);
}
