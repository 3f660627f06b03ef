import { afterEach, expect, test } from 'vitest';
import { createMoverStore, createStore } from '../../../adapters/compose/stores.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { codeOf, pattern } from '../../contract/store-content.ts';
import { hmacWorld } from '../gcs/issuers.ts';
import type { GcsWorld } from '../gcs/world.ts';

const SCOPE = { repository: 'vault', tenant: 'T1', subtenant: null };
const KEY = 'Veeam/Backup/vault/Clients/T1/object';

let world: GcsWorld;
afterEach(async () => world.close());

/** An HMAC key of a tenant that the storage knows `lateMs` after it was made. */
async function issued(lateMs: number): Promise<StorageCredential> {
  world = await hmacWorld();
  const operation = 'storage.projects.hmacKeys.create';
  if (lateMs > 0) {
    world.storage.faults.add({ kind: 'delayKeyPropagation', ms: lateMs, operation, nth: 1 });
  }
  const at = world.clock.now();
  return world.issuer.issue({ scope: SCOPE, generation: 1, lifetimeMs: DAY_MS, at });
}

/** Jumps to whatever is waited for. */
function jumpingClock(): Clock {
  return {
    now: () => world.clock.now(),
    wakeAt(dueAt, wake) {
      queueMicrotask(() => {
        world.clock.advanceTo(Math.max(dueAt, world.clock.now()));
        wake();
      });
      return () => {};
    },
  };
}

test('an HMAC key of Google opens the XML API, a token the JSON API', async () => {
  const credential = await issued(0);
  const store = createStore(world.location, credential, world.clock);
  await store.put(KEY, pattern(10));
  expect(store.properties).toMatchObject({ name: 'gcs-xml', deleteBatchMax: 1 });
  expect(await store.get(KEY)).toHaveLength(10);
  await store.remove([KEY]);
  store.close();
  const { tokenUrl } = world.storage;
  const owner = createStore({ ...world.location, tokenUrl }, world.ownerCredential, world.clock);
  expect(await owner.head(KEY)).toBeNull();
  expect(owner.properties.name).toBe('gcs');
  owner.close();
});

test.each([
  [3 * MINUTE_MS - 30 * SECOND_MS, 'resolved'],
  [4 * MINUTE_MS, 'credential.unknownKey'],
] as const)('C19 a key that is known %d ms after its issue: %s', async (lateMs, expected) => {
  const credential = await issued(lateMs);
  const store = createMoverStore(world.location, credential, {
    clock: world.clock,
    waitClock: jumpingClock(),
    random: () => 1,
    onUse: () => {},
  });
  const issuedAt = world.clock.now();
  expect(await codeOf(store.put(KEY, pattern(1)))).toBe(expected);
  expect(world.clock.now() - issuedAt).toBeGreaterThanOrEqual(Math.min(lateMs, 3 * MINUTE_MS));
  store.close();
});

test('C16, I37: no attempt starts when the one before has outlived the credential', async () => {
  const credential = await issued(2 * DAY_MS);
  const expiresAt = credential.expiresAt ?? 0;
  world.clock.advanceTo(expiresAt - MINUTE_MS);
  const started: number[] = [];
  const store = createMoverStore(world.location, credential, {
    clock: world.clock,
    waitClock: jumpingClock(),
    random: () => 1,
    onUse: ({ startedAt }) => started.push(startedAt),
  });
  expect(await codeOf(store.put(KEY, pattern(1)))).toBe('credential.expired');
  expect(started.length).toBeGreaterThan(1);
  expect(Math.max(...started)).toBeLessThan(expiresAt);
  store.close();
});
