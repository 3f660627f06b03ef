import fc from 'fast-check';
import { type ComposedCommand, command } from './command.ts';

/** X5. */
export const setMaintenance: fc.Arbitrary<ComposedCommand> = fc
  .boolean()
  .map((isOn) =>
    command(`maintenance(${isOn ? 'on' : 'off'})`, (world) =>
      world.installation.setMaintenance(isOn),
    ),
  );
