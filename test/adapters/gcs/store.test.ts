import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crc32c, crc32cText } from '../../../adapters/gcs/crc32c.ts';
import { createGcsObjectStore } from '../../../adapters/gcs/object-store.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import { bytesOf, codeOf, pattern, streamOf } from '../../contract/store-content.ts';
import { PART_BYTES, START_AT } from '../../contract/store-world.ts';
import { BUCKET, type GcsWorld, gcsWorld, OWNER, ownerCredential } from './world.ts';

let world: GcsWorld;
let closers: (() => void)[];
/** Called after each answer of the storage. */
let onAnswer: () => void;

beforeEach(async () => {
  onAnswer = () => undefined;
  closers = [];
  world = await gcsWorld();
});
afterEach(async () => {
  for (const close of closers) close();
  await world.close();
  expect(world.internalErrors).toEqual([]);
});

function tokenCredential(lifetimeMs = HOUR_MS): StorageCredential {
  const { token, expiresAt } = world.storage.issueAccessToken({ email: OWNER, lifetimeMs });
  const secret = new Secret(token);
  return { kind: 'gcs-token', keyId: 'gcs-token-1', token: secret, generation: 1, expiresAt };
}

function open(credential: StorageCredential = tokenCredential()): ObjectStore {
  const { clock, location, storage } = world;
  const { tokenUrl } = storage;
  const store = createGcsObjectStore({
    location,
    credential,
    clock,
    tokenUrl,
    partBytes: PART_BYTES,
  });
  closers.push(() => store.close());
  return store;
}

const operations = () => world.requests.map(({ operation }) => operation);
const uploads = () => operations().filter((name) => name.startsWith('storage.objects.insert'));

describe('CRC32C', () => {
  test.each([
    ['', 'AAAAAA=='],
    ['a', 'wdBDMA=='],
    ['123456789', '4waSgw=='],
    ['some text\n', 'DkjKuA=='],
  ])('%j is %s', (text, expected) => {
    const bytes = Buffer.from(text);
    expect(crc32cText(crc32c(bytes))).toBe(expected);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const value = crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)));
      expect(crc32cText(value)).toBe(expected);
    }
  });
});

