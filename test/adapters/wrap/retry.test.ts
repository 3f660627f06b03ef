import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryBucket } from '../../../adapters/memory/bucket.ts';
import { createMemoryObjectStore } from '../../../adapters/memory/object-store.ts';
import {
  type BackoffOptions,
  nextWaitMs,
  type RetryRecord,
} from '../../../adapters/wrap/backoff.ts';
import { type StoreFault, withFaults } from '../../../adapters/wrap/faults.ts';
import { withRetry } from '../../../adapters/wrap/retry.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import { ERROR_CATALOGUE, type ErrorCode, FortnightError } from '../../../machines/rules/errors.ts';
import { createVirtualClock, type VirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { codeOf, keysOf, pattern, streamOf } from '../../contract/store-content.ts';
import { seeded } from '../../support/seed.ts';

const credential: StorageCredential = {
  kind: 's3-keys',
  keyId: 'owner',
  secretKey: new Secret('s'),
  sessionToken: null,
  generation: 0,
  expiresAt: null,
};

let clock: VirtualClock;
let bucket: MemoryBucket;
let retries: RetryRecord[];

beforeEach(() => {
  clock = createVirtualClock(0);
  bucket = new MemoryBucket(credential);
  retries = [];
});

function open(faults: readonly StoreFault[], options: Partial<BackoffOptions> = {}) {
  const faulty = withFaults(createMemoryObjectStore({ bucket, credential, clock }), faults, clock);
  const store = withRetry(faulty, {
    clock,
    random: () => 0.5,
    onRetry: (retry) => void retries.push(retry),
    ...options,
  });
  return { store, fired: faulty.fired };
}

/** Moves the clock from wake-up to wake-up until the call has ended. */
async function finish<Result>(call: Promise<Result>): Promise<Result> {
  let isDone = false;
  const done = call.finally(() => {
    isDone = true;
  });
  done.catch(() => undefined);
  while (!isDone) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (!isDone && !clock.fireNext()) break;
  }
  return done;
}

const error = (code: ErrorCode, nth = 1, repeat = 1): StoreFault => ({
  operation: 'any',
  nth,
  repeat,
  effect: { kind: 'error', code },
});

