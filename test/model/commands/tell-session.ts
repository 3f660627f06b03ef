import fc from 'fast-check';
import { type ComposedCommand, command } from './command.ts';

/** What the user of a tenant does to one of its running sessions. */
export const tellSession: fc.Arbitrary<ComposedCommand> = fc
  .record({
    index: fc.nat(3),
    wish: fc.constantFrom('pause' as const, 'continue' as const, 'cancel' as const),
  })
  .map(({ index, wish }) =>
    command(`${wish}(#${index})`, (world) => {
      const { running } = world;
      const session = running[index % Math.max(1, running.length)];
      if (session === undefined) return;
      world.installation.tenant(session.tenant)?.session(session.job.id)?.[wish]();
    }),
  );