describe('large puts', () => {
  test('bytes in memory: the length is announced, the last chunk is the end', async () => {
    await open().put('key', pattern(2 * PART_BYTES + 1));
    const [start, ...rest] = uploads();
    expect(start).toBe('storage.objects.insert.start');
    expect(rest).toEqual(Array.from({ length: 3 }, () => 'storage.objects.insert.chunk'));
  });

  test('a stream that ends with a whole part needs one empty chunk more', async () => {
    const store = open();
    await store.putStream('key', streamOf(pattern(2 * PART_BYTES), PART_BYTES));
    expect(uploads()).toHaveLength(4);
    expect(world.requests.at(-1)).toMatchObject({ status: 200, bytesIn: 0 });
    expect(await store.get('key')).toHaveLength(2 * PART_BYTES);
  });

  test.each([1, 2, 3])('with %d parts in memory it is the same object', async (parallelParts) => {
    const { clock, location } = world;
    const store = createGcsObjectStore({
      location,
      credential: tokenCredential(),
      clock,
      partBytes: 256 * 1024,
      parallelParts,
    });
    closers.push(() => store.close());
    const body = pattern(5 * 256 * 1024 + 11);
    await store.putStream('key', streamOf(body, 100_001));
    expect(Buffer.compare(await store.get('key'), body)).toBe(0);
  });

  test.each([1, 2, 4])('I72 %d parts are in memory at once, and no more', async (parallelParts) => {
    const { clock, location } = world;
    const partBytes = 256 * 1024;
    const credential = tokenCredential();
    const store = createGcsObjectStore({ location, credential, clock, partBytes, parallelParts });
    closers.push(() => store.close());
    let heldMax = 0;
    async function* source() {
      for (let part = 0; part < 12; part += 1) {
        const stored = world.requests.filter(({ bytesIn }) => bytesIn === partBytes).length;
        heldMax = Math.max(heldMax, part + 1 - stored);
        yield pattern(partBytes);
      }
    }
    await store.putStream('key', source());
    // With the one that is just being read.
    expect(heldMax).toBe(parallelParts);
  });

  test('a source that fails: the session is cancelled', async () => {
    async function* source() {
      yield pattern(PART_BYTES);
      yield pattern(PART_BYTES);
      throw new FortnightError('source.unreadable', 'as told');
    }
    expect(await codeOf(open().putStream('key', source()))).toBe('source.unreadable');
    expect(world.requests.at(-1)).toMatchObject({
      operation: 'storage.objects.insert.cancel',
      status: 499,
    });
  });

  test.each([
    ['error', { kind: 'error', code: 'backendError', status: 503 }, 'storage.unavailable'],
    ['reset', { kind: 'reset' }, 'storage.unreachable'],
    ['lost reply', { kind: 'reset', when: 'after' }, 'storage.unreachable'],
    ['410', { kind: 'error', code: 'gone', status: 410 }, 'upload.missing'],
  ] as const)(
    'a chunk ends in %s: nothing retries inside, nothing stays',
    async (_n, fault, code) => {
      const operation = 'storage.objects.insert.chunk';
      world.storage.faults.add({ ...fault, operation, nth: 2 });
      const store = open();
      expect(await codeOf(store.put('key', pattern(3 * PART_BYTES)))).toBe(code);
      expect(operations().filter((name) => name === operation)).toHaveLength(2);
      expect(operations().at(-1)).toBe('storage.objects.insert.cancel');
      expect(await store.head('key')).toBeNull();
      expect(await codeOf(store.put('key', pattern(3 * PART_BYTES)))).toBe('resolved');
    },
  );

  test('of five create-only large puts at once one wins', async () => {
    const store = open();
    const puts = Array.from({ length: 5 }, (_, index) =>
      codeOf(store.put('key', pattern(PART_BYTES + index), { ifAbsent: true })),
    );
    const codes = await Promise.all(puts);
    expect(codes.filter((code) => code === 'resolved')).toHaveLength(1);
    expect(codes.filter((code) => code === 'object.conflict')).toHaveLength(4);
  });
});

describe('C16 expiry in the middle', () => {
  beforeEach(async () => {
    await world.close();
    world = await gcsWorld({ storage: { onRequest: (record) => seen(record) } });
  });
  let records: unknown[] = [];
  const seen = (record: unknown) => {
    records.push(record);
    onAnswer();
  };
  /** The credential ends as soon as `count` requests have been answered. */
  const endAfter = (count: number, expiresAt: number) => {
    records = [];
    onAnswer = () => {
      if (records.length === count) world.clock.advanceTo(expiresAt);
    };
  };

  test.each([1, 2, 3, 4])('of a large put after %d requests: no other starts', async (count) => {
    const credential = tokenCredential();
    const store = open(credential);
    endAfter(count, credential.expiresAt ?? 0);
    const body = pattern(4 * PART_BYTES);
    expect(await codeOf(store.putStream('key', streamOf(body, 1_000_000)))).toBe(
      'credential.expired',
    );
    expect(records).toHaveLength(count);
    onAnswer = () => undefined;
    const renewed = open();
    expect(await renewed.head('key')).toBeNull();
    await renewed.putStream('key', streamOf(body, 1_000_000));
    expect(Buffer.compare(await renewed.get('key'), body)).toBe(0);
  });

  test('of a listing after its first page, of removals, of a get', async () => {
    const keys = Array.from({ length: 1_001 }, (_, index) => `k${index}`);
    const owner = open(ownerCredential());
    await Promise.all(keys.map((key) => owner.put(key, pattern(1))));
    const credential = tokenCredential();
    const store = open(credential);
    endAfter(1, credential.expiresAt ?? 0);
    let listed = 0;
    const list = async () => {
      for await (const _ of store.list('k')) listed += 1;
    };
    expect(await codeOf(list())).toBe('credential.expired');
    expect(listed).toBe(1_000);
    for (const call of [store.remove(keys), store.get('k1'), store.head('k1')]) {
      expect(await codeOf(call)).toBe('credential.expired');
    }
    expect(records).toHaveLength(1);
  });

  test('of a get on its way: what was started is read to its end (C15)', async () => {
    const credential = tokenCredential();
    const store = open(credential);
    await store.put('key', pattern(PART_BYTES - 1));
    const chunks = await store.getStream('key');
    world.clock.advanceTo(credential.expiresAt ?? 0);
    expect(await bytesOf(chunks)).toHaveLength(PART_BYTES - 1);
    expect(await codeOf(store.getStream('key'))).toBe('credential.expired');
  });
});

