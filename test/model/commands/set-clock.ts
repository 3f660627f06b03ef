import fc from 'fast-check';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { formatDurationOf } from '../durations.ts';
import { type ComposedCommand, command } from './command.ts';

/** A storage refuses to talk to a host whose clock is more wrong than this (F17). */
const SP_AHEAD = [0, 1, -1, 30 * SECOND_MS, -30 * SECOND_MS, 14 * MINUTE_MS, -14 * MINUTE_MS];
/** F14. */
const TENANT_AHEAD = [0, 1, -1, MINUTE_MS, -MINUTE_MS, 26 * HOUR_MS, -26 * HOUR_MS];
/** `globex` also uses credentials that live an hour. */
const GLOBEX_AHEAD = [0, 1, -1, MINUTE_MS, -MINUTE_MS];

/** Somebody sets the clock of one side: it goes ahead of the true time by so much, or behind. */
export const setClock: fc.Arbitrary<ComposedCommand> = fc.oneof(
  fc.constantFrom(...SP_AHEAD).map((ms) =>
    command(`setClock(sp, ${formatDurationOf(ms)})`, (world) => {
      // Between a call and its answer a clock that is set back would make a longer life (I78).
      if (!world.storages.isIssuing) world.providerClock.setAhead(ms);
    }),
  ),
  ...(
    [
      ['acme', TENANT_AHEAD],
      ['globex', GLOBEX_AHEAD],
    ] as const
  ).map(([tenant, ahead]) =>
    fc
      .constantFrom(...ahead)
      .map((ms) =>
        command(`setClock(${tenant}, ${formatDurationOf(ms)})`, (world) =>
          world.tenantClock(tenant).setAhead(ms),
        ),
      ),
  ),
);
