const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Epoch nanoseconds, the unit of CEL, of an instant of RFC 3339; undefined when it is none. */
export function parseInstant(text: string): bigint | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as number[];
  const base = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
  // A 13th month or a 60th second would roll over into another instant.
  const isExact = new Date(base).toISOString().slice(0, 19) === text.slice(0, 19);
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  if (!isExact || offsetHours > 23 || offsetMinutes > 59) return undefined;
  const fraction = BigInt((match[7] ?? '').padEnd(9, '0'));
  const offsetMs = (offsetHours * 60 + offsetMinutes) * 60_000 * (match[8] === '-' ? -1 : 1);
  return nanoseconds(base - offsetMs) + fraction;
}

/** Whole epoch ms as nanoseconds. */
export function nanoseconds(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}
