import fc from 'fast-check';
import { type ComposedCommand, command } from './command.ts';

/** F1 to F6: a process of a server dies where it stands; a `restart` may bring it back. */
export const crash: fc.Arbitrary<ComposedCommand> = fc.oneof(
  fc.constant(command('crash(sp)', (world) => world.crashProvider())),
  fc.constant(command('crash(gateway)', (world) => world.installation.killGateway())),
  fc.constant(
    command('crash(hosts)', ({ installation }) => {
      for (const name of installation.hostNames()) installation.killHost(name);
    }),
  ),
  fc
    .constantFrom('acme', 'globex')
    .map((tenant) => command(`crash(${tenant})`, (world) => world.crashTenant(tenant))),
);
