import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { putInBlocks } from '../../../adapters/azure/blocks.ts';
import { createAzureObjectStore } from '../../../adapters/azure/object-store.ts';
import type { AzureRequests } from '../../../adapters/azure/requests.ts';
import { cutIntoParts } from '../../../adapters/common-store/parts.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { type AzureWorld, azureWorld } from '../../contract/azure-world.ts';
import { codeOf, keysOf, pattern, streamOf } from '../../contract/store-content.ts';

const PART = 65_536;
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A storage that answers a block only when the test says so. */
function heldRequests() {
  const held: (() => void)[] = [];
  const staged: string[] = [];
  const committed: string[][] = [];
  const waiting = { most: 0 };
  const blob = {
    async stageBlock(id: string) {
      await new Promise<void>((resolve) => {
        held.push(resolve);
        waiting.most = Math.max(waiting.most, held.length);
      });
      staged.push(id);
      return {};
    },
    async commitBlockList(ids: string[]) {
      committed.push(ids);
      return { etag: '"e"' };
    },
  };
  const requests = {
    clock: createVirtualClock(0),
    placeOf: () => ({}),
    blob: () => blob,
    send: (_operation: string, _place: unknown, run: (options: object) => Promise<unknown>) =>
      run({}),
  } as unknown as AzureRequests;
  return { requests, held, staged, committed, waiting };
}

describe('putInBlocks', () => {
  test.each([1, 2, 3, 4])(
    'memory stays below %d blocks while the storage is slow; the list is in order',
    async (limit) => {
      const { requests, held, staged, committed, waiting } = heldRequests();
      const partBytes = 1000;
      let pulled = 0;
      let confirmed = 0;
      let worst = 0;
      async function* source() {
        for (let chunk = 0; chunk < 120; chunk += 1) {
          pulled += 100;
          worst = Math.max(worst, pulled - confirmed);
          yield new Uint8Array(100);
        }
      }
      const done = putInBlocks(requests, 'key', cutIntoParts(source(), partBytes), limit);
      let isDone = false;
      void done.then(() => {
        isDone = true;
      });
      while (!isDone) {
        for (let turn = 0; turn < 5; turn += 1) await settle();
        expect(held.length).toBeLessThanOrEqual(limit);
        if (held.length > 0) confirmed += partBytes;
        // The last one that began is answered first: the order of answers must not matter.
        held.pop()?.();
      }
      expect((await done).sizeBytes).toBe(12_000);
      expect(worst).toBeLessThanOrEqual(limit * partBytes);
      expect(waiting.most, 'the blocks do go up side by side').toBe(limit);
      const [list = []] = committed;
      expect(list).toEqual(list.toSorted());
      expect(new Set(list)).toEqual(new Set(staged));
      expect(new Set(list.map((id) => Buffer.from(id, 'base64').length))).toEqual(new Set([20]));
    },
  );
});

