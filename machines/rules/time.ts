/** An instant: whole milliseconds since 1970-01-01T00:00:00Z on the clock of whoever reports it. */
export type EpochMs = number;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** `2026-11-22T15:14:47.000Z`: how every instant is shown to people. */
export function formatInstant(at: EpochMs): string {
  return new Date(at).toISOString();
}
