import { createActor } from 'xstate';
import {
  credentialLifecycleMachine,
  type LifecycleEvent,
  type LifecycleInput,
  type LifecycleRequest,
} from '../../../machines/credential-lifecycle/index.ts';
import { type HostedMachine, hostMachine } from '../../../machines/ports/machine-host.ts';
import { checkRenewal } from '../../../machines/rules/renewal.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import type { VirtualClock } from '../../../sim/kernel/index.ts';
import type { Hosted, MachineBench } from './machines.ts';
import type { Recorder } from './recorder.ts';

type Fact = LifecycleEvent extends infer Event
  ? Event extends { at: number }
    ? Omit<Event, 'at'>
    : never
  : never;

const ANSWER_MS = 10;
const CONNECT_EVERY_MS = 12 * HOUR_MS;
/** 90 days of two jobs a day: about seven generations (C1, C2). */
const CONNECTS = 180;

/** C1, C2, C18: 14 days, renewed below 24 hours. */
const INPUT: LifecycleInput = {
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

/** One scope of a tenant with regular jobs; database and issuer always answer. */
class LifecycleBench implements Hosted {
  readonly #clock: VirtualClock;
  readonly #host: HostedMachine<typeof credentialLifecycleMachine>;
  readonly #recorder: Recorder;
  #connects = 0;

  constructor(clock: VirtualClock, recorder: Recorder) {
    this.#clock = clock;
    this.#recorder = recorder;
    this.#host = hostMachine({
      machine: credentialLifecycleMachine,
      clock: recorder.listenTo(clock, () => this.#host.snapshot().context.deadlines),
      input: INPUT,
      onRequest: (request) => this.#answer(request),
      onError: (error) => {
        throw error;
      },
    });
    this.#connect();
  }

  assertEnded(): void {
    if (this.#host.snapshot().context.lastGeneration < 6) throw new Error('nothing was renewed');
  }

  stop(): void {
    this.#host.stop();
  }

  #send(fact: Fact): void {
    this.#recorder.note({ ...fact, at: this.#clock.now() });
    this.#host.send(fact);
  }

  #later(fact: Fact): void {
    this.#clock.wakeAt(this.#clock.now() + ANSWER_MS, () => this.#send(fact));
  }

  #connect(): void {
    this.#connects += 1;
    const { current } = this.#host.snapshot().context;
    const now = this.#clock.now();
    const check = checkRenewal(current?.expiresAt ?? null, now, INPUT.settings);
    this.#send({
      type: 'credential.requested',
      requestId: `r${this.#connects}`,
      trigger: 'connect',
      renew: check.decision === 'renew',
      heldGeneration: current?.generation ?? 0,
    });
    if (this.#connects === CONNECTS) return;
    this.#clock.wakeAt(now + CONNECT_EVERY_MS, () => this.#connect());
  }

  #answer(request: LifecycleRequest): void {
    switch (request.type) {
      case 'records.recordIntent':
        this.#later({ type: 'intent.saved', generation: request.generation });
        return;
      case 'issuer.issue': {
        const expiresAt = this.#clock.now() + request.lifetimeMs;
        this.#later({ type: 'issuer.issued', generation: request.generation, expiresAt });
        return;
      }
      case 'records.save':
        this.#later({ type: 'credential.saved', generation: request.generation });
        return;
      case 'credential.checked':
      case 'credential.deliver':
        return;
      case 'credential.refuse':
      case 'records.dropIntent':
      case 'records.mark':
      case 'issuer.revoke':
        throw new Error(`a healthy scope does not ask for ${request.type}`);
      default:
        request satisfies never;
    }
  }
}

export function createLifecycle(): MachineBench {
  return {
    name: 'credential lifecycle',
    host: (clock, recorder) => new LifecycleBench(clock, recorder),
    replay: (_startAt, events) => {
      const actor = createActor(credentialLifecycleMachine, { input: INPUT }).start();
      for (const event of events) actor.send(event as LifecycleEvent);
      if (actor.getSnapshot().context.lastGeneration < 6) throw new Error('nothing was renewed');
    },
  };
}
