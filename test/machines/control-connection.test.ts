import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ConnectionEvent,
  type ConnectionRequest,
  connectionInvariants,
  controlConnectionMachine,
} from '../../machines/control-connection/index.ts';
import { brokenInvariants, statePath } from '../../machines/ports/invariant.ts';
import { type HostedMachine, hostMachine } from '../../machines/ports/machine-host.ts';
import { createVirtualClock } from '../../sim/kernel/virtual-clock.ts';
import { START } from '../model/start.ts';
import { property } from '../support/seed.ts';

const INPUT = {
  handshakeTimeoutMs: 10_000,
  heartbeatMs: 15_000,
  silenceMs: 45_000,
  backoffFirstMs: 500,
  backoffCapMs: 30_000,
};

type Machine = typeof controlConnectionMachine;
type Fact = ConnectionEvent extends infer Event
  ? Event extends { at: number }
    ? Omit<Event, 'at'>
    : never
  : never;

/** One connection and a network that can be cut in either direction. */
class ConnectionWorld {
  readonly clock = createVirtualClock(START);
  readonly requests: { at: number; type: string }[] = [];
  /** Whether our frames reach the SP, and whether the SP's frames reach us (F11). */
  isOutOpen = true;
  isInOpen = true;
  #host: HostedMachine<Machine>;
  #link = 0;
  #error: unknown = null;

  constructor() {
    this.#host = this.#start();
  }

  get state(): string {
    return statePath(this.#host.snapshot().value);
  }

  #start(snapshot?: unknown): HostedMachine<Machine> {
    return hostMachine<Machine>({
      machine: controlConnectionMachine,
      clock: this.clock,
      input: INPUT,
      ...(snapshot === undefined ? {} : { snapshot: snapshot as never }),
      onRequest: (request) => this.#onRequest(request),
      onError: (error) => {
        this.#error ??= error;
      },
    });
  }

  send(fact: Fact): void {
    this.#host.send(fact);
    this.check();
  }