describe('large puts on Azure', () => {
  let world: AzureWorld;
  let folders = 0;
  const key = () => {
    folders += 1;
    return `case-${folders}/object`;
  };
  const open = (isRefusing = false) =>
    createAzureObjectStore({
      location: world.location,
      credential: world.ownerCredential,
      clock: world.clock,
      partBytes: PART,
      parallelParts: 2,
      refusesExpired: isRefusing,
    });

  beforeAll(async () => {
    world = await azureWorld({ scopeKind: 'directory' });
  });
  afterAll(async () => world.close());

  test.each([
    ['of the catalogue', new FortnightError('source.unreadable', 'as told'), 'source.unreadable'],
    ['of anybody', new Error('as told'), 'unknown'],
  ])(
    'an error %s in the source is told, not the blocks that it stopped',
    async (_name, error, code) => {
      const store = open();
      async function* source() {
        yield pattern(3 * PART);
        throw error;
      }
      const name = key();
      const thrown = await store.putStream(name, source()).catch((problem: unknown) => problem);
      expect(thrown).toMatchObject({ code, detail: 'as told' });
      expect(await store.head(name)).toBeNull();
      store.close();
    },
  );

  test('a put is made of its own blocks, whoever else puts up blocks of the key meanwhile', async () => {
    const name = key();
    const store = open();
    const [own, other] = [pattern(3 * PART), pattern(3 * PART + 1)];
    const staged = () => world.requests.filter((request) => request.operation === 'PutBlock');
    async function* disturbing() {
      const before = staged().length;
      yield other.subarray(0, 2 * PART);
      // Both of its blocks are there before it gives up.
      while (staged().length < before + 2) await settle();
      throw new Error('as told');
    }
    async function* source() {
      const before = staged().length;
      yield own.subarray(0, 2 * PART);
      while (staged().length < before + 2) await settle();
      expect(await codeOf(store.putStream(name, disturbing()))).toBe('unknown');
      yield own.subarray(2 * PART);
    }
    await store.putStream(name, source());
    expect(Buffer.compare(await store.get(name), own)).toBe(0);
    store.close();
  });

  test('two puts of one key at once: one of them whole, never a mixture', async () => {
    const name = key();
    const store = open();
    const bodies = [pattern(5 * PART), pattern(4 * PART + 1)];
    const ends = await Promise.all(bodies.map((body) => codeOf(store.put(name, body))));
    // The first commit throws away the other's blocks, which is then told as `upload.missing`.
    expect(ends).toContain('resolved');
    for (const end of ends) expect(['resolved', 'upload.missing']).toContain(end);
    const stored = await store.get(name);
    expect(bodies.some((body) => Buffer.compare(body, stored) === 0)).toBe(true);
    store.close();
  });

  test.each([
    ['the second block', { operation: 'PutBlock', nth: 2 }],
    ['the commit', { operation: 'PutBlockList', nth: 1 }],
  ])('%s fails: what was there stays, and the sweep finds the rest (I75)', async (_name, rule) => {
    const [fresh, old] = [key(), key()];
    const store = open();
    await store.put(old, pattern(10));
    for (const name of [fresh, old]) {
      world.storage.faults.clear();
      world.storage.faults.add({ ...rule, kind: 'error', code: 'InternalError', status: 500 });
      expect(await codeOf(store.put(name, pattern(6 * PART)))).toBe('storage.unavailable');
    }
    world.storage.faults.clear();
    expect(await store.head(fresh)).toBeNull();
    expect((await store.head(old))?.sizeBytes).toBe(10);
    expect(await keysOf(store.list(fresh))).toEqual([]);
    expect(await store.abortUploads(fresh.replace('object', ''))).toBe(1);
    expect(await store.abortUploads(fresh.replace('object', ''))).toBe(0);
    expect(await codeOf(store.get(fresh))).toBe('object.missing');
    expect(await store.abortUploads(old), 'behind an object they are not listed').toBe(0);
    expect((await store.head(old))?.sizeBytes).toBe(10);
    await store.put(old, pattern(3 * PART));
    expect((await store.head(old))?.sizeBytes).toBe(3 * PART);
    store.close();
  });

  test('a sweep that is cut between its two requests leaves no object, and the next one heals', async () => {
    const name = key();
    const store = open();
    const { faults } = world.storage;
    faults.add({
      kind: 'error',
      operation: 'PutBlockList',
      nth: 1,
      code: 'ServerBusy',
      status: 503,
    });
    expect(await codeOf(store.put(name, pattern(3 * PART)))).toBe('storage.throttled');
    faults.clear();
    faults.add({ kind: 'reset', operation: 'DeleteBlob', nth: 1 });
    expect(await codeOf(store.abortUploads(name))).toBe('storage.unreachable');
    faults.clear();
    expect(await store.head(name), 'the mark is no object').toBeNull();
    expect(await codeOf(store.get(name))).toBe('object.missing');
    expect(await keysOf(store.list(name))).toEqual([]);
    expect(await store.abortUploads(name)).toBe(0);
    await store.put(name, pattern(1), { ifAbsent: true });
    expect((await store.head(name))?.sizeBytes).toBe(1);
    store.close();
  });

  test('the sweep leaves objects alone, also empty ones', async () => {
    const name = key();
    const store = open();
    await store.put(name, new Uint8Array(0));
    expect(await store.abortUploads(name)).toBe(0);
    expect((await store.head(name))?.sizeBytes).toBe(0);
    store.close();
  });

  test('create-only: refused before a block goes up, and again by the commit', async () => {
    const name = key();
    const store = open();
    await store.put(name, pattern(1));
    const before = world.requests.length;
    const large = () => streamOf(pattern(4 * PART), 10_000);
    expect(await codeOf(store.putStream(name, large(), { ifAbsent: true }))).toBe(
      'object.conflict',
    );
    const operations = world.requests.slice(before).map(({ operation }) => operation);
    expect(operations).toEqual(['GetBlobProperties']);
    const other = key();
    const race = async function* () {
      yield* large();
      await store.put(other, pattern(2));
    };
    expect(await codeOf(store.putStream(other, race(), { ifAbsent: true }))).toMatch(
      /^(object.conflict|upload.missing)$/,
    );
    expect((await store.head(other))?.sizeBytes).toBe(2);
    store.close();
  });
});

