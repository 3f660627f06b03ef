import fc from 'fast-check';
import { type ComposedCommand, command } from './command.ts';

/** F5: whoever speaks through the cloud gateway has to connect again (C2's moment). */
export const dropConnections: fc.Arbitrary<ComposedCommand> = fc.constant(
  command('dropConnections()', (world) => world.installation.dropConnections()),
);
