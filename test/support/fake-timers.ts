import type { LowLevelTimers } from '../../adapters/clock/index.ts';

const TIMER_DELAY_MS_MAX = 2 ** 31 - 1;

interface FakeTimer {
  readonly dueAt: number;
  readonly run: () => void;
}

/**
 * The runtime's timers, moved by hand, with the traps of the real ones: they count on a clock of
 * their own that a change of the wall clock does not touch, and a delay above 2^31 - 1 ms fires
 * after 1 ms.
 */
export class FakeTimers implements LowLevelTimers {
  delayMsSeenMax = 0;
  #monotonic = 0;
  #wallOffsetMs: number;
  readonly #timers = new Set<FakeTimer>();
  readonly #settle: () => Promise<void>;

  constructor(startAt: number, settle: () => Promise<void>) {
    this.#wallOffsetMs = startAt;
    this.#settle = settle;
  }

  get pendingCount(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#monotonic + this.#wallOffsetMs;
  }

  setTimeout(run: () => void, delayMs: number): unknown {
    this.delayMsSeenMax = Math.max(this.delayMsSeenMax, delayMs);
    const effectiveMs = delayMs > TIMER_DELAY_MS_MAX ? 1 : Math.max(0, delayMs);
    const timer = { dueAt: this.#monotonic + effectiveMs, run };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as FakeTimer);
  }

  /** Somebody sets the computer's clock; timers do not notice. */
  setWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Lets time pass. Timers fire in their order, each at its own time. */
  async advance(byMs: number): Promise<void> {
    const until = this.#monotonic + byMs;
    for (;;) {
      await this.#settle();
      const next = this.#earliest();
      if (next === null || next.dueAt > until) break;
      this.#timers.delete(next);
      this.#monotonic = Math.max(this.#monotonic, next.dueAt);
      next.run();
    }
    this.#monotonic = until;
  }

  #earliest(): FakeTimer | null {
    let earliest: FakeTimer | null = null;
    for (const timer of this.#timers) {
      if (earliest === null || timer.dueAt < earliest.dueAt) earliest = timer;
    }
    return earliest;
  }
}
