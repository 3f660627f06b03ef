import type { RenewalLine } from '../../machines/rules/renewal.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/**
 * Time as the explorer sees it. Every context is kept as if it were `NOW`: when time passes, all
 * instants in it move back instead. So two moments are one state when nothing that a guard reads
 * differs.
 *
 * Time moves from one instant at which a guard can change its mind to the next (`boundaryOf`): just
 * above the renewal line, at it, just below it, at the margin, 1 ms before the end, at it, after it,
 * on the SP's clock and on the tenant's. What happens between two such instants is answered by every
 * guard as what happens at the first of them. Instants relative to several generations are exact.
 *
 * Deadlines of the wire (answers, budgets, retries) are not counted down: they may ring at any time
 * while they are set, which is more than can really happen. Only a step of time that is longer than
 * such a deadline waits until it has rung.
 */
export const NOW: EpochMs = 2_000_000_000_000;

/** Where a deadline of the wire is put, whatever its length: no guard reads it. */
export const WIRE_AT: EpochMs = NOW + 1;

export interface Life extends RenewalLine {
  readonly lifetimeMs: number;
  readonly marginMs: number;
  /** How far the tenant's clock runs ahead of the SP's (C11). */
  readonly skewMs: number;
}

/** Every remaining life (on the SP's clock) at which a guard can change its mind, longest first. */
export function boundariesOf(life: Life): readonly number[] {
  const { lifetimeMs, renewBelowMs, marginMs, skewMs } = life;
  const onOneClock = [renewBelowMs + 1, renewBelowMs, renewBelowMs - 1, marginMs, 1, 0, -1];
  // C13: how early a fast clock may renew.
  const early = skewMs > 0 ? [lifetimeMs - renewBelowMs + 1, lifetimeMs - renewBelowMs] : [];
  const onBoth = [...onOneClock, ...onOneClock.map((leftMs) => leftMs + skewMs), ...early];
  const seen = [...new Set(onBoth)].filter((leftMs) => leftMs < lifetimeMs);
  return seen.sort((left, right) => right - left);
}

/** The clock of remaining lives: how they pass, and where they stop counting. */
export class LifeLine {
  readonly life: Life;
  readonly boundaries: readonly number[];
  /** Longer over than this is over. */
  readonly #lastMs: number;

  constructor(life: Life) {
    this.life = life;
    this.boundaries = boundariesOf(life);
    this.#lastMs = this.boundaries.at(-1) as number;
  }

  /** How long until the next boundary of a credential that ends at `expiresAt`. */
  boundaryOf(expiresAt: EpochMs): number {
    const leftMs = expiresAt - NOW;
    const next = this.boundaries.find((boundaryMs) => boundaryMs < leftMs);
    return next === undefined ? Number.POSITIVE_INFINITY : leftMs - next;
  }

  /** The same instant when `passedMs` more have passed; what is long over stays just over. */
  later(expiresAt: EpochMs, passedMs: number): EpochMs {
    return Math.max(NOW + this.#lastMs, expiresAt - passedMs);
  }

  /** For an alarm that rings `beforeMs` ahead of the end. */
  alarmLater(dueAt: EpochMs, passedMs: number): EpochMs {
    return Math.max(NOW + this.#lastMs - this.life.marginMs, dueAt - passedMs);
  }
}