describe('expiry in the middle (C15, C16)', () => {
  let world: AzureWorld;
  const scope = { repository: 'vault', tenant: 'acme', subtenant: null };
  const OWN = 'Veeam/Backup/vault/Clients/acme/';
  const BLOCKS = 7;

  beforeAll(async () => {
    world = await azureWorld({ scopeKind: 'directory' });
  });
  afterAll(async () => world.close());

  /** A store whose clock passes the end of the credential just before its nth request. */
  async function dying(generation: number, nth: number) {
    const start = world.clock.now();
    const request = { scope, generation, lifetimeMs: 60_000, at: start };
    const credential = await world.issuer.issue(request);
    let asked = 0;
    const clock = {
      ...world.clock,
      now: () => {
        asked += 1;
        return asked < nth ? start : credential.expiresAt;
      },
    };
    const { location } = world;
    return createAzureObjectStore({
      location,
      credential,
      clock,
      partBytes: PART,
      parallelParts: 1,
    });
  }

  async function renewed(generation: number) {
    const at = world.clock.now();
    const request = { scope, generation, lifetimeMs: 60_000, at };
    const credential = await world.issuer.issue(request);
    return createAzureObjectStore({
      location: world.location,
      credential,
      clock: world.clock,
      partBytes: PART,
    });
  }

  // Of a put: one instant is read before each of its blocks and before the commit.
  test.each(Array.from({ length: BLOCKS + 1 }, (_, index) => index + 1))(
    'a put whose credential ends before request %d starts no more; a new one finishes it',
    async (nth) => {
      const key = `${OWN}put-${nth}`;
      const body = pattern((BLOCKS - 1) * PART + 5);
      const store = await dying(2 * nth, nth);
      const before = world.requests.length;
      expect(await codeOf(store.put(key, body))).toBe('credential.expired');
      expect(world.requests.slice(before)).toHaveLength(nth - 1);
      const fresh = await renewed(2 * nth + 1);
      expect(await fresh.head(key), 'nothing half-made').toBeNull();
      await fresh.put(key, body);
      expect(Buffer.compare(await fresh.get(key), body)).toBe(0);
      store.close();
      fresh.close();
    },
  );

  test.each([1, 2, 3])('reading: request %d is not started either', async (nth) => {
    const fresh = await renewed(100 + nth);
    await fresh.put(`${OWN}read`, pattern(1000));
    const store = await dying(200 + nth, nth);
    const before = world.requests.length;
    const codes: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) codes.push(await codeOf(store.get(`${OWN}read`)));
    expect(codes).toEqual(
      Array.from({ length: 3 }, (_, index) =>
        index + 1 < nth ? 'resolved' : 'credential.expired',
      ),
    );
    expect(world.requests.slice(before)).toHaveLength(nth - 1);
    expect(await fresh.get(`${OWN}read`)).toHaveLength(1000);
    store.close();
    fresh.close();
  });

  test('a listing that has begun asks for no further page after the end', async () => {
    const fresh = await renewed(300);
    for (const name of ['a/1', 'b/1', 'c/1']) await fresh.put(`${OWN}list/${name}`, pattern(1));
    const store = await dying(301, 3);
    const keys: string[] = [];
    const listing = (async () => {
      for await (const { key } of store.list(`${OWN}list/`)) keys.push(key);
    })();
    expect(await codeOf(listing)).toBe('credential.expired');
    expect(keys).toEqual([`${OWN}list/a/1`]);
    store.close();
    fresh.close();
  });

  test('a body that has begun comes whole although the credential ends meanwhile', async () => {
    const at = world.clock.now();
    const request = { scope, generation: 400, lifetimeMs: 60_000, at };
    const credential = await world.issuer.issue(request);
    const { clock, location } = world;
    const store = createAzureObjectStore({ location, credential, clock, partBytes: PART });
    await store.put(`${OWN}long`, pattern(3_000_000));
    let bytes = 0;
    for await (const chunk of await store.getStream(`${OWN}long`)) {
      world.clock.advanceTo(credential.expiresAt);
      bytes += chunk.byteLength;
    }
    expect(bytes).toBe(3_000_000);
    expect(await codeOf(store.get(`${OWN}long`))).toBe('credential.expired');
    store.close();
  });
});
