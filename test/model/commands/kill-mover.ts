import fc from 'fast-check';
import { type ComposedCommand, command } from './command.ts';

/** F1, F2: one mover of a session that goes on. */
export const killMover: fc.Arbitrary<ComposedCommand> = fc
  .record({ index: fc.nat(3), role: fc.constantFrom('source' as const, 'target' as const) })
  .map(({ index, role }) =>
    command(`killMover(#${index}, ${role})`, (world) => {
      const { running } = world;
      const session = running[index % Math.max(1, running.length)];
      if (session !== undefined) world.installation.killMover(session.job.id, role);
    }),
  );
