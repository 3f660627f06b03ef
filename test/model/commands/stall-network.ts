import fc from 'fast-check';
import { MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { formatDurationOf } from '../durations.ts';
import { type ComposedCommand, command } from './command.ts';

/** F8, F11: nothing gets through for so long; who is tired of waiting connects again. */
export const stallNetwork: fc.Arbitrary<ComposedCommand> = fc
  .constantFrom(SECOND_MS, 3 * MINUTE_MS, 31 * MINUTE_MS)
  .map((ms) => command(`stall(${formatDurationOf(ms)})`, (world) => world.network.stall(ms)));
