export type * from './credential-lifecycle.events.ts';
export { credentialLifecycleMachine } from './credential-lifecycle.machine.ts';
