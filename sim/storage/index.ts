export type { IdentityOptions, RoleOptions } from './access/accounts.ts';
export type { RecordedDecision } from './access/decision-log.ts';
export {
  type PolicyDocument,
  PolicyError,
  type PolicyStatement,
} from './access/policy-document.ts';
export type { StateLocation } from './core/open-state.ts';
export { StateError, type StateErrorCode } from './core/state-directory.ts';
export {
  createFaultTable,
  type FaultCount,
  type FaultRule,
  type FaultTable,
} from './faults/fault-table.ts';
export {
  type RequestRecord,
  type RunningStorage,
  StartError,
  type StorageOptions,
} from './options.ts';
export { startStorage } from './start.ts';
