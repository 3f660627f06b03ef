import type { Clock } from '../../machines/ports/clock.ts';
import { type FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { waitOn } from './wait.ts';

export interface BackoffOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** All attempts of one call, the first one included; default 6. */
  readonly attemptsMax?: number;
  /** The first wait is up to this long, each later one up to twice the last; default 200 ms. */
  readonly waitBaseMs?: number;
  /** No wait is longer, except one that the storage asked for; default 20 s. */
  readonly waitCapMs?: number;
  /** The longest wait that the storage is granted; default 5 min. */
  readonly retryAfterCapMs?: number;
  /**
   * C19: until then `credential.unknownKey` means that the fresh generation has not reached the
   * storage yet. After it, and with `null` (the default), it is final.
   */
  readonly propagatesUntil?: EpochMs | null;
  readonly onRetry?: (retry: RetryRecord) => void;
  /** Asked before each wait; `false` makes the last error final. */
  readonly mayRetry?: () => boolean;
}

export interface RetryRecord {
  readonly attempt: number;
  readonly code: FortnightError['code'];
  readonly waitMs: number;
}

/** Runs until it succeeds, fails for good, or the attempts are used up; rejects with the last error. */
export async function withBackoff<Result>(
  options: BackoffOptions,
  run: (attempt: number) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run(attempt);
    } catch (thrown) {
      const error = toFortnightError(thrown);
      const waitMs = signal?.aborted === true ? null : nextWaitMs(options, error, attempt);
      if (waitMs === null) throw error;
      options.onRetry?.({ attempt, code: error.code, waitMs });
      await waitOn(options.clock, waitMs, signal);
    }
  }
}

/** `null`: not again. Only errors of class `retry` are tried again (decision 5). */
export function nextWaitMs(
  options: BackoffOptions,
  error: FortnightError,
  attempt: number,
): number | null {
  const { waitBaseMs = 200, waitCapMs = 20_000, retryAfterCapMs = 300_000 } = options;
  if (error.class !== 'retry' || options.mayRetry?.() === false) return null;
  const limitMs = Math.min(waitCapMs, waitBaseMs * 2 ** Math.min(attempt - 1, 30));
  const jitterMs = Math.floor(options.random() * limitMs);
  if (error.code === 'credential.unknownKey') {
    // Bounded by time, not by attempts; the least wait keeps the clock moving.
    const isFresh = options.clock.now() < (options.propagatesUntil ?? Number.NEGATIVE_INFINITY);
    return isFresh ? Math.max(waitBaseMs, jitterMs) : null;
  }
  if (attempt >= (options.attemptsMax ?? 6)) return null;
  return Math.max(jitterMs, Math.min(error.retryAfterMs ?? 0, retryAfterCapMs));
}
