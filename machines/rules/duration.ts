import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './time.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};

export type DurationResult =
  | { readonly ok: true; readonly ms: number }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads durations such as `13d1h`, `90m`, `1d 2h 3m 4s 5ms` (units w d h m s ms, largest first,
 * each at most once). A bare number has no unit and is refused: `13` could mean anything.
 */
export function parseDuration(text: string): DurationResult {
  const wanted = `write it like 13d1h, 90m or 250ms (units: ${Object.keys(UNIT_MS).join(', ')})`;
  const trimmed = text.trim();
  if (trimmed === '') return { ok: false, problem: `a duration is missing: ${wanted}` };
  if (/^[+-]?\d+(\.\d+)?$/.test(trimmed)) {
    return { ok: false, problem: `"${trimmed}" has no unit: ${wanted}` };
  }
  if (!/^(\d+\s*[a-z]+\s*)+$/.test(trimmed)) {
    return { ok: false, problem: `"${trimmed}" is not a duration: ${wanted}` };
  }
  let totalMs = 0;
  let previousUnitMs = Number.POSITIVE_INFINITY;
  for (const [, digits, unit] of trimmed.matchAll(/(\d+)\s*([a-z]+)/g)) {
    const unitMs = UNIT_MS[unit ?? ''];
    if (unitMs === undefined) {
      return { ok: false, problem: `"${unit}" is not a unit in "${trimmed}": ${wanted}` };
    }
    if (unitMs >= previousUnitMs) {
      return { ok: false, problem: `the units of "${trimmed}" must fall: ${wanted}` };
    }
    previousUnitMs = unitMs;
    totalMs += Number(digits) * unitMs;
  }
  if (!Number.isSafeInteger(totalMs)) {
    return { ok: false, problem: `"${trimmed}" is too long to count in milliseconds` };
  }
  return { ok: true, ms: totalMs };
}

/** `13d 1h`, `24h 00m`, `250ms`: exact, zero units left out, a leading minus below zero. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0ms';
  const parts: string[] = [];
  let rest = Math.abs(ms);
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const unitMs = UNIT_MS[unit] as number;
    const count = Math.floor(rest / unitMs);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * unitMs;
  }
  return (ms < 0 ? '-' : '') + parts.join(' ');
}
