import fc from 'fast-check';
import type { Json, LogEvent } from '../../machines/ports/event-log.ts';
import { recordedEvents } from './recorded-run.ts';

const TYPES = [...new Set(recordedEvents().map(({ type }) => type))];
const MORE_TYPES = [
  'route.refused',
  'session.refused',
  'mover.exited',
  'credential.revoked',
  'credential.refused',
  'credential.issueFailed',
  'fault.fired',
  'channel.down',
  '__proto__',
  'constructor',
];
const KEYS = [...new Set(recordedEvents().flatMap(({ data }) => Object.keys(data)))];

const value = (): fc.Arbitrary<Json> =>
  fc.oneof(
    fc.jsonValue() as fc.Arbitrary<Json>,
    fc.double(),
    fc.constantFrom<Json>(Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 8.64e15, 2 ** 60),
    fc.string({ unit: 'binary' }),
    fc.constantFrom<Json>(
      'acme',
      'vault-direct',
      'direct',
      'gateway',
      'limited',
      'renew',
      'failed',
    ),
  );

/** Any event: known or not, with whatever in its fields, at any time. */
export function anyEvent(): fc.Arbitrary<LogEvent> {
  return fc.record({
    seq: fc.nat(),
    at: fc.oneof(fc.nat(), fc.double(), fc.constantFrom(Number.NaN, 8.64e15 + 1)),
    node: fc.string(),
    type: fc.oneof(fc.constantFrom(...TYPES, ...MORE_TYPES), fc.string()),
    session: fc.oneof(
      fc.constantFrom(null, 's1', 's2', '__proto__'),
      fc.string({ unit: 'binary' }),
    ),
    data: fc.dictionary(fc.constantFrom(...KEYS, 'toString'), value()),
  });
}
