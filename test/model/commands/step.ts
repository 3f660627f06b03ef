import fc from 'fast-check';
import { type ComposedCommand, command } from './command.ts';

/** A place between two messages, or in the middle of a request. */
export const step: fc.Arbitrary<ComposedCommand> = fc
  .integer({ min: 1, max: 120 })
  .map((count) => command(`step(${count})`, (world) => world.step(count)));
