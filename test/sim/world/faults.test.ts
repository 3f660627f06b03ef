import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import type { MemoryWorld } from '../../../sim/world/memory-world.ts';
import { type Finished, type OnEvent, ofType, runInMemory, scenarioOf } from './memory-bench.ts';

const BOTH = ['straight', 'through'] as const;

/** Acts once, just after the nth event that fits. */
function atNth(
  nth: number,
  isIt: (event: LogEvent) => boolean,
  act: (world: MemoryWorld, event: LogEvent) => void,
): OnEvent & { readonly count: () => number } {
  let seen = 0;
  const onEvent: OnEvent = (event, world) => {
    if (!isIt(event)) return;
    seen += 1;
    if (seen === nth) queueMicrotask(() => act(world, event));
  };
  return Object.assign(onEvent, { count: () => seen });
}

const isUse = (event: LogEvent): boolean => event.type === 'storage.used';

function states({ summary }: Finished): readonly string[] {
  return summary.sessions.map(({ state, code }) =>
    code === null || code === undefined ? state : `${state} ${code}`,
  );
}

function restarts({ events }: Finished): number {
  return ofType(events, 'session.state').filter(({ data }) => data.state === 'active.restarting')
    .length;
}

/** L14: how long the movers that were left took to stop; a kill would show as 10 s. */
function restartTook({ events }: Finished): number {
  const changes = ofType(events, 'session.state');
  const at = changes.findIndex(({ data }) => data.state === 'active.restarting');
  return (changes[at + 1]?.at ?? Number.POSITIVE_INFINITY) - (changes[at]?.at ?? 0);
}

describe('F1, F2: a mover dies at the nth storage request, and the session goes on', () => {
  for (const job of [...BOTH, 'mount'] as const) {
    for (const role of ['source', 'target'] as const) {
      test.each([1, 2, 3, 7, 12, 18])(`${job}, ${role} mover, at request %i`, async (nth) => {
        const killed: boolean[] = [];
        const kill = atNth(nth, isUse, (world, { session }) =>
          killed.push(world.killMover(session ?? '', role)),
        );
        const steps = [`{ run: ${job}, expect: done }`, 'restoreAll: true'];
        const run = await runInMemory(scenarioOf(steps), kill);
        expect(killed).toEqual([true]);
        expect(states(run)).toEqual(['done', 'done']);
        expect(run.summary.sessions[1]?.verified).toBe(true);
        expect(restarts(run)).toBe(1);
        expect(restartTook(run)).toBeLessThan(2_000);
      });
    }
  }

  test('F1: a mover that dies again and again ends the session after its restarts', async () => {
    const kill: OnEvent = (event, world) => {
      if (isUse(event)) queueMicrotask(() => world.killMover(event.session ?? '', 'target'));
    };
    const run = await runInMemory(scenarioOf(['{ run: straight, expect: failed }']), kill);
    expect(states(run)).toEqual(['failed mover.exited']);
    expect(restarts(run)).toBe(3);
  });

  test('F1: a quota smaller than one grant is enough for the mover that comes after', async () => {
    const kill = atNth(3, isUse, (world) => world.killMover('s1', 'target'));
    const scenario = scenarioOf(['{ run: straight, expect: done }'], { quota: '1100KiB' });
    const run = await runInMemory(scenario, kill);
    expect(states(run)).toEqual(['done']);
    expect(restarts(run)).toBe(1);
  });
});

describe('F5, P8: the cloud gateway drops every connection', () => {
  for (const job of BOTH) {
    test.each([1, 3, 8, 15])(`${job}, at storage request %i`, async (nth) => {
      const drop = atNth(nth, isUse, (world) => world.dropConnections());
      const steps = [`{ run: ${job}, expect: done }`, 'restoreAll: true'];
      const run = await runInMemory(scenarioOf(steps), drop);
      expect(drop.count()).toBeGreaterThanOrEqual(nth);
      expect(states(run)).toEqual(['done', 'done']);
      expect(ofType(run.events, 'channel.down').length).toBeGreaterThan(0);
    });
  }

  test('I4: a direct session moves no data through the gateway, cut off or not', async () => {
    const drop = atNth(5, isUse, (world) => world.dropConnections());
    const run = await runInMemory(scenarioOf(['{ run: straight, expect: done }']), drop);
    expect(run.summary.sessions[0]?.bytes.gateway).toBe(0);
    expect(restarts(run)).toBe(0);
  });
});

