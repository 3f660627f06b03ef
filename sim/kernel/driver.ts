import { type EpochMs, formatInstant } from '../../machines/rules/time.ts';
import { createSettle, type Settle } from './settle.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What is known when a run can go no further although it is not done. */
export interface DeadlockReport {
  readonly at: EpochMs;
  readonly firedCount: number;
  /** `idle`: nothing is pending. `wakeUpLimit`: it went on for longer than it was allowed to. */
  readonly kind: 'idle' | 'wakeUpLimit';
  /** One human reason a thing that is still waiting; from `pending`. */
  readonly reasons: readonly string[];
}

/** A run on the virtual clock that cannot come to its end. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';
  readonly report: DeadlockReport;

  constructor(report: DeadlockReport) {
    const what =
      report.kind === 'idle'
        ? 'no wake-up is pending and the run is not done'
        : `the run is not done after ${report.firedCount} wake-ups`;
    const reasons = report.reasons.map((reason) => `\n  - ${reason}`).join('');
    super(`${formatInstant(report.at)}: ${what}${reasons}`);
    this.report = report;
  }
}

export interface DriverOptions {
  readonly settle?: Settle;
  /** Says, for people, what is still waiting and for what. */
  readonly pending?: () => readonly string[];
  /** Called before the DeadlockError is thrown: the place to write the trace down. */
  readonly onDeadlock?: (report: DeadlockReport) => void;
  /** A run that fires more than this is taken for endless; default ten million. */
  readonly wakeUpCountMax?: number;
}

const WAKE_UP_COUNT_MAX = 10_000_000;

/** Moves a virtual clock: one wake-up, then everything that it set going, then the next. */
export interface Driver {
  /** Until no wake-up is pending. Returns how many fired. */
  runUntilIdle(): Promise<number>;
  /** Until the predicate holds (asked first, and after each wake-up); else a DeadlockError. */
  runUntil(predicate: () => boolean): Promise<number>;
  /** Everything due up to and including `at`; the clock then shows `at`. */
  advanceTo(at: EpochMs): Promise<number>;
}

export function createDriver(clock: VirtualClock, options: DriverOptions = {}): Driver {
  const settle = options.settle ?? createSettle();
  const firedCountMax = options.wakeUpCountMax ?? WAKE_UP_COUNT_MAX;

  function deadlock(kind: DeadlockReport['kind'], firedCount: number): DeadlockError {
    const report = { at: clock.now(), firedCount, kind, reasons: options.pending?.() ?? [] };
    options.onDeadlock?.(report);
    return new DeadlockError(report);
  }

  /** Fires until `isDone`; returns early, with `isIdle`, when nothing that may fire is pending. */
  async function run(
    isDone: () => boolean,
    mayFire: (dueAt: EpochMs) => boolean,
  ): Promise<{ readonly firedCount: number; readonly isIdle: boolean }> {
    let firedCount = 0;
    for (;;) {
      await settle();
      if (isDone()) return { firedCount, isIdle: false };
      const dueAt = clock.nextDueAt();
      if (dueAt === null || !mayFire(dueAt)) return { firedCount, isIdle: true };
      if (firedCount >= firedCountMax) throw deadlock('wakeUpLimit', firedCount);
      clock.fireNext();
      firedCount += 1;
    }
  }

  return {
    runUntilIdle: async () => {
      const { firedCount } = await run(
        () => false,
        () => true,
      );
      return firedCount;
    },
    runUntil: async (predicate) => {
      const { firedCount, isIdle } = await run(predicate, () => true);
      if (isIdle) throw deadlock('idle', firedCount);
      return firedCount;
    },
    advanceTo: async (at) => {
      if (at < clock.now()) throw new RangeError(`virtual time does not go back to ${at}`);
      const { firedCount } = await run(
        () => false,
        (dueAt) => dueAt <= at,
      );
      clock.moveTo(at);
      return firedCount;
    },
  };
}
