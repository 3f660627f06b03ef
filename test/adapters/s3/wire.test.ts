import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isPayloadSigned } from '../../../adapters/s3/client.ts';
import { createS3ObjectStore } from '../../../adapters/s3/object-store.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { codeOf, pattern, streamOf } from '../../contract/store-content.ts';
import { PART_BYTES, START_AT } from '../../contract/store-world.ts';
import { type HttpStoreWorld, httpWorld, OWNER_SECRET } from '../../contract/worlds.ts';

describe('isPayloadSigned', () => {
  test.each([
    ['https://s3.eu-west-1.amazonaws.com', false],
    ['http://127.0.0.1:9000', false],
    ['http://localhost:9000', false],
    ['http://[::1]:9000', false],
    ['http://storage.example:9000', true],
    ['http://127.0.0.1.example', true],
    ['http://10.0.0.1', true],
  ])('%s: %s', (endpoint, expected) => {
    expect(isPayloadSigned(endpoint)).toBe(expected);
  });
});

describe('what goes over the wire', () => {
  let server: Server;
  let seen: { readonly message: IncomingMessage; readonly body: Buffer }[];
  let answer: (message: IncomingMessage, body: Buffer) => readonly [number, object, string?];
  const credential: StorageCredential = {
    kind: 's3-keys',
    keyId: 'AKIAWIREWIREWIRE',
    secretKey: new Secret('wire-secret-key-0123456789'),
    sessionToken: new Secret('wire-session-token-0123456789'),
    generation: 1,
    expiresAt: null,
  };
  const open = (expiresAt: number | null = null) =>
    createS3ObjectStore({
      location: {
        storage: 's3-compatible',
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        region: 'eu-test-1',
        bucket: 'vault',
      },
      credential: { ...credential, expiresAt },
      clock: createVirtualClock(START_AT),
      partBytes: PART_BYTES,
    });

  beforeEach(async () => {
    seen = [];
    answer = () => [200, {}];
    server = createServer((message, response) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () => {
        const body = Buffer.concat(chunks);
        seen.push({ message, body });
        const [status, headers, text = ''] = answer(message, body);
        response.writeHead(status, headers as Record<string, string>).end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  test('a put: checksum, unsigned payload on loopback, no Expect, dated by the clock', async () => {
    answer = (message) => [
      200,
      {
        etag: '"e"',
        date: 'Thu, 01 Jan 1970 00:00:00 GMT',
        'x-amz-checksum-crc32': String(message.headers['x-amz-checksum-crc32']),
      },
    ];
    const store = open();
    await store.put('key', pattern(100));
    await store.put('key', pattern(100), { ifAbsent: true });
    for (const { message, body } of seen) {
      expect(message.headers['x-amz-checksum-crc32']).toMatch(/^[\w+/]{6}==$/);
      expect(message.headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
      expect(message.headers['x-amz-date'], 'also after an answer with another Date').toBe(
        '20300101T000000Z',
      );
      expect(message.headers['content-length']).toBe('100');
      expect(message.headers.expect).toBeUndefined();
      expect(message.headers['content-encoding']).toBeUndefined();
      expect(body).toHaveLength(100);
    }
    expect(seen.map(({ message }) => message.headers['if-none-match'])).toEqual([undefined, '*']);
    expect(new Set(seen.map(({ message }) => message.socket)).size, 'kept alive').toBe(1);
    store.close();
  });

  test.each([
    ['another checksum comes back', { etag: '"e"', 'x-amz-checksum-crc32': 'AAAAAA==' }],
    ['nothing that confirms comes back', { etag: '"e"' }],
  ])('I73 %s: object.corrupt, and the object is taken away', async (_name, headers) => {
    answer = () => [200, headers];
    const store = open();
    expect(await codeOf(store.put('key', pattern(100)))).toBe('object.corrupt');
    expect(seen.map(({ message }) => message.method)).toEqual(['PUT', 'DELETE']);
    store.close();
  });

  test('I73 an entity tag that is the MD5 of the body confirms it too', async () => {
    answer = () => [200, { etag: '"5d41402abc4b2a76b9719d911017c592"' }];
    const store = open();
    expect(await codeOf(store.put('key', Buffer.from('hello')))).toBe('resolved');
    store.close();
  });

  test('a body that ends early or is too long is object.corrupt', async () => {
    const store = open();
    server.removeAllListeners('request');
    server.on('request', (_message, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('only this');
      setImmediate(() => response.socket?.destroy());
    });
    expect(await codeOf(store.get('key'))).toBe('object.corrupt');
    server.removeAllListeners('request');
    server.on('request', (_message, response) => {
      response.writeHead(200, { 'content-length': '100' }).end('x'.repeat(100));
    });
    const range = { start: 0, endInclusive: 9 };
    expect(await codeOf(store.get('key', { range }))).toBe('object.corrupt');
    store.close();
  });

  test('an answer that is no S3 at all is an expected error', async () => {
    const store = open();
    answer = () => [502, { 'content-type': 'text/html' }, '<html><body>Bad gateway<br>'];
    expect(await codeOf(store.get('key'))).toBe('storage.unavailable');
    answer = () => [200, { 'content-type': 'text/plain' }, 'not XML'];
    expect(await codeOf(store.abortUploads(''))).not.toBe('resolved');
    store.close();
  });

  test('I39 a redirect to another host is not followed', async () => {
    answer = () => [301, { location: 'http://127.0.0.1:1/', 'x-amz-bucket-region': 'elsewhere' }];
    const store = open();
    expect(await codeOf(store.get('key'))).toBe('request.invalid');
    expect(seen).toHaveLength(1);
    store.close();
  });

  test('F41 a server that repeats token, key and secret gets them into no error', async () => {
    const canaries = ['wire-secret-key-0123456789', 'wire-session-token-0123456789', 'AKIAWIRE'];
    const xml = `<Error><Code>AccessDenied</Code><Message>${canaries.join(' ')}WIREWIRE</Message></Error>`;
    answer = () => [403, { 'content-type': 'application/xml' }, xml];
    const store = open();
    const error = await store.put('key', pattern(1)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FortnightError);
    const shown = [error, store, credential].flatMap((value) => [
      inspect(value, { depth: 12, showHidden: true, getters: true }),
      JSON.stringify(value),
      String(value),
    ]);
    shown.push((error as FortnightError).stack ?? '');
    for (const text of shown) {
      for (const canary of canaries.slice(0, 2)) expect(text).not.toContain(canary);
    }
    expect((error as FortnightError).detail).toContain('**redacted**');
    store.close();
  });

  test('C16 no request starts at or after the end of the credential', async () => {
    const store = open(START_AT);
    expect(await codeOf(store.get('key'))).toBe('credential.expired');
    expect(await codeOf(store.put('key', pattern(1)))).toBe('credential.expired');
    expect(await codeOf(store.head('key'))).toBe('credential.expired');
    expect(seen).toEqual([]);
    store.close();
    const alive = open(START_AT + 1);
    await codeOf(alive.get('key'));
    expect(seen).toHaveLength(1);
    alive.close();
  });
});

describe('faults of the storage', () => {
  let world: HttpStoreWorld;
  beforeEach(async () => {
    world = await httpWorld();
  });
  afterEach(async () => world.close());

  test.each([
    ['CreateMultipartUpload', 1],
    ['UploadPart', 1],
    ['UploadPart', 2],
    ['UploadPart', 3],
    ['CompleteMultipartUpload', 1],
  ])('I75 %s number %d fails: no object, no upload', async (operation, nth) => {
    for (const put of [
      () => world.owner.put('large', pattern(2 * PART_BYTES + 10)),
      () => world.owner.putStream('large', streamOf(pattern(2 * PART_BYTES + 10), 1_000_000)),
    ]) {
      world.storage.faults.clear();
      world.storage.faults.add({
        kind: 'error',
        operation,
        nth,
        code: 'InternalError',
        status: 500,
      });
      expect(await codeOf(put())).toBe('storage.unavailable');
      expect(world.storage.faults.fired()[0]?.fired).toBe(1);
      expect(await world.owner.head('large')).toBeNull();
      expect(await world.owner.abortUploads('')).toBe(0);
    }
  });

  test('F29 the token ends in the middle of an upload: credential.expired', async () => {
    world.storage.faults.add({
      kind: 'error',
      operation: 'UploadPart',
      nth: 2,
      code: 'ExpiredToken',
      status: 400,
    });
    const put = world.owner.put('large', pattern(3 * PART_BYTES));
    expect(await codeOf(put)).toBe('credential.expired');
  });

  test('F48 an upload that a crash left is aborted by the sweep, and only below the prefix', async () => {
    world.storage.faults.add({
      kind: 'error',
      operation: 'AbortMultipartUpload',
      nth: 1,
      repeat: 2,
      code: 'InternalError',
      status: 500,
    });
    for (const key of ['a/x', 'b/y z+']) {
      world.storage.faults.add({
        kind: 'error',
        operation: 'UploadPart',
        keyPrefix: key,
        nth: 1,
        code: 'InternalError',
        status: 500,
      });
      await codeOf(world.owner.put(key, pattern(PART_BYTES)));
    }
    expect(await world.owner.abortUploads('c/')).toBe(0);
    expect(await world.owner.abortUploads('b/')).toBe(1);
    expect(await world.owner.abortUploads('')).toBe(1);
    expect(await world.owner.abortUploads('')).toBe(0);
  });

  test('F23 a corrupted body is object.corrupt, also as a stream', async () => {
    await world.owner.put('object', pattern(1000));
    world.storage.faults.add({ kind: 'corruptBody', operation: 'GetObject', nth: 1, repeat: 2 });
    expect(await codeOf(world.owner.get('object'))).toBe('object.corrupt');
    const stream = await world.owner.getStream('object');
    const read = async () => {
      for await (const _chunk of stream);
    };
    expect(await codeOf(read())).toBe('object.corrupt');
    expect(await codeOf(world.owner.get('object'))).toBe('resolved');
  });

  test('F27 SlowDown carries what the storage asked for', async () => {
    world.storage.faults.add({
      kind: 'error',
      nth: 1,
      code: 'SlowDown',
      status: 503,
      retryAfterSeconds: 9,
    });
    const error = await world.owner.get('object').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'storage.throttled', retryAfterMs: 9000 });
  });

  test('F17 a skewed clock is clock.skewed, with and without a body', async () => {
    const skewed = createS3ObjectStore({
      location: world.location,
      credential: world.ownerCredential,
      clock: createVirtualClock(START_AT + 15 * 60_000 + 1000),
    });
    expect(await codeOf(skewed.get('object'))).toBe('clock.skewed');
    expect(await codeOf(skewed.head('object'))).toBe('clock.skewed');
    skewed.close();
  });

  test('a wrong secret is credential.invalid and appears nowhere; an unknown key is told', async () => {
    const wrong = world.storeFor({
      ...world.ownerCredential,
      secretKey: new Secret('wrong-secret'),
    });
    const error = await wrong.put('object', pattern(1)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'credential.invalid' });
    expect(inspect(error, { depth: 12 })).not.toContain('wrong-secret');
    expect(inspect(error, { depth: 12 })).not.toContain(OWNER_SECRET);
    const unknown = world.storeFor({ ...world.ownerCredential, keyId: 'AKIANOBODYNOBODY' });
    expect(await codeOf(unknown.get('object'))).toBe('credential.unknownKey');
    expect(await codeOf(unknown.head('object'))).toBe('credential.unknownKey');
  });

  test('a storage that is gone is storage.unreachable', async () => {
    await world.storage.close();
    expect(await codeOf(world.owner.get('object'))).toBe('storage.unreachable');
    expect(await codeOf(world.owner.put('object', pattern(PART_BYTES)))).toBe(
      'storage.unreachable',
    );
    const scope = { repository: 'vault', tenant: 'T1', subtenant: null };
    const request = { scope, generation: 1, lifetimeMs: 3_600_000, at: START_AT };
    expect(await codeOf(world.issuer.issue(request))).toBe('issuer.unavailable');
  });
});
