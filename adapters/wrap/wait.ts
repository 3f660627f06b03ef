import type { Clock } from '../../machines/ports/clock.ts';
import { FortnightError } from '../../machines/rules/errors.ts';

/** The error of a stopped operation: the signal's own reason when that is an expected error. */
export function stopped(signal: AbortSignal): FortnightError {
  return signal.reason instanceof FortnightError
    ? signal.reason
    : new FortnightError('session.cancelled', 'the operation was stopped');
}

/** Resolves `waitMs` later on the clock (0: on a microtask); rejects when the signal fires. */
export function waitOn(clock: Clock, waitMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.reject(stopped(signal));
  if (waitMs <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const cancel = clock.wakeAt(clock.now() + waitMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = (): void => {
      cancel();
      if (signal !== undefined) reject(stopped(signal));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
