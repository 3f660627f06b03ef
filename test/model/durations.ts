import { formatDuration } from '../../machines/rules/duration.ts';

export { DAY_MS, HOUR_MS, MINUTE_MS } from '../../machines/rules/time.ts';

/** `+26h`, `-1m`, `0ms`: for the names of commands. */
export function formatDurationOf(ms: number): string {
  return `${ms > 0 ? '+' : ''}${formatDuration(ms)}`;
}
