import type { CancelWakeUp } from '../../machines/ports/clock.ts';
import { DAY_MS, type EpochMs, MINUTE_MS } from '../../machines/rules/time.ts';
import { WakeUpQueue } from './wake-up-queue.ts';

/** The runtime's own clock and timers, so that a test can stand in for them. */
export interface LowLevelTimers {
  /** Wall-clock time, epoch ms. */
  now(): EpochMs;
  /** Never called with more than `HOP_MS_MAX`; may fire early, late, or after a clock change. */
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

export const systemTimers: LowLevelTimers = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/** A timer of more than 2^31 - 1 ms fires at once on Node and on Bun: far below that, always. */
export const HOP_MS_MAX = DAY_MS;

/**
 * How long a hop is unless told otherwise. After a suspend or a change of the wall clock a
 * wake-up is late by at most one hop, because the runtime's timers count on a clock of their own.
 */
export const HOP_MS_DEFAULT = MINUTE_MS;

export interface WakeUpPumpOptions {
  readonly timers: LowLevelTimers;
  readonly hopMs: number;
  /** The clock's own time, which the due instants are compared with. */
  readonly now: () => EpochMs;
  /** Real milliseconds until the clock shows `dueAt`; null while it stands still. */
  readonly realDelayMs: (dueAt: EpochMs) => number | null;
}

/**
 * Fires the wake-ups of a clock that runs by itself, on one low-level timer: it is set for the
 * earliest wake-up or for one hop, whichever is nearer, and asks the clock again when it fires.
 * An early timer, a clock set back and a 30-day wait are thus all the same case.
 */
export class WakeUpPump {
  readonly queue = new WakeUpQueue();
  readonly #options: WakeUpPumpOptions;
  #handle: unknown = null;
  #armedFor: EpochMs | null = null;
  #isHeld = false;

  constructor(options: WakeUpPumpOptions) {
    if (!(options.hopMs >= 1 && options.hopMs <= HOP_MS_MAX)) {
      throw new RangeError(`a hop must be 1 ms to 24 h, not ${options.hopMs} ms`);
    }
    this.#options = options;
  }

  add(dueAt: EpochMs, wake: () => void): CancelWakeUp {
    const wakeUp = this.queue.add(dueAt, wake);
    if (this.#armedFor === null || dueAt < this.#armedFor) this.arm();
    return () => {
      this.queue.cancel(wakeUp);
      // A timer for nothing would keep the process alive until the end of its hop.
      if (this.queue.size === 0) this.#disarm();
    };
  }

  /** Sets the low-level timer anew; needed after everything that moves the clock. */
  arm(): void {
    this.#disarm();
    if (this.#isHeld) return;
    const next = this.queue.peek();
    if (next === null) return;
    const delayMs = this.#options.realDelayMs(next.dueAt);
    if (delayMs === null) return;
    const hopMs = Math.min(Math.max(0, Math.ceil(delayMs)), this.#options.hopMs);
    this.#armedFor = next.dueAt;
    this.#handle = this.#options.timers.setTimeout(() => this.#onTimer(), hopMs);
  }

  /** While held, nothing fires by itself: a jump fires the wake-ups in its own order. */
  hold(): void {
    this.#isHeld = true;
    this.#disarm();
  }

  release(): void {
    this.#isHeld = false;
    this.arm();
  }

  #disarm(): void {
    if (this.#armedFor === null) return;
    this.#options.timers.clearTimeout(this.#handle);
    this.#armedFor = null;
    this.#handle = null;
  }

  #onTimer(): void {
    this.#armedFor = null;
    this.#handle = null;
    // Wake-ups that are set from here on wait for the next timer, however far in the past they
    // are due: one that sets itself again and again must not keep the event loop to itself.
    const sequenceEnd = this.queue.nextSequence;
    try {
      for (;;) {
        const next = this.queue.peek();
        if (next === null || next.sequence >= sequenceEnd) break;
        if (this.#isHeld || this.#options.now() < next.dueAt) break;
        this.queue.take()?.wake();
      }
    } finally {
      // A wake-up that throws is reported by the runtime; the others are not lost.
      this.arm();
    }
  }
}
