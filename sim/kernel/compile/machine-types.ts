import type {
  HostedMachine,
  HostOptions,
  hostMachine,
} from '../../../machines/ports/machine-host.ts';

/** Any XState machine, as the host of `machines/ports` takes it. */
export type AnyMachine = Parameters<typeof hostMachine>[0]['machine'];
/** A state of a machine as XState has read it: targets resolved, lists made of single values. */
export type StateNode = AnyMachine['root'];
export type TransitionDefinition = NonNullable<StateNode['always']>[number];

type SnapshotOf<Machine extends AnyMachine> = ReturnType<HostedMachine<Machine>['snapshot']>;

export type ContextOf<Machine extends AnyMachine> =
  SnapshotOf<Machine> extends { readonly context: infer Context } ? Context : never;
export type EventOf<Machine extends AnyMachine> = Parameters<Machine['transition']>[1];
export type RequestOf<Machine extends AnyMachine> = Parameters<
  HostOptions<Machine>['onRequest']
>[0];
/** Everything that the machine takes at its start, `startedAt` included where it has one. */
export type InputOf<Machine extends AnyMachine> = NonNullable<
  Parameters<Machine['getInitialSnapshot']>[1]
>;
/** As the host takes it: `startedAt` is filled in. */
export type HostInputOf<Machine extends AnyMachine> = HostOptions<Machine>['input'];
export type OutputOf<Machine extends AnyMachine> =
  SnapshotOf<Machine> extends { readonly output: infer Output } ? Output : never;
export type PersistedSnapshot = ReturnType<HostedMachine<AnyMachine>['persist']>;

/** What XState calls: every function of a machine gets one object, and parameters if it has any. */
export type MachineFunction = (given: unknown, params: unknown) => unknown;
export type AnyEvent = { readonly type: string };
