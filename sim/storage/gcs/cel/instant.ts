const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Epoch ms (with a fraction, where it is finer) of an instant of RFC 3339; else undefined. */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as number[];
  const base = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
  // A 13th month or a 60th second would roll over into another instant.
  const isExact = new Date(base).toISOString().slice(0, 19) === text.slice(0, 19);
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  if (!isExact || offsetHours > 23 || offsetMinutes > 59) return undefined;
  const fractionMs = match[7] === undefined ? 0 : Number(`0.${match[7]}`) * 1000;
  const offsetMs = (offsetHours * 60 + offsetMinutes) * 60_000 * (match[8] === '-' ? -1 : 1);
  return base + fractionMs - offsetMs;
}
