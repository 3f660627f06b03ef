import { createActor } from 'xstate';
import {
  type ConnectionEvent,
  type ConnectionRequest,
  controlConnectionMachine,
} from '../../../machines/control-connection/index.ts';
import { type HostedMachine, hostMachine } from '../../../machines/ports/machine-host.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import type { VirtualClock } from '../../../sim/kernel/index.ts';
import type { Hosted, MachineBench, StampedEvent } from './machines.ts';

type Fact = ConnectionEvent extends infer Event
  ? Event extends { at: number }
    ? Omit<Event, 'at'>
    : never
  : never;

const ANSWER_MS = 10;
const BREAKS_EVERY_MS = HOUR_MS;
const LASTS_MS = 2 * HOUR_MS;

const INPUT = {
  handshakeTimeoutMs: 10 * SECOND_MS,
  heartbeatMs: 30 * SECOND_MS,
  silenceMs: 90 * SECOND_MS,
  backoffFirstMs: SECOND_MS,
  backoffCapMs: MINUTE_MS,
} as const;

/** Two hours of a tenant's connection: heartbeats, each answered, and a cut once an hour (P5). */
class ConnectionBench implements Hosted {
  readonly #clock: VirtualClock;
  readonly #host: HostedMachine<typeof controlConnectionMachine>;
  readonly #events: StampedEvent[] = [];
  readonly #endAt: number;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    this.#endAt = clock.now() + LASTS_MS;
    this.#host = hostMachine({
      machine: controlConnectionMachine,
      clock: {
        now: () => clock.now(),
        wakeAt: (dueAt, wake) => clock.wakeAt(dueAt, () => this.#onAlarm(dueAt, wake)),
      },
      input: INPUT,
      onRequest: (request) => this.#answer(request),
      onError: (error) => {
        throw error;
      },
    });
    this.#send({ type: 'connection.required' });
    clock.wakeAt(clock.now() + BREAKS_EVERY_MS, () => this.#send({ type: 'link.lost' }));
    clock.wakeAt(this.#endAt, () => this.#send({ type: 'connection.released' }));
  }

  events(): readonly StampedEvent[] {
    if (this.#host.snapshot().value !== 'idle') throw new Error('the connection has not ended');
    return this.#events;
  }

  stop(): void {
    this.#host.stop();
  }

  #onAlarm(dueAt: number, wake: () => void): void {
    const { deadlines } = this.#host.snapshot().context;
    const name = Object.entries(deadlines).find(([, at]) => at === dueAt)?.[0] ?? 'unknown';
    this.#events.push({ type: `alarm.${name}`, at: dueAt });
    wake();
  }

  #send(fact: Fact): void {
    this.#events.push({ ...fact, at: this.#clock.now() });
    this.#host.send(fact);
  }

  #later(fact: Fact): void {
    this.#clock.wakeAt(this.#clock.now() + ANSWER_MS, () => this.#send(fact));
  }

  #answer(request: ConnectionRequest): void {
    switch (request.type) {
      case 'link.open':
        return this.#later({ type: 'link.opened' });
      case 'hello.send':
        return this.#later({ type: 'hello.accepted' });
      case 'heartbeat.send':
        return this.#later({ type: 'peer.heard' });
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
    host: (clock) => new ConnectionBench(clock),
    replay: (_startAt, events) => {
      const actor = createActor(controlConnectionMachine, { input: INPUT }).start();
      for (const event of events) actor.send(event as ConnectionEvent);
      if (actor.getSnapshot().value !== 'idle') throw new Error('the connection has not ended');
    },
  };
}
