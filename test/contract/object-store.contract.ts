import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { seeded } from '../support/seed.ts';
import { bytesOf, codeOf, keysOf, pattern, streamOf } from './store-content.ts';
import { PART_BYTES, type StoreWorld, type StoreWorldFactory } from './store-world.ts';

export interface ObjectStoreDivergences {
  /** Create-only puts are atomic; else only one after the other is tested. */
  readonly hasAtomicCreate?: boolean;
  /**
   * The storage cannot abort: parts of a failed put stay, seen by nobody, until they end by
   * themselves or `abortUploads` throws them away.
   */
  readonly leavesParts?: boolean;
  /** Keys that the storage's addresses cannot name. */
  readonly isNameless?: (key: string) => boolean;
}

/** Every implementation of the ObjectStore port runs this; what it says is in the port's text. */
export function describeObjectStoreContract(
  name: string,
  createWorld: StoreWorldFactory,
  divergences: ObjectStoreDivergences = {},
): void {
  describe(`object store contract: ${name}`, () => {
    let world: StoreWorld;
    let store: ObjectStore;
    let folders = 0;
    const folder = () => {
      folders += 1;
      return `case-${folders}/`;
    };
    const hasAtomicCreate = divergences.hasAtomicCreate ?? true;
    /** I75: a failed large put has left no object, and nothing that a sweep does not find. */
    const expectSwept = async (key: string) => {
      expect(await store.head(key)).toBeNull();
      const leftMax = divergences.leavesParts === true ? 1 : 0;
      expect(await store.abortUploads(key)).toBeLessThanOrEqual(leftMax);
      expect(await store.head(key)).toBeNull();
    };

    beforeAll(async () => {
      world = await createWorld();
      store = world.owner;
    });
    afterAll(async () => world.close());

    test.each([0, 1, 1000, 70_000, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1])(
      'put and get give %d bytes back, head agrees with put',
      async (size) => {
        const key = `${folder()}object`;
        const body = pattern(size);
        const put = await store.put(key, body);
        expect(put).toMatchObject({ key, sizeBytes: size });
        expect(put.etag).not.toBe('');
        expect(Buffer.compare(await store.get(key), body)).toBe(0);
        const head = await store.head(key);
        expect(head).toMatchObject({ key, sizeBytes: size, etag: put.etag });
      },
    );

    test.each([
      ['no bytes', 0, 1000],
      ['less than a part', 12_345, 1000],
      ['exactly a part', PART_BYTES, 65_536],
      ['three parts in odd chunks', 2 * PART_BYTES + 1_000_003, 99_991],
      ['three parts in one chunk', 2 * PART_BYTES + 17, 3 * PART_BYTES],
    ])('putStream stores a stream whole: %s', async (_name, size, chunkBytes) => {
      const key = `${folder()}stream`;
      const body = pattern(size);
      const put = await store.putStream(key, streamOf(body, chunkBytes));
      expect(put).toMatchObject({ key, sizeBytes: size });
      expect(Buffer.compare(await bytesOf(await store.getStream(key)), body)).toBe(0);
      expect((await store.head(key))?.etag).toBe(put.etag);
      expect(await store.abortUploads(key)).toBe(0);
    });

    test('a source that reuses its buffer is stored right', async () => {
      const key = `${folder()}reused`;
      const shared = new Uint8Array(1000);
      async function* source() {
        for (let round = 0; round < 10; round += 1) {
          shared.fill(round);
          yield shared;
        }
      }
      await store.putStream(key, source());
      const stored = await store.get(key);
      expect([stored[0], stored[1500], stored[9999]]).toEqual([0, 1, 9]);
    });

    test('what is not there: head null, get and getStream object.missing', async () => {
      const key = `${folder()}missing`;
      expect(await store.head(key)).toBeNull();
      expect(await codeOf(store.get(key))).toBe('object.missing');
      expect(await codeOf(store.getStream(key))).toBe('object.missing');
    });

    test('ranges give just their bytes; outside of the object is request.invalid', async () => {
      const key = `${folder()}ranged`;
      const body = pattern(10_000);
      await store.put(key, body);
      const part = await store.get(key, { range: { start: 10, endInclusive: 19 } });
      expect(Buffer.from(part)).toEqual(Buffer.from(body.subarray(10, 20)));
      const tail = await store.get(key, { range: { start: 9_990, endInclusive: 20_000 } });
      expect(Buffer.from(tail)).toEqual(Buffer.from(body.subarray(9_990)));
      const outside = store.get(key, { range: { start: 10_000, endInclusive: 10_001 } });
      expect(await codeOf(outside)).toBe('request.invalid');
    });

    test('a second put replaces, a create-only put does not (object.conflict)', async () => {
      const key = `${folder()}twice`;
      await store.put(key, pattern(10));
      await store.put(key, pattern(20));
      expect((await store.head(key))?.sizeBytes).toBe(20);
      expect(await codeOf(store.put(key, pattern(30), { ifAbsent: true }))).toBe('object.conflict');
      const large = streamOf(pattern(PART_BYTES + 5), 1_000_000);
      expect(await codeOf(store.putStream(key, large, { ifAbsent: true }))).toBe('object.conflict');
      expect((await store.head(key))?.sizeBytes).toBe(20);
      expect(await store.abortUploads(key)).toBe(0);
    });

    test.skipIf(!hasAtomicCreate)('of five create-only puts at once exactly one wins', async () => {
      const key = `${folder()}race`;
      const attempts = [1, 2, 3, 4, 5].map((size) =>
        store.put(key, pattern(size), { ifAbsent: true }).then(
          (info) => info.sizeBytes,
          (thrown: FortnightError) => thrown.code,
        ),
      );
      const results = await Promise.all(attempts);
      const winners = results.filter((result) => typeof result === 'number');
      expect(winners).toHaveLength(1);
      expect(results.filter((result) => result === 'object.conflict')).toHaveLength(4);
      expect((await store.head(key))?.sizeBytes).toBe(winners[0]);
    });

    test('list gives keys in UTF-8 order, each once, past the size of one page', async () => {
      const base = folder();
      const names = Array.from({ length: 1_050 }, (_, index) => `n${(index * 7919) % 1_050}`);
      const odd = [
        '~',
        'ä',
        '\u{ffee}',
        '\u{1f600}',
        'a b',
        'a+b',
        'a%2Fb',
        '"\'&<>',
        '*?$',
        'A/b/',
      ];
      await Promise.all([...names, ...odd].map((key) => store.put(base + key, pattern(1))));
      const sorted = [...names, ...odd].sort((a, b) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      );
      const keys = await keysOf(store.list(base));
      expect(keys).toEqual(sorted.map((key) => base + key));
      const after = await keysOf(store.list(base, { startAfter: `${base}n500` }));
      expect(after).toEqual(sorted.map((key) => base + key).slice(sorted.indexOf('n500') + 1));
      for (const key of odd) {
        expect((await store.get(base + key)).byteLength, JSON.stringify(key)).toBe(1);
      }
    });

    test('I44 list takes the prefix literally: T1/ does not give T10/', async () => {
      const base = folder();
      for (const key of ['T1/a', 'T10/b', 'T1', 'T1/c']) await store.put(base + key, pattern(1));
      expect(await keysOf(store.list(`${base}T1/`))).toEqual([`${base}T1/a`, `${base}T1/c`]);
      expect(await keysOf(store.list(`${base}nothing`))).toEqual([]);
    });

    test('remove takes many keys, missing ones and the same one twice', async () => {
      const base = folder();
      const keys = Array.from({ length: 30 }, (_, index) => `${base}a&<${index}> ü`);
      await Promise.all(keys.map((key) => store.put(key, pattern(1))));
      await store.put(`${base}stays`, pattern(1));
      await store.remove([]);
      await store.remove([`${base}missing`]);
      await store.remove([...keys, `${base}missing`, keys[0] ?? '']);
      expect(await keysOf(store.list(base))).toEqual([`${base}stays`]);
    });

    test.each([
      ['the first part', 100_000],
      ['the third part', 2 * PART_BYTES + 10],
    ])('a source that fails in %s leaves no object and no upload (I75)', async (_name, failsAt) => {
      const key = `${folder()}broken`;
      async function* source() {
        yield* streamOf(pattern(failsAt), 1_000_000);
        throw new FortnightError('source.unreadable', 'as told');
      }
      expect(await codeOf(store.putStream(key, source()))).toBe('source.unreadable');
      await expectSwept(key);
    });

    test('a signal stops a large put with session.cancelled and leaves nothing', async () => {
      const key = `${folder()}stopped`;
      const controller = new AbortController();
      async function* source() {
        yield* streamOf(pattern(PART_BYTES + 10), 1_000_000);
        controller.abort();
        yield pattern(PART_BYTES);
      }
      const put = store.putStream(key, source(), { signal: controller.signal });
      expect(await codeOf(put)).toBe('session.cancelled');
      await expectSwept(key);
      const late = store.put(key, pattern(10), { signal: controller.signal });
      expect(await codeOf(late)).toBe('session.cancelled');
      expect(await codeOf(store.get(key, { signal: controller.signal }))).toBe('session.cancelled');
    });

    test('a stream that is left early harms nobody', async () => {
      const key = `${folder()}left`;
      await store.put(key, pattern(3_000_000));
      for (let round = 0; round < 40; round += 1) {
        for await (const chunk of await store.getStream(key)) {
          expect(chunk.byteLength).toBeGreaterThan(0);
          break;
        }
      }
      expect((await store.get(key)).byteLength).toBe(3_000_000);
    });

    test('always: what is put under any key comes back', async () => {
      const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
      // Dot segments are resolved by some HTTP clients; names refuse them (§6).
      const isNameless = divergences.isNameless ?? (() => false);
      const plain = key.filter(
        (text) => !/^\.{1,2}$/.test(text) && text.isWellFormed() && !isNameless(text),
      );
      const base = folder();
      await fc.assert(
        fc.asyncProperty(plain, fc.uint8Array({ maxLength: 2000 }), async (text, body) => {
          await store.put(base + text, body);
          expect(Buffer.compare(await store.get(base + text), body)).toBe(0);
          expect(await keysOf(store.list(base + text))).toContain(base + text);
        }),
        seeded({ numRuns: 40 }),
      );
    });

    test('a closed store rejects and does not hang', async () => {
      const closed = world.storeFor(world.ownerCredential);
      await closed.put(`${folder()}before`, pattern(1));
      closed.close();
      expect(await codeOf(closed.put('after', pattern(1)))).toBe('storage.unreachable');
      expect(await codeOf(closed.get('after'))).toBe('storage.unreachable');
    });

    test('the objects that a listing shows are what head shows', async () => {
      const base = folder();
      await store.put(`${base}one`, pattern(11));
      const listed: ObjectInfo[] = [];
      for await (const info of store.list(base)) listed.push(info);
      expect(listed).toEqual([await store.head(`${base}one`)]);
    });
  });
}
