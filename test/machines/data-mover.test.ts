import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  moverInvariants,
  sourceMoverMachine,
  targetMoverInvariants,
  targetMoverMachine,
} from '../../machines/data-mover/index.ts';
import { brokenInvariants, statePath } from '../../machines/ports/invariant.ts';
import { type HostedMachine, hostMachine } from '../../machines/ports/machine-host.ts';
import { createVirtualClock } from '../../sim/kernel/virtual-clock.ts';
import { START } from '../model/start.ts';
import { property } from '../support/seed.ts';

type AnyFact = { readonly type: string } & Record<string, unknown>;

/** One mover; its engine is played by the test. */
class MoverWorld {
  readonly clock = createVirtualClock(START);
  readonly requests: AnyFact[] = [];
  readonly #role: 'source' | 'target';
  #host: HostedMachine<typeof targetMoverMachine>;
  #error: unknown = null;

  constructor(role: 'source' | 'target') {
    this.#role = role;
    this.#host = this.#start();
  }

  #start(snapshot?: unknown): HostedMachine<typeof targetMoverMachine> {
    const machine = this.#role === 'source' ? sourceMoverMachine : targetMoverMachine;
    return hostMachine({
      machine: machine as typeof targetMoverMachine,
      clock: this.clock,
      input: { linkTimeoutMs: 10_000 },
      ...(snapshot === undefined ? {} : { snapshot: snapshot as never }),
      onRequest: (request) => this.requests.push(request as AnyFact),
      onError: (error) => {
        this.#error ??= error;
      },
    });
  }

  get state(): string {
    return statePath(this.#host.snapshot().value);
  }
  get context() {
    return this.#host.snapshot().context;
  }

  crash(): void {
    const snapshot = JSON.parse(JSON.stringify(this.#host.persist()));
    this.#host.stop();
    this.#host = this.#start(snapshot);
  }

  /** Sends in turn; returns what the last one led to. */
  send(...facts: (string | AnyFact)[]): string[] {
    let before = 0;
    for (const fact of facts) {
      before = this.requests.length;
      this.#host.send((typeof fact === 'string' ? { type: fact } : fact) as never);
      this.check();
    }
    return this.requests.slice(before).map(({ type }) => type);
  }

  check(): void {
    if (this.#error !== null) throw this.#error;
    const { context } = this.#host.snapshot();
    const broken =
      this.#role === 'source'
        ? brokenInvariants(moverInvariants, this.state, context)
        : brokenInvariants(targetMoverInvariants, this.state, context);
    if (broken.length > 0) throw new Error(broken.join('\n'));
  }
}

const OPENED = { type: 'credential.opened', generation: 1, expiresAt: START + 1, grantedBytes: 10 };
const NEEDED = { type: 'engine.grantNeeded', bytes: 7 };
const ABORT = { type: 'order.abort', code: 'session.cancelled' };
const BROKEN = { type: 'engine.failed', code: 'storage.full' };
const MOVING = ['order.contact', 'contact.made', OPENED, 'order.start', 'link.up'];

describe('target mover', () => {
  test('P3: contact, credential with grant, start, link, engine, in that order', () => {
    const world = new MoverWorld('target');
    world.send(...MOVING);
    expect(world.requests.map(({ type }) => type)).toEqual([
      'contact.open',
      'engine.grant',
      'link.await',
      'engine.start',
    ]);
    expect(world.state).toBe('moving.flowing');
    expect(JSON.stringify(world.context.credential)).toBe(
      `{"generation":1,"expiresAt":${START + 1}}`,
    );
  });

  test('P8: a grant is asked for in contact only, and again when contact is back', () => {
    const world = new MoverWorld('target');
    world.send(...MOVING, 'contact.lost');
    expect(world.send(NEEDED)).toEqual([]);
    expect(world.send('contact.made')).toEqual(['quota.request']);
    world.send({ type: 'quota.granted', bytes: 7 });
    expect(world.requests.at(-1)).toEqual({ type: 'engine.grant', bytes: 7 });
    expect(world.send('contact.lost', 'contact.made')).toEqual([]);
  });

  test('Q3: a refusal is reported', () => {
    const world = new MoverWorld('target');
    expect(world.send(...MOVING, NEEDED, 'quota.refused')).toContain('report.quotaExhausted');
  });

  test('L9, F24: a refusal that is heard twice takes nothing back of what is wanted', () => {
    const world = new MoverWorld('target');
    world.send(...MOVING, NEEDED, 'quota.refused', 'quota.refused', 'order.resume');
    expect(world.requests.at(-1)).toEqual({ type: 'quota.request', bytes: 7 });
  });

  test.each<[string, (string | AnyFact)[], string, string[]]>([
    ['C15: a pause drains', ['order.pause'], 'moving.draining', ['engine.pause']],
    [
      'C15: drained is reported',
      ['order.pause', 'engine.drained'],
      'moving.paused',
      ['report.drained'],
    ],
    [
      'C15: resumed while draining',
      ['order.pause', 'order.resume'],
      'moving.flowing',
      ['engine.resume'],
    ],
    [
      'C15: resumed when paused',
      ['order.pause', 'engine.drained', 'order.resume'],
      'moving.flowing',
      ['engine.resume'],
    ],
    [
      'a second pause is answered too',
      ['order.pause', 'engine.drained', 'order.pause'],
      'moving.paused',
      ['report.drained'],
    ],
    [
      'C16: an ended credential is reported once',
      ['engine.credentialExpired'],
      'moving.expired',
      ['report.credentialExpired'],
    ],
    [
      'C16: not twice',
      ['engine.credentialExpired', 'engine.credentialExpired'],
      'moving.expired',
      [],
    ],
    [
      'C15: drains also after the end of the credential',
      ['engine.credentialExpired', 'order.pause'],
      'moving.draining',
      ['engine.pause'],
    ],
    ['completed', ['engine.completed'], 'completed', ['report.completed']],
    ['failed', [BROKEN], 'failed', ['report.failed']],
    ['an abort waits for the engine', [ABORT], 'aborting', ['engine.abort']],
    [
      'an abort that comes too late',
      [ABORT, 'engine.completed'],
      'completed',
      ['report.completed'],
    ],
    ['the link breaks', ['link.down'], 'aborting', ['engine.abort']],
    ['Q3: clean-up after a failure', [BROKEN, 'order.cleanUp'], 'cleaning', ['engine.cleanUp']],
    ['Q3: cleaned', [BROKEN, 'order.cleanUp', 'engine.cleaned'], 'failed', ['report.cleaned']],
    [
      'Q3: a clean-up that fails is answered',
      [BROKEN, 'order.cleanUp', BROKEN],
      'failed',
      ['report.cleaned'],
    ],
    ['stopped', ['order.stop'], 'stopped', ['process.stop']],
  ])('%s', (_name, facts, state, requests) => {
    const world = new MoverWorld('target');
    world.send(...MOVING);
    expect(world.send(...facts)).toEqual(requests);
    expect(world.state).toBe(state);
  });

  test('C15: paused before the link is up, it stays paused when the link comes', () => {
    const world = new MoverWorld('target');
    world.send('order.start');
    expect(world.send('order.pause')).toEqual(['report.drained']);
    expect(world.send('link.up')).toEqual(['engine.start', 'engine.pause']);
    expect(world.state).toBe('moving.draining');
  });
});

describe('both movers', () => {
  test.each(['source', 'target'] as const)('%s: a link that does not come up fails', (role) => {
    const world = new MoverWorld(role);
    world.send('order.start');
    world.crash();
    world.clock.advanceTo(START + 9_999);
    expect(world.state).toBe('linking');
    world.clock.advanceTo(START + 10_000);
    expect(world.state).toBe('failed');
    expect(world.requests.at(-1)).toEqual({ type: 'report.failed', code: 'link.lost' });
    expect(world.clock.pendingCount).toBe(0);
  });

  test.each(['source', 'target'] as const)('%s: an unknown event is an error', (role) => {
    expect(() => new MoverWorld(role).send('order.begin')).toThrow('not allowed');
  });
});

/** Orders of a session, and facts that an engine in that state can have. */
const ORDERS: (string | AnyFact)[] = [
  'order.start',
  'order.stop',
  'link.up',
  'link.down',
  ABORT,
  'crash',
  'time',
];
const TARGET_ORDERS: (string | AnyFact)[] = [
  'order.contact',
  'order.pause',
  'order.resume',
  'contact.made',
  'contact.lost',
  OPENED,
  { type: 'quota.granted', bytes: 7 },
  'quota.refused',
];
const ENGINE_FACTS: (string | AnyFact)[] = ['engine.completed', BROKEN];
const TARGET_ENGINE_FACTS: (string | AnyFact)[] = [
  ...ENGINE_FACTS,
  'engine.drained',
  'engine.credentialExpired',
  NEEDED,
];

describe.each(['source', 'target'] as const)('any life of a %s mover', (role) => {
  const orders = role === 'source' ? ORDERS : [...ORDERS, ...TARGET_ORDERS];
  const engine = role === 'source' ? ENGINE_FACTS : TARGET_ENGINE_FACTS;

  property(
    'no order, in whatever order, is unexpected; nothing moves unlinked or is asked out of contact',
    [fc.array(fc.oneof(fc.constantFrom(...orders), fc.constantFrom(...engine)), { maxLength: 40 })],
    (facts) => {
      const world = new MoverWorld(role);
      let isInContact = false;
      for (const fact of facts) {
        if (world.state === 'stopped') break;
        const type = typeof fact === 'string' ? fact : fact.type;
        const isEngineAlive = /^(moving|aborting)/.test(world.state);
        if (type.startsWith('engine.') && !isEngineAlive) continue;
        if (type === 'contact.made') isInContact = true;
        if (type === 'contact.lost') isInContact = false;
        if (fact === 'crash') world.crash();
        else if (fact === 'time') world.clock.advanceTo(world.clock.now() + 11_000);
        else {
          const before = world.state;
          const asked = world.send(fact);
          if (asked.includes('engine.start')) expect(type).toBe('link.up');
          if (asked.includes('quota.request')) expect(isInContact).toBe(true);
          if (/^(completed|failed)$/.test(before)) expect(asked).not.toContain('engine.start');
        }
        world.check();
      }
      const ends = world.requests.filter(({ type }) => type === 'report.completed');
      expect(ends.length).toBeLessThanOrEqual(1);
      return true;
    },
    { numRuns: 500 },
  );
});
