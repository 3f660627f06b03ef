export type * from './credential-lifecycle.events.ts';
export { lifecycleInvariants } from './credential-lifecycle.invariants.ts';
export { credentialLifecycleMachine } from './credential-lifecycle.machine.ts';
