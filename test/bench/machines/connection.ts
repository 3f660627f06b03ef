import { createActor } from 'xstate';
import {
  type ConnectionEvent,
  type ConnectionRequest,
  controlConnectionMachine,
} from '../../../machines/control-connection/index.ts';
import { type HostedMachine, hostMachine } from '../../../machines/ports/machine-host.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import type { VirtualClock } from '../../../sim/kernel/index.ts';
import type { Hosted, MachineBench } from './machines.ts';
import type { Recorder } from './recorder.ts';

type Fact = ConnectionEvent extends infer Event
  ? Event extends { at: number }
    ? Omit<Event, 'at'>
    : never
  : never;

const ANSWER_MS = 10;
const BREAKS_AFTER_MS = 20 * MINUTE_MS;
const LASTS_MS = HOUR_MS;

const INPUT = {
  handshakeTimeoutMs: 10 * SECOND_MS,
  heartbeatMs: 30 * SECOND_MS,
  silenceMs: 90 * SECOND_MS,
  backoffFirstMs: SECOND_MS,
  backoffCapMs: MINUTE_MS,
} as const;

/** An hour of a tenant's connection: heartbeats, each answered, and one cut (P5). */
class ConnectionBench implements Hosted {
  readonly #clock: VirtualClock;
  readonly #host: HostedMachine<typeof controlConnectionMachine>;
  readonly #recorder: Recorder;
  readonly #endAt: number;

  constructor(clock: VirtualClock, recorder: Recorder) {
    this.#clock = clock;
    this.#recorder = recorder;
    this.#endAt = clock.now() + LASTS_MS;
    this.#host = hostMachine({
      machine: controlConnectionMachine,
      clock: recorder.listenTo(clock, () => this.#host.snapshot().context.deadlines),
      input: INPUT,
      onRequest: (request) => this.#answer(request),
      onError: (error) => {
        throw error;
      },
    });
    this.#send({ type: 'connection.required' });
    clock.wakeAt(clock.now() + BREAKS_AFTER_MS, () => this.#send({ type: 'link.lost' }));
    clock.wakeAt(this.#endAt, () => this.#send({ type: 'connection.released' }));
  }

  assertEnded(): void {
    if (this.#host.snapshot().value !== 'idle') throw new Error('the connection has not ended');
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

  #answer(request: ConnectionRequest): void {
    switch (request.type) {
      case 'link.open':
        this.#later({ type: 'link.opened' });
        return;
      case 'hello.send':
        this.#later({ type: 'hello.accepted' });
        return;
      case 'heartbeat.send':
        this.#later({ type: 'peer.heard' });
        return;
      case 'link.close':
      case 'connection.up':
      case 'connection.down':
        return;
      case 'connection.refused':
        throw new Error('nobody refuses this connection');
      default:
        request satisfies never;
    }
  }
}

export function createConnection(): MachineBench {
  return {
    name: 'control connection',
    host: (clock, recorder) => new ConnectionBench(clock, recorder),
    replay: (_startAt, events) => {
      const actor = createActor(controlConnectionMachine, { input: INPUT }).start();
      for (const event of events) actor.send(event as ConnectionEvent);
      if (actor.getSnapshot().value !== 'idle') throw new Error('the connection has not ended');
    },
  };
}
