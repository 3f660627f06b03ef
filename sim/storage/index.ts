export type { RoleOptions } from './access/accounts.ts';
export type { RecordedDecision } from './access/decision-log.ts';
export {
  type PolicyDocument,
  PolicyError,
  type PolicyStatement,
} from './access/policy-document.ts';
export type { IdentityOptions } from './access/users.ts';
export { startControl } from './control/control-server.ts';
export { EndpointFolder, findControl } from './control/endpoint-folder.ts';
export { type ClockCommand, MovableClock } from './control/movable-clock.ts';
export { type ExplainedRequest, explainRequest, RequestLog } from './control/request-log.ts';
export type { StateLocation } from './core/open-state.ts';
export { StateError, type StateErrorCode } from './core/state-directory.ts';
export {
  FAMILIES,
  FAMILY_KINDS,
  type FamilyKind,
  type FamilyOptions,
  FamilyRefusal,
  type RunningFamily,
} from './families.ts';
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
export { PROFILE_NAMES, PROFILES, type ProfileName, type StorageProfile } from './profiles.ts';
export { shellWord } from './shell-word.ts';
export { startStorage } from './start.ts';
export type { RequestNotes } from './wire/exchange.ts';