test.each([
  ['through', 'gatewayServer', 1],
  ['through', 'gatewayServer', 9],
  ['mount', 'mountServer', 1],
  ['mount', 'mountServer', 9],
] as const)('F6: the host of "%s" (%s) dies at storage request %i', async (job, kind, nth) => {
  const scenario = scenarioOf([`{ run: ${job}, expect: done }`, 'restoreAll: true']);
  const repository = scenario.repositories.find(
    ({ name }) => name === (job === 'mount' ? 'mounted' : 'gated'),
  );
  const host = repository?.[kind] ?? '';
  expect(host).not.toBe('');
  const crash = atNth(nth, isUse, (world) => void world.restartHost(host));
  const run = await runInMemory(scenario, crash);
  expect(states(run)).toEqual(['done', 'done']);
  expect(restarts(run)).toBe(1);
});

describe('F29: ExpiredToken at the nth request, and nothing is lost or sent twice', () => {
  const backup = '{ run: straight, expect: done }';
  const expire = (operation: string, nth: number): string =>
    `fault: { site: storage, operation: ${operation}, nth: ${nth}, error: ExpiredToken }`;

  test.each([1, 2, 3, 5, 9, 16, 17])('backup, PutObject %i', async (nth) => {
    const run = await runInMemory(
      scenarioOf([expire('PutObject', nth), backup, 'restoreAll: true']),
    );
    expect(states(run)).toEqual(['done', 'done']);
    const puts = ofType(run.events, 'storage.used').filter(
      ({ session, data }) => session === 's1' && data.operation === 'put',
    );
    const stored = puts.filter(({ data }) => data.status === 'ok');
    const keys = stored.map(({ data }) => data.key);
    expect(new Set(keys).size).toBe(keys.length);
    // L4: what was cut off is made once more, and nothing else.
    expect(puts.length - stored.length).toBe(1);
  });

  test.each([1, 2])('backup, ListObjectsV2 %i', async (nth) => {
    const run = await runInMemory(scenarioOf([expire('ListObjectsV2', nth), backup]));
    expect(states(run)).toEqual(['done']);
  });

  test.each([1, 2, 8, 17])('restore, GetObject %i', async (nth) => {
    const run = await runInMemory(
      scenarioOf([backup, expire('GetObject', nth), 'restoreAll: true']),
    );
    expect(states(run)).toEqual(['done', 'done']);
    expect(run.summary.sessions[1]?.verified).toBe(true);
  });
});

test('F27: a burst of SlowDown is waited out, and no byte is counted twice', async () => {
  const burst =
    'fault: { site: storage, operation: PutObject, nth: 4, repeat: 6, error: SlowDown }';
  const calm = await runInMemory(scenarioOf(['{ run: straight, expect: done }']));
  const run = await runInMemory(scenarioOf([burst, '{ run: straight, expect: done }']));
  expect(run.summary.sessions[0]?.bytes).toEqual(calm.summary.sessions[0]?.bytes);
  const used = (one: Finished): unknown =>
    ofType(one.events, 'quota.returned').at(-1)?.data.usedBytes;
  expect(used(run)).toBe(used(calm));
  expect(run.witnesses.I58).toBeGreaterThan(0);
});

test('F23: a body that is corrupted once fails the restore cleanly, and the next one is whole', async () => {
  const corrupt = 'fault: { site: storage, operation: GetObject, nth: 5, corruptBody: true }';
  const steps = [
    '{ run: straight, expect: done }',
    corrupt,
    '{ run: straight, operation: restore }',
    'restoreAll: true',
  ];
  const run = await runInMemory(scenarioOf(steps));
  const [, broken, whole] = states(run);
  expect(['done', 'failed block.corrupt', 'failed object.corrupt']).toContain(broken);
  expect(whole).toBe('done');
  expect(run.summary.sessions[2]?.verified).toBe(true);
});

describe('C17, F10: the issuer is down', () => {
  const down = (forTime: string): string => `fault: { site: issuer, nth: 1, down: ${forTime} }`;

  test('while the old credential lives it is delivered, flagged degraded', async () => {
    const steps = [
      '{ run: straight, expect: done, generation: 1 }',
      'warp: { to: renewalLine, of: straight }',
      'warp: 1h',
      down('30d'),
      '{ run: straight, expect: done, generation: 1 }',
    ];
    const run = await runInMemory(scenarioOf(steps));
    const delivered = ofType(run.events, 'credential.delivered');
    expect(delivered.map(({ data }) => data.degraded)).toEqual([false, true]);
  });

  test('with none to stand in, the session is refused within its budget', async () => {
    const scenario = scenarioOf([down('30d'), '{ run: straight, expect: failed }']);
    const run = await runInMemory(scenario);
    const [ended] = ofType(run.events, 'session.ended');
    expect(states(run)).toEqual(['failed issuer.unavailable']);
    expect((ended?.at ?? Number.POSITIVE_INFINITY) - scenario.startAt).toBeLessThan(35 * 60_000);
    expect(ofType(run.events, 'credential.delivered')).toEqual([]);
  });
});

