export type * from './backup-session.events.ts';
export { backupSessionMachine } from './backup-session.machine.ts';
