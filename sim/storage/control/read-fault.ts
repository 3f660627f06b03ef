import type { FaultRule } from '../faults/fault-table.ts';

const KINDS = [
  'error',
  'reset',
  'corruptBody',
  'delayKeyPropagation',
  'delay',
  'skewClock',
] as const;
const DAY_MS = 86_400_000;

/** The members that each kind of fault has besides its timing. */
const MEMBERS: Readonly<Record<(typeof KINDS)[number], readonly string[]>> = {
  error: ['code', 'status', 'message', 'retryAfterSeconds'],
  reset: ['when'],
  corruptBody: [],
  delayKeyPropagation: ['ms'],
  delay: ['ms'],
  skewClock: ['ms'],
};
const TIMING = ['kind', 'operation', 'keyPrefix', 'nth', 'repeat'];

/** Reads a fault rule from JSON; throws RangeError with a sentence on what is wrong. */
export function readFault(value: unknown): FaultRule {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RangeError('a fault is an object');
  }
  const given = value as Readonly<Record<string, unknown>>;
  const kind = KINDS.find((one) => one === given.kind);
  if (kind === undefined) throw new RangeError(`kind must be one of ${KINDS.join(', ')}`);
  const known = [...TIMING, ...MEMBERS[kind]];
  const stranger = Object.keys(given).find((name) => !known.includes(name));
  if (stranger !== undefined) throw new RangeError(`${stranger} is no part of the fault ${kind}`);
  const repeat = integer(given, 'repeat', 1, Number.MAX_SAFE_INTEGER);
  const operation = text(given, 'operation');
  const keyPrefix = text(given, 'keyPrefix');
  const timing = {
    nth: integer(given, 'nth', 1, Number.MAX_SAFE_INTEGER) ?? 1,
    ...(repeat === undefined ? {} : { repeat }),
    ...(operation === undefined ? {} : { operation }),
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
  };
  if (kind === 'error') return { ...readError(given), ...timing };
  if (kind === 'reset') return { ...timing, kind, when: readWhen(given) };
  if (kind === 'corruptBody') return { ...timing, kind };
  const isSkew = kind === 'skewClock';
  const longestMs = (isSkew ? 36_500 : kind === 'delay' ? 1 : 365) * DAY_MS;
  const ms = integer(given, 'ms', isSkew ? -longestMs : 0, longestMs);
  if (ms === undefined) throw new RangeError(`ms is missing: how long the ${kind} is`);
  return { ...timing, kind, ms };
}

function readError(
  given: Readonly<Record<string, unknown>>,
): Extract<FaultRule, { kind: 'error' }> {
  const code = text(given, 'code') ?? 'SlowDown';
  if (!/^[A-Za-z][A-Za-z0-9.]{0,99}$/.test(code)) throw new RangeError('code is no error code');
  const status = integer(given, 'status', 400, 599) ?? 503;
  const message = text(given, 'message');
  const retryAfterSeconds = integer(given, 'retryAfterSeconds', 0, 86_400);
  return {
    kind: 'error',
    nth: 1,
    code,
    status,
    ...(message === undefined ? {} : { message }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}

function readWhen(given: Readonly<Record<string, unknown>>): 'before' | 'after' {
  const when = given.when ?? 'before';
  if (when === 'before' || when === 'after') return when;
  throw new RangeError('when must be before or after');
}

function text(given: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = given[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length > 1024) throw new RangeError(`${name} is no text`);
  return value;
}

function integer(
  given: Readonly<Record<string, unknown>>,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const value = given[name];
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number;
  }
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}`);
}
