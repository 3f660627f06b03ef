import { createHash } from 'node:crypto';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { type EpochMs, MINUTE_MS } from '../../../machines/rules/time.ts';
import { createCheckRun, type Violation } from '../../check/index.ts';
import { formatHeader, type TraceHeader } from '../../kernel/index.ts';
import type { FleetSink, LineSink } from '../model/fleet-log.ts';
import type { RunnerKind } from '../model/runner.ts';
import type { FleetReport } from '../report/report.ts';
import { FleetStats } from '../report/stats.ts';
import type { Fleet } from '../types.ts';
import { FleetWorld } from '../world/fleet-world.ts';
import { plantedBug } from './plant.ts';

export interface FleetRunOptions {
  readonly fleet: Fleet;
  /** Beats the fleet's own. */
  readonly seed?: number | string;
  /** Stops the run; what is known so far is reported. */
  readonly signal?: AbortSignal;
  /** Called now and then while the run goes on. */
  readonly onProgress?: (progress: FleetProgress) => void;
  /** Takes the header line and every event as a line, without line ends. */
  readonly onLine?: LineSink;
  readonly sinks?: readonly FleetSink[];
  /** Without it the run is faster: nobody needs the lines (I76). */
  readonly isHashed?: boolean;
  readonly isChecked?: boolean;
  readonly runner?: RunnerKind;
  /** Name of a planted bug; see `plant.ts`. */
  readonly plant?: string | null;
  readonly build?: string;
}

export interface FleetProgress {
  readonly share: number;
  readonly at: EpochMs;
  readonly sessionsEnded: number;
  readonly phase: string;
}

export interface FleetRun {
  readonly report: FleetReport;
  /** On which backups are started; the report goes on until the last session has ended. */
  readonly days: number;
  readonly violations: readonly Violation[];
  readonly violationCount: number;
  readonly witnesses: Readonly<Record<string, number>>;
  /** L1: sessions that did not end, in words. */
  readonly pending: readonly string[];
  /** Scripted faults that never struck. */
  readonly unfired: readonly string[];
  /** Calls that each of the fleet's faults has waited for, in their order. */
  readonly faultCalls: readonly number[];
  readonly isInterrupted: boolean;
  /** SHA-256 of the log's normalised lines; null when it was not asked for. */
  readonly traceHash: string | null;
  readonly eventCount: number;
  readonly counts: FleetWorld['parts']['counters'];
}

/** Tasks between two looks at the signal and at the clock on the wall. */
const SLICE_TASKS = 20_000;
/** Hashing line by line costs more than the lines. */
const HASH_CHUNK = 65_536;

/**
 * The log of a fleet is in order, and who still owes something is waited for anyway: thousands of
 * sessions of one night need not be remembered until the morning.
 */
const GRACE_MS = 30 * MINUTE_MS;

/** Runs a fleet from its first day until every session has ended. */
export async function runFleet(options: FleetRunOptions): Promise<FleetRun> {
  const { fleet, signal } = options;
  const seed = options.seed ?? fleet.seed;
  const stats = new FleetStats(fleet.startAt);
  const checks = options.isChecked === false ? null : createCheckRun({ graceMs: GRACE_MS });
  // What `fortnight replay` needs to run it again (`sim/trace/fleet-replayer.ts`).
  const header: TraceHeader = {
    kind: 'fleet',
    seed: String(seed),
    build: options.build ?? 'fleet',
    options: {
      scenario: fleet.title,
      fleet: JSON.parse(JSON.stringify(fleet)),
      plant: options.plant ?? null,
    },
  };
  const hasher = options.isHashed === false ? null : new LineHasher();
  const lines: LineSink[] = [];
  if (hasher !== null) lines.push(hasher.add);
  if (options.onLine !== undefined) lines.push(options.onLine);
  for (const line of lines) line(formatHeader(header));
  const sinks: FleetSink[] = [stats.see, ...(options.sinks ?? [])];
  if (checks !== null) sinks.push((event) => checks.see(event));
  const bug =
    options.plant === undefined || options.plant === null ? null : plantedBug(options.plant);
  const world = new FleetWorld({
    fleet,
    seed,
    sinks,
    lines,
    ...(options.runner === undefined ? {} : { runner: options.runner }),
    ...(bug === null ? {} : { tamper: bug as (event: LogEvent) => readonly LogEvent[] }),
  });
  let isOver = false;
  while (!isOver && signal?.aborted !== true) {
    isOver = !world.advance(SLICE_TASKS);
    options.onProgress?.({
      share: world.progress,
      at: world.now,
      sessionsEnded: world.parts.counters.sessionsEnded,
      phase: world.phase,
    });
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const checked = checks?.end() ?? { violations: [], witnesses: {}, violationCount: 0 };
  return {
    report: stats.report(world.now),
    days: fleet.days,
    violations: checked.violations,
    violationCount: checked.violationCount,
    witnesses: checked.witnesses,
    pending: isOver ? world.pending() : [],
    unfired: isOver ? world.parts.faults.unfired().map(({ name }) => name) : [],
    faultCalls: world.parts.faults.calls(),
    isInterrupted: !isOver,
    traceHash: hasher?.digest() ?? null,
    eventCount: world.parts.log.count,
    counts: { ...world.parts.counters },
  };
}

/** The same hash as `traceHash` of the kernel for the whole file. */
class LineHasher {
  readonly #hash = createHash('sha256');
  #chunk = '';

  readonly add = (line: string): void => {
    this.#chunk += `${line}\n`;
    if (this.#chunk.length < HASH_CHUNK) return;
    this.#hash.update(this.#chunk);
    this.#chunk = '';
  };

  digest(): string {
    return this.#hash.update(this.#chunk).digest('hex');
  }
}
