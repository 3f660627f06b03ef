import { formatDuration } from '../../../machines/rules/duration.ts';
import { type EpochMs, formatInstant, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** `12,345`: the same on every machine, whatever its language. */
export function formatCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** `1.5 TiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < SIZES.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const text = unit === 0 || value >= 100 ? formatCount(value) : value.toFixed(1);
  return `${text} ${SIZES[unit]}`;
}

/** Bytes in an hour as the bandwidth that they need on average: `1.2 Gbit/s`. */
export function formatHourlyRate(bytesPerHour: number): string {
  const bits = (bytesPerHour * 8) / 3_600;
  for (const [unit, size] of [
    ['Gbit/s', 1e9],
    ['Mbit/s', 1e6],
    ['kbit/s', 1e3],
  ] as const) {
    if (bits >= size) return `${(bits / size).toFixed(1)} ${unit}`;
  }
  return `${Math.round(bits)} bit/s`;
}

/** Rounded to what is worth reading: `13d 4h`, `2h 5m`, `40s`. */
export function formatSpan(ms: number): string {
  const size = Math.abs(ms);
  const grain = size >= DAY_MS ? 60 * MINUTE_MS : size >= 60 * MINUTE_MS ? MINUTE_MS : SECOND_MS;
  const rounded = size < SECOND_MS ? size : Math.floor(size / grain) * grain;
  return formatDuration(ms < 0 ? -rounded : rounded);
}

/** `day 13 (Sun) 22:00`, counted from the first day of the run. */
export function formatDay(at: EpochMs, startAt: EpochMs): string {
  const day = Math.floor((at - startAt) / DAY_MS);
  const weekday = DAYS[(Math.floor(at / DAY_MS) + 3) % 7];
  return `day ${day} (${weekday}) ${formatInstant(at).slice(11, 16)}`;
}

export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '0 %';
  const share = (part / whole) * 100;
  return `${share > 0 && share < 0.1 ? '<0.1' : share.toFixed(1)} %`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
