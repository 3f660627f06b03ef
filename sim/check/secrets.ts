import type { Json, JsonObject } from '../../machines/ports/event-log.ts';
import type { Checker, Handler } from './checker.ts';

/** Shorter than any secret of a storage system. */
const SECRET_LENGTH_MIN = 24;

/** What secrets look like that name themselves; the tripwire of the log knows the others. */
const SECRET_SHAPES: readonly (readonly [string, RegExp])[] = [
  ['a SAS signature', /[?&]sig=[\w%+/-]{20,}/],
  ['a signed address', /[?&]X-(?:Amz|Goog)-(?:Signature|Security-Token)=/i],
  ['a signature in a header', /\bSignature=[0-9a-f]{40,}/i],
  ['an account key', /\bAccountKey=[\w+/=]{20,}/i],
  ['an access token', /\b(?:ya29\.|Bearer )[\w.~+/-]{20,}/],
  ['a JSON web token', /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\./],
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
];

/** A sign that one of the shapes above needs; most texts have none. */
const SIGN = /=|eyJ|ya29\.|Bearer |-----BEGIN/;

function secretIn(value: Json | undefined): string | null {
  if (typeof value === 'string') {
    if (value.length < SECRET_LENGTH_MIN || !SIGN.test(value)) return null;
    return SECRET_SHAPES.find(([, shape]) => shape.test(value))?.[0] ?? null;
  }
  if (typeof value !== 'object' || value === null) return null;
  return secretField(value as JsonObject)?.[1] ?? null;
}

/**
 * Hot: most fields are numbers and short names, and are passed over at once. Not `for … in`: V8 throws its
 * optimised code away again and again when the objects have many shapes, which made this most of a check.
 */
function secretField(data: JsonObject): readonly [string, string] | null {
  const values = Object.values(data);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    if (typeof value === 'string') {
      if (value.length < SECRET_LENGTH_MIN) continue;
    } else if (typeof value !== 'object' || value === null) continue;
    const found = secretIn(value);
    if (found !== null) return [Object.keys(data)[at] as string, found];
  }
  return null;
}

/** I64: nothing that looks like a secret stands in the log, in whichever kind of event. */
export const checkNoSecrets: Checker = {
  name: 'no-secrets',
  invariants: ['I64'],
  start: ({ witness, report }) => {
    const sawEvent = witness('I64');
    const look: Handler = (event) => {
      sawEvent();
      const found = secretField(event.data);
      if (found === null) return;
      const [field, kind] = found;
      report('I64', 'C6', `${event.type} has ${kind} in its field "${field}"`, [event]);
    };
    return { all: look };
  },
};
