export type * from './control-connection.events.ts';
export { connectionInvariants } from './control-connection.invariants.ts';
export { controlConnectionMachine } from './control-connection.machine.ts';