describe('withRetry', () => {
  test('tries again with doubled waits and then succeeds', async () => {
    const { store, fired } = open([error('storage.unavailable', 1, 3)]);
    await finish(store.put('key', pattern(5)));
    expect(bucket.object('key')?.bytes).toHaveLength(5);
    expect(retries.map(({ waitMs }) => waitMs)).toEqual([100, 200, 400]);
    expect(clock.now()).toBe(700);
    expect(fired()).toEqual([3]);
  });

  test('gives up after attemptsMax with the last error', async () => {
    const { store, fired } = open([error('storage.unreachable', 1, 99)], { attemptsMax: 4 });
    expect(await codeOf(finish(store.get('key')))).toBe('storage.unreachable');
    expect(fired()).toEqual([4]);
  });

  test('only the class retry is tried again, for every code of the catalogue', async () => {
    for (const [code, [kind]] of Object.entries(ERROR_CATALOGUE)) {
      const { store, fired } = open([error(code as ErrorCode)], { propagatesUntil: 1e15 });
      const result = await codeOf(finish(store.head('key')));
      expect(fired()).toEqual([1]);
      expect(result, code).toBe(kind === 'retry' ? 'resolved' : code);
    }
  });

  test('F27 waits at least as long as the storage asks', async () => {
    const effect = { kind: 'error', code: 'storage.throttled', retryAfterMs: 9000 } as const;
    const { store } = open([{ operation: 'get', nth: 1, effect }]);
    await codeOf(finish(store.get('key')));
    expect(clock.now()).toBe(9000);
  });

  test('C19 an unknown key is retried for a fresh generation within its bound only', async () => {
    const unknown = [error('credential.unknownKey', 1, 9999)];
    const old = open(unknown);
    expect(await codeOf(finish(old.store.get('key')))).toBe('credential.unknownKey');
    expect(old.fired()).toEqual([1]);
    const fresh = open(unknown, { propagatesUntil: 15_000 });
    expect(await codeOf(finish(fresh.store.get('key')))).toBe('credential.unknownKey');
    expect(clock.now()).toBeGreaterThanOrEqual(15_000);
    expect(clock.now()).toBeLessThan(15_000 + 20_000);
    const early = clock.now();
    const arrives = open([error('credential.unknownKey', 1, 8)], {
      propagatesUntil: early + 60_000,
    });
    expect(await codeOf(finish(arrives.store.head('key')))).toBe('resolved');
    expect(arrives.fired(), 'more often than attemptsMax').toEqual([8]);
  });

  test('it landed although the reply was lost: a create-only put finds its own object', async () => {
    const lost: StoreFault = {
      operation: 'put',
      nth: 1,
      effect: { kind: 'lostReply', code: 'storage.unreachable' },
    };
    const { store } = open([lost]);
    const info = await finish(store.put('key', pattern(5), { ifAbsent: true }));
    expect(info.sizeBytes).toBe(5);
    const foreign = open([error('storage.unreachable')]);
    bucket.store('other', pattern(6), 0);
    const put = finish(foreign.store.put('other', pattern(5), { ifAbsent: true }));
    expect(await codeOf(put)).toBe('object.conflict');
    const clean = open([]);
    const again = finish(clean.store.put('key', pattern(5), { ifAbsent: true }));
    expect(await codeOf(again), 'without a lost reply it is a conflict').toBe('object.conflict');
  });

  test('a listing that fails goes on behind the last key', async () => {
    for (let index = 0; index < 10; index += 1) bucket.store(`k${index}`, pattern(1), 0);
    const inner = createMemoryObjectStore({ bucket, credential, clock });
    let failures = 0;
    const breaking = {
      ...inner,
      async *list(prefix: string, options?: { readonly startAfter?: string }) {
        let given = 0;
        for await (const info of inner.list(prefix, options)) {
          if (given === 3 && failures < 2) {
            failures += 1;
            throw new FortnightError('storage.unavailable');
          }
          given += 1;
          yield info;
        }
      },
    };
    const store = withRetry(breaking, { clock, random: () => 0.5 });
    const keys = await finish(keysOf(store.list('k')));
    expect(keys).toEqual(Array.from({ length: 10 }, (_, index) => `k${index}`));
    expect(failures).toBe(2);
  });

  test('a stream is never sent twice', async () => {
    const { store, fired } = open([error('storage.unavailable')]);
    const put = finish(store.putStream('key', streamOf(pattern(10), 3)));
    expect(await codeOf(put)).toBe('storage.unavailable');
    expect(fired()).toEqual([1]);
  });

  test('a signal ends the wait with session.cancelled', async () => {
    const { store } = open([error('storage.unavailable', 1, 99)]);
    const controller = new AbortController();
    const call = codeOf(store.get('key', { signal: controller.signal }));
    await new Promise<void>((resolve) => setImmediate(resolve));
    controller.abort();
    expect(await call).toBe('session.cancelled');
    expect(clock.pendingCount).toBe(0);
  });

  test('a closed store is not waited for', async () => {
    const { store } = open([]);
    store.close();
    expect(await codeOf(store.get('key'))).toBe('storage.unreachable');
    expect(retries).toEqual([]);
  });

  test('always: 0 <= wait <= cap, or what the storage asked for', () => {
    const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(draw, fc.integer({ min: 1, max: 60 }), fc.nat(1e9), (random, attempt, after) => {
        const options = { clock, random: () => random, attemptsMax: 100, waitCapMs: 5000 };
        const plain = nextWaitMs(options, new FortnightError('storage.unavailable'), attempt);
        expect(plain).toBeGreaterThanOrEqual(0);
        expect(plain).toBeLessThan(5000);
        expect(Number.isInteger(plain)).toBe(true);
        const asked = new FortnightError('storage.throttled', '', { retryAfterMs: after });
        expect(nextWaitMs(options, asked, attempt)).toBeGreaterThanOrEqual(
          Math.min(after, 300_000),
        );
      }),
      seeded(),
    );
  });
});
