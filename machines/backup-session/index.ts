export type * from './backup-session.events.ts';
export { sessionInvariants } from './backup-session.invariants.ts';
export { backupSessionMachine } from './backup-session.machine.ts';
