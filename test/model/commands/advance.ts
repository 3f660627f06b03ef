import fc from 'fast-check';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { formatDurationOf } from '../durations.ts';
import { type ComposedCommand, command } from './command.ts';

export const advance: fc.Arbitrary<ComposedCommand> = fc
  .constantFrom(1, 5, SECOND_MS, MINUTE_MS, 5 * MINUTE_MS, HOUR_MS, 26 * HOUR_MS, 13 * DAY_MS)
  .map((ms) =>
    command(`advance(${formatDurationOf(ms)})`, (world) => world.moveTo(world.clock.now() + ms)),
  );
