import type { EpochMs } from '../rules/time.ts';

/** Takes a wake-up back; calling it twice or after the wake-up does nothing. */
export type CancelWakeUp = () => void;

/**
 * Time, as a port. A wake-up is only a wake-up: what is due is an absolute instant in a machine's
 * context. `wakeAt` calls `wake` once, never synchronously, at the first moment at which
 * `now() >= dueAt`; wake-ups fire one at a time in the order (dueAt, order of the calls), also when
 * the clock jumps over many of them, and each sees `now()` = max(its own dueAt, the time already
 * reached). An instant that is already past fires as soon as possible. Implementations: virtual
 * (`sim/kernel`), warp and real (`adapters/clock`); one contract suite holds them all.
 */
export interface Clock {
  now(): EpochMs;
  wakeAt(dueAt: EpochMs, wake: () => void): CancelWakeUp;
}
