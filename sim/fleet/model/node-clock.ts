import type { EpochMs } from '../../../machines/rules/time.ts';
import type { ClockJump } from '../types.ts';

const MILLION = 1_000_000;

/** What a node takes for the time: true time with an offset, a drift and jumps both ways. */
export class NodeClock {
  readonly #offsetMs: number;
  readonly #driftPpm: number;
  readonly #startAt: EpochMs;
  readonly #jumps: readonly ClockJump[];

  /** `jumps` count from `startAt`, in their order. */
  constructor(
    startAt: EpochMs,
    offsetMs: number,
    driftPpm: number,
    jumps: readonly ClockJump[] = [],
  ) {
    this.#startAt = startAt;
    this.#offsetMs = offsetMs;
    this.#driftPpm = driftPpm;
    this.#jumps = jumps;
  }

  read(trueAt: EpochMs): EpochMs {
    const sinceMs = trueAt - this.#startAt;
    let shown = trueAt + this.#offsetMs;
    if (this.#driftPpm !== 0) shown += Math.floor((sinceMs * this.#driftPpm) / MILLION);
    for (const { atMs, byMs } of this.#jumps) {
      if (atMs > sinceMs) break;
      shown += byMs;
    }
    return shown;
  }

  /**
   * A true instant, at or before the first one at which the clock shows `shownAt`: who is woken then
   * looks again. A jump is never slept through.
   */
  wakeAt(shownAt: EpochMs, now: EpochMs): EpochMs {
    const leftMs = shownAt - this.read(now);
    if (leftMs <= 0) return now;
    let dueAt = now + leftMs;
    if (this.#driftPpm !== 0) {
      const shorter = Math.floor((leftMs * MILLION) / (MILLION + this.#driftPpm));
      dueAt = now + Math.max(1, shorter - 1);
    }
    for (const { atMs } of this.#jumps) {
      const jumpAt = this.#startAt + atMs;
      if (jumpAt > now) return Math.min(dueAt, jumpAt);
    }
    return dueAt;
  }
}
