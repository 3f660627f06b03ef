import fc from 'fast-check';
import { type ComposedCommand, command } from './command.ts';

/** Starts again what has crashed; a host or a gateway waits for its SP by itself. */
export const restart: fc.Arbitrary<ComposedCommand> = fc
  .constantFrom('sp', 'gateway', 'hosts', 'tenants', 'all')
  .map((what) => command(`restart(${what})`, (world) => world.restart(what)));
