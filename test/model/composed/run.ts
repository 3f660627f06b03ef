import fc from 'fast-check';
import type { ComposedCommand } from '../commands/index.ts';
import { recover } from './health.ts';
import { ComposedWorld } from './world.ts';

/** One drawn run with its healthy phase; throws at the first broken rule. */
export async function runComposed(commands: Iterable<ComposedCommand>): Promise<ComposedWorld> {
  const world = await ComposedWorld.start();
  try {
    await fc.asyncModelRun(() => ({ model: {}, real: world }), commands);
    await recover(world);
  } finally {
    world.installation.killAll();
  }
  return world;
}
