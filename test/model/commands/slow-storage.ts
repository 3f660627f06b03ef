import fc from 'fast-check';
import { MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { formatDurationOf } from '../durations.ts';
import { type ComposedCommand, command } from './command.ts';

/** F12, F13: from now on each request takes so long, so that sessions outlive their credential. */
export const slowStorage: fc.Arbitrary<ComposedCommand> = fc
  .constantFrom(5, SECOND_MS, MINUTE_MS, 12 * MINUTE_MS)
  .map((ms) => command(`slowStorage(${formatDurationOf(ms)})`, (w) => w.storages.slowTo(ms)));
