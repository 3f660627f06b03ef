import fc from 'fast-check';
import { HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import type { FaultEffect } from '../../../sim/scenario/types.ts';
import { formatDurationOf } from '../durations.ts';
import { type ComposedCommand, command } from './command.ts';

const OPERATIONS = ['PutObject', 'GetObject', 'ListObjectsV2', 'DeleteObjects'] as const;
const EFFECTS: readonly (readonly [string, FaultEffect])[] = [
  ['denies', { kind: 'error', error: 'AccessDenied' }],
  ['says expired', { kind: 'error', error: 'ExpiredToken' }],
  ['does not know the key', { kind: 'error', error: 'InvalidAccessKeyId' }],
  ['is throttled', { kind: 'error', error: 'SlowDown' }],
  ['is cut off', { kind: 'reset' }],
  ['flips a bit', { kind: 'corruptBody' }],
  ...[MINUTE_MS, 6 * MINUTE_MS, HOUR_MS].map(
    (byMs) => [`answers ${formatDurationOf(byMs)} late`, { kind: 'delay', byMs }] as const,
  ),
  ['is down for 5m', { kind: 'down', forMs: 5 * MINUTE_MS }],
];

/** F9, F13, F23, F27, F29 to F31: what the storage does to requests of movers. */
export const storageFault: fc.Arbitrary<ComposedCommand> = fc
  .record({
    operation: fc.constantFrom(null, ...OPERATIONS),
    effect: fc.constantFrom(...EFFECTS),
    nth: fc.constantFrom(1, 1, 2, 5),
    repeat: fc.constantFrom(1, 1, 3, 30),
  })
  .map(({ operation, effect: [text, effect], nth, repeat }) => {
    const which = `${operation ?? 'any request'} #${nth}${repeat === 1 ? '' : ` to #${nth + repeat - 1}`}`;
    return command(`storage(${text}, ${which})`, (world) =>
      world.armFault({ site: 'storage', storage: null, operation, nth, repeat, effect }),
    );
  });
