import fc from 'fast-check';
import { type ComposedCommand, command } from './command.ts';

/** C22. */
export const setEnabled: fc.Arbitrary<ComposedCommand> = fc
  .record({ tenant: fc.constantFrom('acme', 'globex'), disabled: fc.boolean() })
  .map(({ tenant, disabled }) =>
    command(`${disabled ? 'disable' : 'enable'}(${tenant})`, (world) =>
      world.setTenant(tenant, null, { disabled }),
    ),
  );
