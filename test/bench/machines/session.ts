import { createActor } from 'xstate';
import {
  backupSessionMachine,
  type SessionEvent,
  type SessionRequest,
} from '../../../machines/backup-session/index.ts';
import { type HostedMachine, hostMachine } from '../../../machines/ports/machine-host.ts';
import type { Route } from '../../../machines/rules/route.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import type { VirtualClock } from '../../../sim/kernel/index.ts';
import type { Hosted, MachineBench } from './machines.ts';
import type { Recorder } from './recorder.ts';

type Fact = SessionEvent extends infer Event
  ? Event extends { at: number }
    ? Omit<Event, 'at'>
    : never
  : never;

const ANSWER_MS = 10;
const WORK_MS = 2 * DAY_MS;
const LIFETIME_MS = 14 * DAY_MS;
/** Above the renewal line at the start, ended before the work is: one reconnect (C15). */
const FIRST_LIFE_MS = 30 * HOUR_MS;
const RENEW_BELOW_MS = 24 * HOUR_MS;

const INPUT = {
  sessionId: 's1',
  operation: 'backup',
  inSession: 'reconnect',
  marginMs: 5 * MINUTE_MS,
  reconnectBudgetMs: 10 * MINUTE_MS,
  answerTimeoutMs: MINUTE_MS,
  restartsMax: 3,
  heartbeatMs: HOUR_MS,
  quotaWaitMs: 0,
} as const;

const ROUTE: Route = {
  dataPath: 'direct',
  sourceHost: 'sourceProxy',
  targetHost: 'sourceProxy',
  credential: 'limited',
  assumed: false,
};

/** Answers as a healthy tenant host and SP do: a direct backup of two days with one renewal. */
class SessionBench implements Hosted {
  readonly #clock: VirtualClock;
  readonly #host: HostedMachine<typeof backupSessionMachine>;
  readonly #recorder: Recorder;
  #generation = 1;
  #expiresAt: number;
  #doneMs = 0;
  #movingSince: number | null = null;
  #cancelMove: () => void = () => {};

  constructor(clock: VirtualClock, recorder: Recorder) {
    this.#clock = clock;
    this.#recorder = recorder;
    this.#expiresAt = clock.now() + FIRST_LIFE_MS;
    this.#host = hostMachine({
      machine: backupSessionMachine,
      clock: recorder.listenTo(clock, () => this.#host.snapshot().context.deadlines),
      input: INPUT,
      onRequest: (request) => this.#answer(request),
      onError: (error) => {
        throw error;
      },
    });
  }

  assertEnded(): void {
    if (this.#host.snapshot().status !== 'done') throw new Error('the session has not ended');
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

  #answer(request: SessionRequest): void {
    switch (request.type) {
      case 'channel.require':
        this.#later({ type: 'channel.up' });
        return;
      case 'session.open': {
        const check = { renewBelowMs: RENEW_BELOW_MS, includesLine: false, isByTenant: true };
        this.#later({ type: 'session.opened', route: ROUTE, check });
        return;
      }
      case 'mover.start':
        this.#later({ type: 'mover.ready', role: request.role });
        return;
      case 'mover.contact': {
        const held = { heldGeneration: this.#generation, heldExpiresAt: this.#expiresAt };
        this.#later({ type: 'contact.made', ...held });
        return;
      }
      case 'credential.request':
        this.#deliver(request.renew);
        return;
      case 'transfer.start':
      case 'transfer.resume':
        this.#move();
        return;
      case 'transfer.pause':
        this.#halt();
        this.#later({ type: 'transfer.drained' });
        return;
      case 'movers.stop':
        this.#later({ type: 'movers.stopped' });
        return;
      case 'session.close':
        this.#later({ type: 'session.closed' });
        return;
      case 'credential.checked':
        return;
      case 'transfer.abort':
      case 'transfer.cleanUp':
      case 'quota.ask':
        throw new Error(`a healthy session does not ask for ${request.type}`);
      default:
        request satisfies never;
    }
  }

  #deliver(isRenewed: boolean): void {
    if (isRenewed) {
      this.#generation += 1;
      this.#expiresAt = this.#clock.now() + LIFETIME_MS;
    }
    const [generation, expiresAt] = [this.#generation, this.#expiresAt];
    this.#later({ type: 'credential.delivered', generation, expiresAt, degraded: false });
  }

  #halt(): void {
    this.#cancelMove();
    if (this.#movingSince !== null) this.#doneMs += this.#clock.now() - this.#movingSince;
    this.#movingSince = null;
  }

  #move(): void {
    this.#halt();
    this.#movingSince = this.#clock.now();
    const endsAt = this.#clock.now() + WORK_MS - this.#doneMs;
    this.#cancelMove = this.#clock.wakeAt(endsAt, () => this.#send({ type: 'transfer.completed' }));
  }
}

export function createSession(): MachineBench {
  return {
    name: 'backup session',
    host: (clock, recorder) => new SessionBench(clock, recorder),
    replay: (startedAt, events) => {
      const actor = createActor(backupSessionMachine, { input: { ...INPUT, startedAt } }).start();
      for (const event of events) actor.send(event as SessionEvent);
      if (actor.getSnapshot().status !== 'done') throw new Error('the session has not ended');
    },
  };
}
