/**
 * Reads the time forms of a SAS and of an access policy: `2026-01-15`, `2026-01-15T12:00Z`,
 * `2026-01-15T12:00:00Z` and with up to seven digits behind the second (what is below a
 * millisecond is cut off). Undefined when it is none of them.
 */
export function parseAzureInstant(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?Z)?$/.exec(text);
  if (match === null) return undefined;
  const [, day, minute = '00:00', second = '00', fraction = ''] = match;
  const milliseconds = fraction.padEnd(3, '0').slice(0, 3);
  const at = Date.parse(`${day}T${minute}:${second}.${milliseconds}Z`);
  // The 31st of June rolls over to another day: such a text is not a date.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== day) return undefined;
  return at;
}

/** `2026-01-15T12:00:00.0000000Z`, as Azure writes instants in documents. */
export function azureInstant(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '0000Z');
}

/** `2026-01-15T12:00:00Z`, as user-delegation keys are described. */
export function azureSecond(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}
