import type { Clock } from '../../../machines/ports/clock.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';

interface WakeUp {
  readonly dueAt: EpochMs;
  readonly wake: () => void;
  cancel: () => void;
}

/** The clock of one host: true time, and how far it goes wrong (F14, F15). */
export class LocalClock implements Clock {
  readonly #base: Clock;
  readonly #pending = new Set<WakeUp>();
  #aheadMs = 0;
  wasWrong = false;

  constructor(base: Clock) {
    this.#base = base;
  }

  get aheadMs(): number {
    return this.#aheadMs;
  }

  now(): EpochMs {
    return this.#base.now() + this.#aheadMs;
  }

  wakeAt(dueAt: EpochMs, wake: () => void): () => void {
    const wakeUp: WakeUp = { dueAt, wake, cancel: () => {} };
    this.#pending.add(wakeUp);
    this.#arm(wakeUp);
    return () => {
      this.#pending.delete(wakeUp);
      wakeUp.cancel();
    };
  }

  /** Somebody sets the clock: what waits is due by the new time. */
  setAhead(aheadMs: number): void {
    this.#aheadMs = aheadMs;
    this.wasWrong ||= aheadMs !== 0;
    for (const wakeUp of this.#pending) {
      wakeUp.cancel();
      this.#arm(wakeUp);
    }
  }

  #arm(wakeUp: WakeUp): void {
    wakeUp.cancel = this.#base.wakeAt(wakeUp.dueAt - this.#aheadMs, () => {
      this.#pending.delete(wakeUp);
      wakeUp.wake();
    });
  }
}