  check(): void {
    if (this.#error !== null) throw this.#error;
    const { context } = this.#host.snapshot();
    const broken = brokenInvariants(connectionInvariants, this.state, context);
    if (broken.length > 0) throw new Error(broken.join('\n'));
  }

  crash(): void {
    const snapshot = JSON.parse(JSON.stringify(this.#host.persist()));
    this.#host.stop();
    this.#link += 1;
    this.#host = this.#start(snapshot);
    this.send({ type: 'link.lost' });
  }

  #onLink(delayMs: number, act: () => void): void {
    const link = this.#link;
    this.clock.wakeAt(this.clock.now() + delayMs, () => {
      if (link === this.#link) act();
    });
  }

  #onRequest({ type }: ConnectionRequest): void {
    this.requests.push({ at: this.clock.now(), type });
    const isRoundTrip = this.isOutOpen && this.isInOpen;
    if (type === 'link.close') this.#link += 1;
    if (type === 'link.open') {
      this.#link += 1;
      if (isRoundTrip) this.#onLink(20, () => this.send({ type: 'link.opened' }));
    }
    if (type === 'hello.send' && isRoundTrip) {
      this.#onLink(20, () => this.send({ type: 'hello.accepted' }));
    }
    if (type === 'heartbeat.send' && isRoundTrip) {
      this.#onLink(20, () => this.isInOpen && this.send({ type: 'peer.heard' }));
    }
  }

  run(forMs: number): void {
    const endAt = this.clock.now() + forMs;
    for (let dueAt = this.clock.nextDueAt(); dueAt !== null && dueAt <= endAt; ) {
      this.clock.fireNext();
      this.check();
      dueAt = this.clock.nextDueAt();
    }
    this.clock.moveTo(endAt);
  }

  count(type: ConnectionRequest['type']): number {
    return this.requests.filter((request) => request.type === type).length;
  }
}

const step = fc.oneof(
  fc.record({ do: fc.constant('run' as const), ms: fc.constantFrom(1, 20, 500, 10_000, 90_000) }),
  fc.record({ do: fc.constant('net' as const), out: fc.boolean(), in: fc.boolean() }),
  fc.record({
    do: fc.constant('fact' as const),
    type: fc.constantFrom<Fact['type']>(
      'connection.required',
      'connection.released',
      'link.opened',
      'link.lost',
      'hello.accepted',
      'peer.heard',
    ),
  }),
  fc.record({ do: fc.constant('refuse' as const) }),
  fc.record({ do: fc.constant('crash' as const) }),
);

describe('control connection', () => {
  property(
    'L6: whatever happened, it is up again within the cap and a handshake of the healing',
    [fc.array(step, { maxLength: 40 })],
    (steps) => {
      const world = new ConnectionWorld();
      for (const one of steps) {
        if (one.do === 'run') world.run(one.ms);
        else if (one.do === 'net') Object.assign(world, { isOutOpen: one.out, isInOpen: one.in });
        else if (one.do === 'crash') world.crash();
        else if (one.do === 'refuse')
          world.send({ type: 'hello.refused', code: 'channel.refused' });
        else world.send({ type: one.type } as Fact);
      }
      world.isOutOpen = true;
      world.isInOpen = true;
      world.send({ type: 'connection.required' });
      // A silence or a handshake that began before the healing runs out first.
      world.run(INPUT.silenceMs + INPUT.backoffCapMs + 2 * INPUT.handshakeTimeoutMs);
      expect(world.state).toBe('connected');
      // Every "up" that is not a repetition has its "down" (sessions rely on the pairs).
      const ups = world.requests.filter(({ type }) => /connection.(up|down)/.test(type));
      for (const [index, { type }] of ups.entries()) {
        if (type === 'connection.down') expect(ups[index - 1]?.type).toBe('connection.up');
      }
      return true;
    },
    { numRuns: 300 },
  );

  test.each([
    ['our frames are lost', false, true],
    ['its frames are lost', true, false],
    ['both are lost', false, false],
  ])('F11: %s: found by silence, dialled again at the capped backoff', (_name, out, inward) => {
    const world = new ConnectionWorld();
    world.send({ type: 'connection.required' });
    world.run(60_000);
    expect(world.state).toBe('connected');
    Object.assign(world, { isOutOpen: out, isInOpen: inward });
    world.run(INPUT.silenceMs + INPUT.heartbeatMs);
    expect(world.state).not.toBe('connected');
    expect(world.count('connection.down')).toBe(1);
    const opensBefore = world.count('link.open');
    world.run(10 * 60_000);
    const opens = world.count('link.open') - opensBefore;
    // 600 s at 10 s of handshake and at most 30 s of backoff: a storm would be hundreds.
    expect(opens).toBeGreaterThanOrEqual(14);
    expect(opens).toBeLessThanOrEqual(20);
    Object.assign(world, { isOutOpen: true, isInOpen: true });
    world.run(INPUT.backoffCapMs + INPUT.handshakeTimeoutMs);
    expect(world.state).toBe('connected');
  });

  test('L6: backoff doubles from the first to the cap, and starts anew after a success', () => {
    const world = new ConnectionWorld();
    world.isOutOpen = false;
    world.send({ type: 'connection.required' });
    const pauses: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      world.send({ type: 'link.failed', code: 'storage.unreachable' });
      const dueAt = world.clock.nextDueAt() ?? 0;
      pauses.push(dueAt - world.clock.now());
      world.run(dueAt - world.clock.now());
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    world.send({ type: 'link.opened' });
    world.send({ type: 'hello.accepted' });
    world.send({ type: 'link.lost' });
    expect((world.clock.nextDueAt() ?? 0) - world.clock.now()).toBe(500);
  });

  test.each([
    [-1, 'connected'],
    [0, 'backingOff'],
  ])('silence of its limit %+d ms: %s', (offsetMs, state) => {
    const world = new ConnectionWorld();
    world.send({ type: 'connection.required' });
    world.run(40);
    world.isInOpen = false;
    world.run(INPUT.silenceMs + offsetMs);
    expect(world.state).toBe(state);
  });

  test('a refusal is final until somebody asks again; releasing closes the link', () => {
    const world = new ConnectionWorld();
    world.isInOpen = false;
    world.send({ type: 'connection.required' });
    world.send({ type: 'link.opened' });
    world.send({ type: 'hello.refused', code: 'channel.refused' });
    expect(world.state).toBe('refused');
    expect(world.clock.nextDueAt()).toBeNull();
    world.isInOpen = true;
    world.send({ type: 'connection.required' });
    world.run(100);
    expect(world.state).toBe('connected');
    world.send({ type: 'connection.released' });
    expect(world.state).toBe('idle');
    expect(
      world.requests
        .slice(-2)
        .map(({ type }) => type)
        .sort(),
    ).toEqual(['connection.down', 'link.close']);
  });

  test('an event that no state knows is an error', () => {
    expect(() => new ConnectionWorld().send({ type: 'link.gone' } as never)).toThrow('not allowed');
  });
});
