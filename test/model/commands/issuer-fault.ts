import fc from 'fast-check';
import { MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import type { FaultEffect } from '../../../sim/scenario/types.ts';
import { formatDurationOf } from '../durations.ts';
import { type ComposedCommand, command } from './command.ts';

const EFFECTS: readonly (readonly [string, FaultEffect])[] = [
  ['refuses', { kind: 'error', error: 'AccessDenied' }],
  ['is throttled', { kind: 'error', error: 'SlowDown' }],
  ['is cut off', { kind: 'reset' }],
  ...[1, 119 * SECOND_MS, 2 * MINUTE_MS, 121 * SECOND_MS, 10 * MINUTE_MS].map(
    (byMs) => [`answers ${formatDurationOf(byMs)} late`, { kind: 'delay', byMs }] as const,
  ),
  ['is down for 20m', { kind: 'down', forMs: 20 * MINUTE_MS }],
];

/** F3, F10, F28: the next calls of the storage's credential API. */
export const issuerFault: fc.Arbitrary<ComposedCommand> = fc
  .record({ effect: fc.constantFrom(...EFFECTS), repeat: fc.constantFrom(1, 1, 2, 6) })
  .map(({ effect: [text, effect], repeat }) =>
    command(`issuer(${text}${repeat === 1 ? '' : `, ${repeat} times`})`, (world) =>
      world.armFault({ site: 'issuer', storage: null, operation: null, nth: 1, repeat, effect }),
    ),
  );
