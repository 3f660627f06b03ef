import fc from 'fast-check';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import { formatDurationOf } from '../durations.ts';
import { type ComposedCommand, command } from './command.ts';

/** F7: every host stands still for so long, and what was due meanwhile comes late. */
export const suspend: fc.Arbitrary<ComposedCommand> = fc
  .constantFrom(MINUTE_MS, HOUR_MS, 14 * DAY_MS)
  .map((ms) =>
    command(`suspend(${formatDurationOf(ms)})`, (world) => world.jumpTo(world.clock.now() + ms)),
  );
