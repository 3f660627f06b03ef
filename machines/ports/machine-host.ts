import {
  type ActorOptions,
  type AnyEventObject,
  type AnyStateMachine,
  createActor,
  type EmittedFrom,
  type EventFromLogic,
  type InputFrom,
  type Snapshot,
  type SnapshotFrom,
} from 'xstate';
import type { EpochMs } from '../rules/time.ts';
import type { CancelWakeUp, Clock } from './clock.ts';

/**
 * The deadlines of a machine: absolute instants in its context, by name; `null` when not set. The
 * host keeps one wake-up for each and sends `alarm.<name>` when it is due. Because a wake-up is
 * derived from the context after every step, a restored machine is armed again by construction:
 * nothing has to be re-armed by hand (XState loses `after` timers on restore).
 */
export type Deadlines = Readonly<Record<string, EpochMs | null>>;

type Fact<Machine extends AnyStateMachine> =
  EventFromLogic<Machine> extends infer Event
    ? Event extends { at: EpochMs }
      ? Omit<Event, 'at'>
      : never
    : never;

export interface HostedMachine<Machine extends AnyStateMachine> {
  /** Stamps the fact with `at` from the host's clock and hands it to the machine. */
  send(fact: Fact<Machine>): void;
  snapshot(): SnapshotFrom<Machine>;
  /** Plain JSON: state and context. Restore it with `snapshot` of `HostOptions`. */
  persist(): Snapshot<unknown>;
  /** Takes the machine away without a word to anybody, as a crash would. */
  stop(): void;
}

export interface HostOptions<Machine extends AnyStateMachine> {
  readonly machine: Machine;
  readonly clock: Clock;
  /** `startedAt` comes from the host's clock: the first state may set deadlines too. */
  readonly input: Omit<InputFrom<Machine>, 'startedAt'>;
  readonly snapshot?: Snapshot<unknown>;
  /** The one seam between a machine and the world: every request that it makes. */
  readonly onRequest: (request: EmittedFrom<Machine>) => void;
  readonly onTransition?: (snapshot: SnapshotFrom<Machine>) => void;
  /** A slip in the protocol (an unknown event) or in the program. The machine is dead. */
  readonly onError: (error: unknown) => void;
}

/** Runs one machine on one clock (architecture, decisions 1 and 9). */
export function hostMachine<Machine extends AnyStateMachine>(
  options: HostOptions<Machine>,
): HostedMachine<Machine> {
  const { machine, clock } = options;
  const actorOptions = {
    input: { ...options.input, startedAt: clock.now() },
    ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
  } as unknown as ActorOptions<Machine>;
  const actor = createActor(machine, actorOptions);
  const wakeUps = new Map<string, { dueAt: EpochMs; cancel: CancelWakeUp }>();
  let isStopped = false;

  const sendStamped = (fact: { readonly type: string }): void => {
    if (isStopped) return;
    actor.send({ ...fact, at: clock.now() } as AnyEventObject as EventFromLogic<Machine>);
  };

  const disarm = (name: string): void => {
    wakeUps.get(name)?.cancel();
    wakeUps.delete(name);
  };

  const armAll = (deadlines: Deadlines): void => {
    for (const name of [...wakeUps.keys()]) {
      if ((deadlines[name] ?? null) === null) disarm(name);
    }
    for (const [name, dueAt] of Object.entries(deadlines)) {
      if (dueAt === null || wakeUps.get(name)?.dueAt === dueAt) continue;
      disarm(name);
      const wake = (): void => {
        wakeUps.delete(name);
        sendStamped({ type: `alarm.${name}` });
      };
      wakeUps.set(name, { dueAt, cancel: clock.wakeAt(dueAt, wake) });
    }
  };

  const stop = (): void => {
    if (isStopped) return;
    isStopped = true;
    for (const name of [...wakeUps.keys()]) disarm(name);
    actor.stop();
  };

  actor.on('*', (request) => options.onRequest(request as EmittedFrom<Machine>));
  actor.subscribe({
    next: (snapshot) => {
      const { context, status } = snapshot as {
        context: { deadlines?: Deadlines };
        status: string;
      };
      armAll(status === 'active' ? (context.deadlines ?? {}) : {});
      options.onTransition?.(snapshot as SnapshotFrom<Machine>);
    },
    error: (error) => {
      stop();
      options.onError(error);
    },
  });
  actor.start();
  const first = actor.getSnapshot() as { context: { deadlines?: Deadlines }; status: string };
  if (first.status === 'active') armAll(first.context.deadlines ?? {});

  return {
    send: sendStamped as HostedMachine<Machine>['send'],
    snapshot: () => actor.getSnapshot() as SnapshotFrom<Machine>,
    persist: () => actor.getPersistedSnapshot(),
    stop,
  };
}
