/** Instants are epoch milliseconds everywhere inside; these are their texts on the wire. */

/** `2026-11-22T15:22:08.000Z`, as S3 and STS write instants in XML. */
export function isoInstant(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** `2026-11-22T15:22:08Z`, as STS writes the end of a session. Cut down to whole seconds. */
export function isoSeconds(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** `Sun, 22 Nov 2026 15:22:08 GMT`, for HTTP headers. */
export function httpDate(atMs: number): string {
  return new Date(atMs).toUTCString();
}

/** Parses an HTTP date; undefined when it is none. */
export function parseHttpDate(text: string): number | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** Parses `20261122T152208Z`, the date form of Signature Version 4; undefined when it is none. */
export function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const at = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
  // A 13th month or a 31st of June would roll over to another day: such a text is not a date.
  return amzDate(at) === text ? at : undefined;
}

/** `20261122T152208Z`. */
export function amzDate(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}
