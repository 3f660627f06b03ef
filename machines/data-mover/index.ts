export type * from './data-mover.events.ts';
export { moverInvariants, targetMoverInvariants } from './data-mover.invariants.ts';
export { sourceMoverMachine } from './source-mover.machine.ts';
export { targetMoverMachine } from './target-mover.machine.ts';
