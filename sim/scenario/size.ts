const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_000,
  MB: 1_000 ** 2,
  GB: 1_000 ** 3,
  TB: 1_000 ** 4,
  KIB: 1_024,
  MIB: 1_024 ** 2,
  GIB: 1_024 ** 3,
  TIB: 1_024 ** 4,
};

const WANTED = 'write it like 10GiB, 64KiB or 500MB';

export type SizeResult =
  | { readonly ok: true; readonly bytes: number }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads sizes such as `10GiB`, `1.5 MiB`, `500MB`, `0B` into whole bytes. A bare number is refused
 * as it is in durations: `10` could mean anything.
 */
export function parseSize(text: string): SizeResult {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: false, problem: `a size is missing: ${WANTED}` };
  if (/^[+-]?\d+(\.\d+)?$/.test(trimmed)) {
    return { ok: false, problem: `"${trimmed}" has no unit: ${WANTED}` };
  }
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(trimmed);
  if (match === null) return { ok: false, problem: `"${trimmed}" is not a size: ${WANTED}` };
  const unitBytes = UNIT_BYTES[(match[2] ?? '').toUpperCase()];
  if (unitBytes === undefined) {
    return {
      ok: false,
      problem: `"${match[2]}" is not a unit of size in "${trimmed}": ${WANTED}`,
    };
  }
  const bytes = Number(match[1]) * unitBytes;
  if (!Number.isSafeInteger(bytes)) {
    return {
      ok: false,
      problem: `"${trimmed}" is not a whole number of bytes that can be counted`,
    };
  }
  return { ok: true, bytes };
}

/** `0 B`, `512 B`, `1.5 MiB`, `10 GiB`: for people, at most three digits after rounding down. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const digits = Number.isInteger(value) || value >= 100 ? 0 : 1;
  return `${(Math.floor(value * 10 ** digits) / 10 ** digits).toFixed(digits)} ${units[unit]}`;
}