describe('integrity (I73)', () => {
  test('a body that is changed on the way down is object.corrupt', async () => {
    const store = open();
    await store.put('key', pattern(1_000));
    const operation = 'storage.objects.get';
    world.storage.faults.add({ kind: 'corruptBody', operation, nth: 1 });
    expect(await codeOf(store.get('key'))).toBe('object.corrupt');
    expect(await codeOf(store.get('key'))).toBe('resolved');
  });
});

describe('a service account', () => {
  test('one grant serves many requests; the next comes a minute before the end', async () => {
    const store = open(ownerCredential());
    await Promise.all([1, 2, 3, 4, 5].map((n) => store.put(`k${n}`, pattern(1))));
    const grants = () => operations().filter((name) => name === 'oauth2.token').length;
    expect(grants()).toBe(1);
    world.clock.advanceTo(START_AT + HOUR_MS - MINUTE_MS - 1);
    await store.head('k1');
    expect(grants()).toBe(1);
    world.clock.advanceTo(START_AT + HOUR_MS - MINUTE_MS);
    await store.head('k1');
    expect(grants()).toBe(2);
  });

  test('dates its assertion by the clock, not by the wall', async () => {
    world.clock.advanceTo(START_AT + 4_000 * DAY_MS);
    expect(await open(ownerCredential()).head('none')).toBeNull();
  });

  test('a token that the storage refuses is not used again', async () => {
    const store = open(ownerCredential());
    await store.put('key', pattern(1));
    world.storage.faults.add({ kind: 'error', code: 'authError', status: 401, nth: 1 });
    expect(await codeOf(store.head('key'))).toBe('credential.unknownKey');
    expect((await store.head('key'))?.sizeBytes).toBe(1);
    expect(operations().filter((name) => name === 'oauth2.token')).toHaveLength(2);
  });

  test.each([
    [{ kind: 'error', code: 'invalid_grant', status: 400 }, 'credential.invalid'],
    [{ kind: 'error', code: 'unavailable', status: 503 }, 'storage.unavailable'],
    [{ kind: 'reset' }, 'storage.unreachable'],
  ] as const)('a grant that ends in %j: %s, once', async (fault, code) => {
    world.storage.faults.add({ ...fault, operation: 'oauth2.token', nth: 1 });
    const store = open(ownerCredential());
    expect(await codeOf(store.head('key'))).toBe(code);
    expect(operations()).toEqual(['oauth2.token']);
    expect(await store.head('key')).toBeNull();
  });

  test('a wrong key is credential.invalid and is not shown', async () => {
    const privateKey = new Secret('-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----');
    const store = open({ ...ownerCredential(), privateKey });
    const thrown = await store.head('key').catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(FortnightError);
    expect(inspect(thrown)).not.toContain('bm8=');
  });
});

