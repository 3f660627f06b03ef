export type * from './control-connection.events.ts';
export { controlConnectionMachine } from './control-connection.machine.ts';