test('C20: denied is not expiry: one forced check, then the session fails, and nothing loops', async () => {
  const denied =
    'fault: { site: storage, operation: PutObject, nth: 6, repeat: 1000, error: AccessDenied }';
  const run = await runInMemory(scenarioOf([denied, '{ run: straight, expect: failed }']));
  expect(states(run)).toEqual(['failed access.denied']);
  const forced = ofType(run.events, 'credential.requested').filter(
    ({ data }) => data.trigger === 'forced',
  );
  expect(forced).toHaveLength(1);
  expect(ofType(run.events, 'credential.issued').length).toBeLessThanOrEqual(2);
});

test('Q3: what a session beyond its quota has written is gone, and the ledger is back', async () => {
  const steps = ['{ run: straight, expect: failed, code: quota.exceeded }'];
  const run = await runInMemory(scenarioOf(steps, { quota: '300KiB' }));
  const uses = ofType(run.events, 'storage.used').filter(({ data }) => data.status === 'ok');
  const stored = uses.filter(({ data }) => data.operation === 'put');
  expect(stored.length).toBeGreaterThan(0);
  expect(uses.some(({ data }) => data.operation === 'remove')).toBe(true);
  expect(await run.world.storedKeys('direct')).toEqual([]);
  const ledger = await run.world.ledger('acme/direct');
  expect(ledger).toMatchObject({ usedBytes: 0, reserved: {} });
});

describe('F3, F4: the SP server dies and is started again from its database', () => {
  const isLogged = (type: string) => (event: LogEvent) => event.type === type;

  test.each([
    ['between issue and save', 'credential.issued'],
    ['between save and delivery', 'credential.saved'],
    ['after the delivery', 'credential.delivered'],
    ['when the route was chosen', 'route.selected'],
  ])('%s: the session ends, the next one succeeds', async (_, type) => {
    const crash = atNth(1, isLogged(type), (world) => void world.restartProvider());
    const steps = ['{ run: straight }', '{ run: straight, expect: done }', 'restoreAll: true'];
    const run = await runInMemory(scenarioOf(steps), crash);
    expect(crash.count()).toBeGreaterThan(0);
    expect(states(run).slice(1)).toEqual(['done', 'done']);
    const generations = ofType(run.events, 'credential.delivered').map(
      ({ data }) => data.generation,
    );
    // F4: what was saved is delivered again; what was not saved is never delivered (C5).
    if (type !== 'credential.issued') expect(new Set(generations)).toEqual(new Set([1]));
    const saved = ofType(run.events, 'credential.saved').map(({ data }) => data.generation);
    for (const generation of generations) expect(saved).toContain(generation);
    expect(await run.world.ledger('acme/direct')).toMatchObject({ reserved: {} });
  });

  test('a session on the gateway route hears that it is gone, and ends in time', async () => {
    const crash = atNth(6, isUse, (world) => void world.restartProvider());
    const steps = ['{ run: through }', '{ run: through, expect: done }', 'restoreAll: true'];
    const scenario = scenarioOf(steps);
    const run = await runInMemory(scenario, crash);
    expect(states(run)).toEqual(['failed session.unknown', 'done', 'done']);
    const [ended] = ofType(run.events, 'session.ended');
    expect((ended?.at ?? Number.POSITIVE_INFINITY) - scenario.startAt).toBeLessThan(35 * 60_000);
  });
});

test.each(BOTH)(
  'C22: disabling the tenant ends its session "%s" and opens no other',
  async (job) => {
    const disable = atNth(5, isUse, (world) => {
      void world.disableTenant('acme');
    });
    const run = await runInMemory(
      scenarioOf([`{ run: ${job} }`, `{ run: ${job} }`, 'warp: 1m']),
      disable,
    );
    const [first, second] = run.summary.sessions;
    expect(first?.state).not.toBe('done');
    expect(second).toMatchObject({ state: 'failed', code: 'tenant.disabled' });
    const ended = ofType(run.events, 'session.ended').find(({ session }) => session === 's1');
    expect(ofType(run.events, 'storage.used').filter(({ seq }) => seq > (ended?.seq ?? 0))).toEqual(
      [],
    );
    if (job === 'straight') {
      const revoked = ofType(run.events, 'credential.revoked');
      expect(revoked.map(({ data }) => data.state)).toEqual(['irrevocable']);
    }
  },
);
