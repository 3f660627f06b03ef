import type fc from 'fast-check';
import type { ComposedWorld } from '../composed/world.ts';

/** There is no second model: the checkers of the product judge every step. */
export type NoModel = Record<string, never>;
export type ComposedCommand = fc.AsyncCommand<NoModel, ComposedWorld>;

/** A step of a run; one that cannot be taken in its place does nothing, so that shrinking is free. */
export function command(
  text: string,
  run: (world: ComposedWorld) => void | Promise<void>,
): ComposedCommand {
  return {
    check: () => true,
    run: async (_model, world) => {
      await run(world);
      await world.rest();
      world.assertSilent();
    },
    toString: () => text,
  };
}
