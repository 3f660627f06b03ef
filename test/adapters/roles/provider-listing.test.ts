import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ListAsked,
  withProviderListing,
} from '../../../adapters/roles/mover/provider-listing.ts';
import type { ObjectInfo, ObjectStore } from '../../../machines/ports/object-store.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { DAY_MS } from '../../../machines/rules/time.ts';
import { bytesOf, codeOf, keysOf, pattern, streamOf } from '../../contract/store-content.ts';
import { PART_BYTES } from '../../contract/store-world.ts';
import { hmacWorld } from '../gcs/issuers.ts';
import type { GcsWorld } from '../gcs/world.ts';

const SCOPE = { repository: 'vault', tenant: 'T1', subtenant: null };
const OWN = 'Veeam/Backup/vault/Clients/T1/';
const FOREIGN = 'Veeam/Backup/vault/Clients/T10/secret';

/**
 * The stricter reading of Google's documents: who may not list is never told that a key is missing. The
 * simulated storage tells it below the own folder.
 */
function tellsNothing(store: ObjectStore): ObjectStore {
  const denied = () => new FortnightError('access.denied', 'HTTP 403');
  const hidden = async <Result>(run: Promise<Result>): Promise<Result> =>
    run.catch((thrown: FortnightError) => {
      throw thrown.code === 'object.missing' ? denied() : thrown;
    });
  const head = async (key: string) => {
    const info = await store.head(key);
    if (info === null) throw denied();
    return info;
  };
  return {
    ...store,
    head,
    get: (key, options) => hidden(store.get(key, options)),
    getStream: (key, options) => hidden(store.getStream(key, options)),
    async put(key, body, options) {
      if (options?.ifAbsent === true) await head(key);
      return store.put(key, body, options);
    },
    async putStream(key, body, options) {
      if (options?.ifAbsent === true) await head(key);
      return store.putStream(key, body, options);
    },
    async remove(keys) {
      for (const key of keys) await head(key);
      await store.remove(keys);
    },
  };
}

/** An HMAC key of Google, whose condition never covers a listing, and an SP that lists. */
describe('a store that the SP lists for', () => {
  let world: GcsWorld;
  let bare: ObjectStore;
  let store: ObjectStore;
  let asked: ListAsked[] = [];

  beforeAll(async () => {
    world = await hmacWorld();
    await world.owner.put(FOREIGN, pattern(8));
    const at = world.clock.now();
    const credential = await world.issuer.issue({
      scope: SCOPE,
      generation: 1,
      lifetimeMs: DAY_MS,
      at,
    });
    bare = tellsNothing(world.storeFor(credential));
    store = withProviderListing(bare, async (page) => {
      asked.push(page);
      const { prefix, startAfter, limit } = page;
      if (!prefix.startsWith(OWN)) throw new FortnightError('access.denied', 'as the SP does');
      const objects: ObjectInfo[] = [];
      for await (const object of world.owner.list(prefix, startAfter ? { startAfter } : {})) {
        objects.push(object);
        if (objects.length === limit) return { objects, isLast: false };
      }
      return { objects, isLast: true };
    });
  });
  afterAll(async () => world.close());

  test('what the credential alone is denied below its own folder', async () => {
    const missing = `${OWN}missing`;
    const calls = [
      bare.head(missing),
      bare.get(missing),
      bare.remove([missing]),
      bare.put(missing, pattern(1), { ifAbsent: true }),
      keysOf(bare.list(OWN)),
    ];
    expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'access.denied'));
  });

  test('a missing own object is missing, and may be removed', async () => {
    const missing = `${OWN}missing`;
    expect(await store.head(missing)).toBeNull();
    expect(await codeOf(store.get(missing))).toBe('object.missing');
    expect(await codeOf(store.getStream(missing))).toBe('object.missing');
    await store.put(`${OWN}there`, pattern(1));
    await store.remove([missing, `${OWN}there`, `${missing}-too`]);
    expect(await world.owner.head(`${OWN}there`)).toBeNull();
  });

  test('create-only puts look through the SP: one wins, the other is object.conflict', async () => {
    const keys = [`${OWN}small`, `${OWN}large`, `${OWN}stream`] as const;
    const bodies = [pattern(10), pattern(PART_BYTES + 1)] as const;
    const put = () => [
      store.put(keys[0], bodies[0], { ifAbsent: true }),
      store.put(keys[1], bodies[1], { ifAbsent: true }),
      store.putStream(keys[2], streamOf(bodies[1], 100_000), { ifAbsent: true }),
    ];
    await Promise.all(put());
    expect(await Promise.all(put().map(codeOf))).toEqual(keys.map(() => 'object.conflict'));
    expect(await bytesOf(await store.getStream(keys[2]))).toHaveLength(PART_BYTES + 1);
  });

  test('a listing of several pages gives every key once, in order, behind the last one', async () => {
    const keys = Array.from(
      { length: 1_001 },
      (_, index) => `${OWN}many/${String(index).padStart(5, '0')}`,
    );
    await Promise.all(keys.map((key) => world.owner.put(key, pattern(1))));
    asked = [];
    expect(await keysOf(store.list(`${OWN}many/`))).toEqual(keys);
    expect(asked.map(({ startAfter }) => startAfter)).toEqual([null, keys[999]]);
    expect(await keysOf(store.list(`${OWN}many/`, { startAfter: keys[998] ?? '' }))).toEqual(
      keys.slice(999),
    );
  });

  test('I44 what is foreign stays denied, and is not told as missing', async () => {
    for (const key of [FOREIGN, `${FOREIGN}-missing`]) {
      const calls = [
        store.head(key),
        store.get(key),
        store.remove([key]),
        store.put(key, pattern(1)),
        store.put(key, pattern(1), { ifAbsent: true }),
        keysOf(store.list(key)),
      ];
      expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'access.denied'));
    }
    expect((await world.owner.head(FOREIGN))?.sizeBytes).toBe(8);
  });

  test('an SP that cannot answer is told, not taken for a missing object', async () => {
    const broken = withProviderListing(bare, async () => {
      throw new FortnightError('storage.unavailable');
    });
    expect(await codeOf(broken.head(`${OWN}missing`))).toBe('storage.unavailable');
  });
});
