import { beforeEach, describe, expect, test } from 'vitest';
import { withExpiryGate } from '../../../adapters/wrap/expiry-gate.ts';
import { withFaults } from '../../../adapters/wrap/faults.ts';
import { withRetry } from '../../../adapters/wrap/retry.ts';
import { type StoreTraceRecord, withTrace } from '../../../adapters/wrap/trace.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import type { VirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { describeObjectStoreContract } from '../../contract/object-store.contract.ts';
import { bytesOf, codeOf, keysOf, pattern, streamOf } from '../../contract/store-content.ts';
import type { StoreWorld } from '../../contract/store-world.ts';
import { memoryWorld } from '../../contract/worlds.ts';

async function wrappedWorld(): Promise<StoreWorld> {
  const world = await memoryWorld();
  const { clock } = world;
  const wrap = (store: ObjectStore) =>
    withRetry(
      withTrace(withFaults(withExpiryGate(store, { clock, expiresAt: null }), [], clock), {
        clock,
        generation: 1,
        onRecord() {},
      }),
      { clock, random: () => 0, attemptsMax: 1 },
    );
  return {
    ...world,
    owner: wrap(world.owner),
    storeFor: (credential) => wrap(world.storeFor(credential)),
  };
}

// A decorated store is a store: all four together keep the contract.
describeObjectStoreContract('memory in all decorators', wrappedWorld);

let clock: VirtualClock;
let inner: ObjectStore;

beforeEach(async () => {
  const world = await memoryWorld();
  clock = world.clock;
  inner = world.owner;
});

describe('withExpiryGate', () => {
  test.each([
    [0, -1, 'resolved'],
    [0, 0, 'credential.expired'],
    [0, 1, 'credential.expired'],
    [5000, -5001, 'resolved'],
    [5000, -5000, 'credential.expired'],
  ])('C16 margin %d ms, %d ms from the end: %s', async (marginMs, offsetMs, expected) => {
    const expiresAt = clock.now() + 10_000;
    const store = withExpiryGate(inner, { clock, expiresAt, marginMs });
    clock.advanceTo(expiresAt + offsetMs);
    expect(await codeOf(store.put('key', pattern(1)))).toBe(expected);
    expect(await codeOf(store.head('key'))).toBe(expected);
    expect(await codeOf(store.remove(['key']))).toBe(expected);
    expect(await codeOf(keysOf(store.list('')))).toBe(expected);
    expect(await codeOf(store.putStream('key', streamOf(pattern(1), 1)))).toBe(expected);
  });

  test('I43 a credential without an end passes', async () => {
    const store = withExpiryGate(inner, { clock, expiresAt: null });
    expect(await codeOf(store.put('key', pattern(1)))).toBe('resolved');
  });
});

describe('withFaults', () => {
  test('fires at the nth matching call, as often as told, and counts', async () => {
    const store = withFaults(
      inner,
      [
        {
          operation: 'put',
          keyPrefix: 'a/',
          nth: 2,
          repeat: 2,
          effect: { kind: 'error', code: 'storage.full' },
        },
        { operation: 'get', nth: 1, effect: { kind: 'error', code: 'access.denied' } },
      ],
      clock,
    );
    const codes: string[] = [];
    for (const key of ['a/1', 'b/1', 'a/2', 'b/2', 'a/3', 'a/4']) {
      codes.push(await codeOf(store.put(key, pattern(1))));
    }
    const full = 'storage.full';
    expect(codes).toEqual(['resolved', 'resolved', full, 'resolved', full, 'resolved']);
    expect(store.fired(), 'the second has tested nothing').toEqual([2, 0]);
    expect(await keysOf(inner.list('a/'))).toEqual(['a/1', 'a/4']);
  });

  test('a delay passes on the clock; a lost reply has its effect', async () => {
    const store = withFaults(
      inner,
      [
        { operation: 'put', nth: 1, effect: { kind: 'delay', delayMs: 3000 } },
        { operation: 'put', nth: 1, effect: { kind: 'lostReply', code: 'storage.unreachable' } },
      ],
      clock,
    );
    const startedAt = clock.now();
    const call = codeOf(store.put('key', pattern(1)));
    expect(await inner.head('key')).toBeNull();
    clock.advanceTo(startedAt + 3000);
    expect(await call).toBe('storage.unreachable');
    expect((await inner.head('key'))?.modifiedAt).toBe(startedAt + 3000);
  });
});

describe('withTrace', () => {
  test('one record a call, with bytes, instants, status and generation, and nothing else', async () => {
    const records: StoreTraceRecord[] = [];
    const onRecord = (record: StoreTraceRecord) => void records.push(record);
    const slow = withFaults(
      inner,
      [{ operation: 'put', nth: 1, effect: { kind: 'delay', delayMs: 70 } }],
      clock,
    );
    const store = withTrace(slow, { clock, generation: 3, onRecord });
    const at = clock.now();
    const put = store.put('key', pattern(10));
    clock.advanceTo(at + 70);
    await put;
    await store.putStream('stream', streamOf(pattern(25), 10));
    await store.get('key');
    await bytesOf(await store.getStream('stream'));
    await codeOf(store.get('none'));
    await codeOf(store.getStream('none'));
    await store.head('key');
    await keysOf(store.list(''));
    await store.remove(['key', 'stream']);
    const shown = records.map(({ operation, key, bytes, status }) =>
      [operation, key, bytes, status].join(' '),
    );
    expect(shown).toEqual([
      'put key 10 ok',
      'putStream stream 25 ok',
      'get key 10 ok',
      'getStream stream 25 ok',
      'get none 0 object.missing',
      'getStream none 0 object.missing',
      'head key 0 ok',
      'list  0 ok',
      'remove key 0 ok',
    ]);
    expect(records[0]).toEqual({
      operation: 'put',
      key: 'key',
      bytes: 10,
      startedAt: at,
      endedAt: at + 70,
      status: 'ok',
      generation: 3,
    });
  });
});
