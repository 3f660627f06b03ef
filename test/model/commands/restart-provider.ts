import fc from 'fast-check';
import { type ComposedCommand, command } from './command.ts';

/** F3, F4: the SP server dies and is started again from its database at once. */
export const restartProvider: fc.Arbitrary<ComposedCommand> = fc.constant(
  command('crashAndRestart(sp)', (world) => {
    world.crashProvider();
    world.restart('sp');
  }),
);
