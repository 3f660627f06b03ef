import {
  type ConnectionInput,
  controlConnectionMachine,
} from '../../../machines/control-connection/index.ts';
import {
  credentialLifecycleMachine,
  type LifecycleInput,
} from '../../../machines/credential-lifecycle/index.ts';
import { hostMachine } from '../../../machines/ports/machine-host.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import {
  compileMachine,
  TableHost,
  type Timeline,
  type TimerBank,
} from '../../../sim/kernel/compile/index.ts';

export const CONNECTION_INPUT: ConnectionInput = {
  handshakeTimeoutMs: 10 * SECOND_MS,
  heartbeatMs: 30 * SECOND_MS,
  silenceMs: 90 * SECOND_MS,
  backoffFirstMs: SECOND_MS,
  backoffCapMs: MINUTE_MS,
};

/** C1, C2, C18: 14 days, renewed below 24 hours. */
export const SCOPE_INPUT: LifecycleInput = {
  settings: {
    scopeId: 'acme/vault-direct',
    lifetimeMs: 14 * DAY_MS,
    renewBelowMs: 24 * HOUR_MS,
    includesLine: false,
    checkedAt: 'connect',
    checkClock: 'tenant',
    strictRenewal: false,
    generationsMax: 2,
    issueTimeoutMs: MINUTE_MS,
    issueAttemptsMax: 3,
    retryFirstMs: 1_000,
    retryCapMs: 10 * MINUTE_MS,
    revokeAttemptsMax: 3,
  },
  current: null,
  older: [],
  lastGeneration: 0,
};

type Answer = { readonly type: string };
/** `null`: nobody answers this. */
type Respond = (request: { readonly type: string }, at: number) => Answer | null;

/** One kind of machine, by number; the same for XState actors and for tables. */
export interface Fleet {
  start(): number;
  send(machine: number, event: { readonly type: string; readonly at: number }): void;
}
type CreateFleet = (
  kind: 'connection' | 'scope',
  timeline: Timeline,
  onRequest: (machine: number, request: { readonly type: string }) => void,
) => Fleet;

const MACHINES = {
  connection: controlConnectionMachine,
  scope: credentialLifecycleMachine,
} as const;
const INPUTS = { connection: CONNECTION_INPUT, scope: SCOPE_INPUT } as const;
const onError = (error: unknown): never => {
  throw error;
};

export const createActors: CreateFleet = (kind, timeline, onRequest) => {
  const hosts: { send(fact: never): void }[] = [];
  return {
    start: () => {
      const machine = hosts.length;
      const options = {
        machine: MACHINES[kind],
        clock: timeline,
        input: INPUTS[kind],
        onRequest: (request: { readonly type: string }) => onRequest(machine, request),
        onError,
      };
      hosts.push(hostMachine(options as never));
      return machine;
    },
    send: (machine, event) => hosts[machine]?.send(event as never),
  };
};

const PROGRAMS = {
  connection: compileMachine(controlConnectionMachine),
  scope: compileMachine(credentialLifecycleMachine),
} as const;

export const createTables: CreateFleet = (kind, timeline, onRequest) => {
  const host = new TableHost<typeof controlConnectionMachine>({
    program: PROGRAMS[kind] as never,
    timeline,
    onRequest,
    onError: (_, error) => onError(error),
  });
  return {
    start: () => host.startWith(INPUTS[kind] as never),
    send: (machine, event) => host.send(machine, event as never),
  };
};

const ANSWER_MS = 10;
const REQUEST_EVERY_MS = 12 * HOUR_MS;

/** Machines of one kind with somebody who answers; at most one answer is on its way to each. */
class Answered {
  readonly fleet: Fleet;
  readonly #timeline: Timeline;
  readonly #answers: Answer[] = [];
  readonly #timers: TimerBank;
  readonly #respond: Respond;

  constructor(
    create: CreateFleet,
    kind: 'connection' | 'scope',
    timeline: Timeline,
    respond: Respond,
  ) {
    this.#timeline = timeline;
    this.#respond = respond;
    this.#timers = timeline.createBank((machine) => {
      this.fleet.send(machine, { ...(this.#answers[machine] as Answer), at: timeline.now() });
    });
    this.fleet = create(kind, timeline, (machine, request) => this.#answer(machine, request));
  }

  #answer(machine: number, request: { readonly type: string }): void {
    const answer = this.#respond(request, this.#timeline.now());
    if (answer === null) return;
    this.#answers[machine] = answer;
    this.#timers.set(machine, this.#timeline.now() + ANSWER_MS);
  }
}

const CONNECTION_ANSWERS: Readonly<Record<string, Answer>> = {
  'link.open': { type: 'link.opened' },
  'hello.send': { type: 'hello.accepted' },
  'heartbeat.send': { type: 'peer.heard' },
};

const respondToScope: Respond = (request, at) => {
  const { type, generation, lifetimeMs } = request as {
    readonly type: string;
    readonly generation: number;
    readonly lifetimeMs: number;
  };
  if (type === 'records.recordIntent') return { type: 'intent.saved', generation } as Answer;
  if (type === 'records.save') return { type: 'credential.saved', generation } as Answer;
  if (type !== 'issuer.issue') return null;
  return { type: 'issuer.issued', generation, expiresAt: at + lifetimeMs } as Answer;
};

/** Tenants with a connection that is kept alive and a scope that is asked twice a day. */
export class TenantWorld {
  readonly #timeline: Timeline;
  readonly #connections: Answered;
  readonly #scopes: Answered;
  readonly #requests: TimerBank;

  constructor(timeline: Timeline, create: CreateFleet) {
    this.#timeline = timeline;
    this.#connections = new Answered(
      create,
      'connection',
      timeline,
      ({ type }) => CONNECTION_ANSWERS[type] ?? null,
    );
    this.#scopes = new Answered(create, 'scope', timeline, respondToScope);
    this.#requests = timeline.createBank((tenant) => this.#request(tenant));
  }

  addTenants(count: number): void {
    const at = this.#timeline.now();
    for (let tenant = 0; tenant < count; tenant += 1) {
      const machine = this.#connections.fleet.start();
      this.#connections.fleet.send(machine, { type: 'connection.required', at });
      this.#request(this.#scopes.fleet.start());
    }
  }

  #request(tenant: number): void {
    const at = this.#timeline.now();
    const asked = { requestId: `t${tenant}`, trigger: 'connect', renew: true, heldGeneration: 0 };
    this.#scopes.fleet.send(tenant, { type: 'credential.requested', at, ...asked });
    this.#requests.set(tenant, at + REQUEST_EVERY_MS);
  }
}