describe('bad input', () => {
  test.each([
    '.',
    '..',
    '',
    'a\nb',
    'a\rb',
    'x'.repeat(1_025),
    '\ud800',
    '.well-known/acme-challenge/x',
  ])('key %j is refused before a request', async (key) => {
    const store = open();
    for (const call of [
      store.put(key, pattern(1)),
      store.put(key, pattern(PART_BYTES)),
      store.get(key),
      store.head(key),
      store.remove([key]),
    ]) {
      expect(await codeOf(call)).toBe('request.invalid');
    }
    expect(world.requests).toEqual([]);
  });

  test('a bucket that is not there is told before anything is written', async () => {
    const { clock, location } = world;
    const credential = tokenCredential();
    const elsewhere = { ...location, bucket: 'no-such-bucket' };
    const store = createGcsObjectStore({
      location: elsewhere,
      credential,
      clock,
      partBytes: PART_BYTES,
    });
    closers.push(() => store.close());
    const calls = [
      store.put('key', pattern(1)),
      store.put('key', pattern(PART_BYTES)),
      store.abortUploads(''),
    ];
    expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'request.invalid'));
  });

  test.each([
    { partBytes: 1_000_000 },
    { partBytes: 0 },
    { parallelParts: 0 },
    { parallelParts: 1.5 },
  ])('tuning %j is refused', (tuning) => {
    const { clock, location } = world;
    const credential = tokenCredential();
    expect(() => createGcsObjectStore({ location, credential, clock, ...tuning })).toThrow(
      RangeError,
    );
  });

  test('a credential of another kind is a fault of assembly', () => {
    const keys = {
      kind: 's3-keys',
      keyId: 'x',
      secretKey: new Secret('y'),
      sessionToken: null,
    } as const;
    expect(() => open({ ...keys, generation: 1, expiresAt: null })).toThrow('s3-keys');
  });
});

test('I75 abortUploads finds the multipart uploads of the XML API, and those only below its prefix', async () => {
  const token = world.storage.issueAccessToken({ email: OWNER, lifetimeMs: HOUR_MS }).token;
  const keys = ['T1/a & b<ü>', 'T1/c', 'T10/d'];
  for (const key of keys) {
    const url = `${world.storage.endpoint}/${BUCKET}/${encodeURIComponent(key)}?uploads`;
    const headers = { authorization: `Bearer ${token}`, 'content-length': '0' };
    expect((await fetch(url, { method: 'POST', headers })).status).toBe(200);
  }
  const store = open();
  expect(await store.abortUploads('T1/')).toBe(2);
  expect(await store.abortUploads('T1/')).toBe(0);
  expect(await store.abortUploads('')).toBe(1);
});

test('I64 nothing of a store shows its token', async () => {
  const credential = tokenCredential();
  const store = open(credential);
  world.storage.faults.add({ kind: 'error', code: 'forbidden', status: 403, nth: 1, repeat: 99 });
  const thrown = await store.put('key', pattern(1)).catch((error: unknown) => error);
  const shown = inspect([store, thrown], { depth: 20, showHidden: true });
  const token = credential.kind === 'gcs-token' ? credential.token.use((text) => text) : '';
  expect(token.length).toBeGreaterThan(20);
  expect(shown).not.toContain(token);
});

const MISLEADING = ['HTTP_PROXY', 'HTTPS_PROXY', 'STORAGE_EMULATOR_HOST'] as const;

test('I39 neither a proxy nor an emulator in the environment is used, by any operation', async () => {
  for (const name of MISLEADING) process.env[name] = 'http://127.0.0.1:9';
  try {
    const store = open();
    await store.put('key', pattern(1));
    await store.put('large', pattern(PART_BYTES + 1));
    expect(await store.get('key')).toHaveLength(1);
    expect((await store.head('large'))?.sizeBytes).toBe(PART_BYTES + 1);
    const listed: string[] = [];
    for await (const { key } of store.list('')) listed.push(key);
    expect(listed).toEqual(['key', 'large']);
    await store.remove(listed);
    expect(await store.head('key')).toBeNull();
  } finally {
    for (const name of MISLEADING) delete process.env[name];
  }
});

test('every request of the SDK is stopped by its signal and by close', async () => {
  world.storage.faults.add({ kind: 'delay', ms: HOUR_MS, nth: 1, repeat: 9 });
  const cancelling = new AbortController();
  const { signal } = cancelling;
  const store = open();
  const calls = [
    store.put('small', pattern(1), { signal }),
    store.put('large', pattern(PART_BYTES), { signal }),
    store.get('key', { signal }),
    store.get('key', { signal, range: { start: 0, endInclusive: 3 } }),
  ].map(codeOf);
  const closed = [store.head('key'), store.remove(['key']), store.get('key')].map(codeOf);
  cancelling.abort();
  expect(await Promise.all(calls)).toEqual(calls.map(() => 'session.cancelled'));
  store.close();
  expect(await Promise.all(closed)).toEqual(closed.map(() => 'storage.unreachable'));
});
