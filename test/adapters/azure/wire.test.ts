import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { accountEndpoint, accountOf } from '../../../adapters/azure/client.ts';
import { createAzureObjectStore } from '../../../adapters/azure/object-store.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { ACCOUNT_KEY, type AzureWorld, azureWorld } from '../../contract/azure-world.ts';
import { codeOf, pattern } from '../../contract/store-content.ts';
import { START_AT } from '../../contract/store-world.ts';

const FOLDER_SIGNATURE = 'Zm9sZGVyK3NpZ25hdHVyZQ==';
const CONFIG_SIGNATURE = 'Y29uZmlnK3NpZ25hdHVyZQ==';
const sasWith = (signature: string) =>
  new Secret(`sv=2022-11-02&sr=d&sdd=5&sp=rl&sig=${encodeURIComponent(signature)}`);
const CREDENTIAL: StorageCredential = {
  kind: 'azure-sas',
  keyId: 'sas-0123456789ab',
  folderSas: sasWith(FOLDER_SIGNATURE),
  configSas: sasWith(CONFIG_SIGNATURE),
  generation: 1,
  expiresAt: null,
};
const CONFIG_KEY = 'Veeam/Backup/vault/Config/Owner';

describe('where the account is', () => {
  const location = { storage: 'azure', endpoint: null, region: '', bucket: 'b' } as const;
  test('by its name at Azure, by its endpoint elsewhere; a SAS does not name it', () => {
    expect(accountEndpoint(location, 'acme')).toBe('https://acme.blob.core.windows.net');
    const endpoint = 'http://127.0.0.1:1/acme/';
    expect(accountEndpoint({ ...location, endpoint }, null)).toBe('http://127.0.0.1:1/acme');
    expect(() => accountEndpoint(location, null)).toThrow('give the endpoint');
  });

  test.each([
    ['https://acme.blob.core.windows.net', 'acme'],
    ['https://acme.z01.blob.storage.azure.net/', 'acme'],
    ['http://127.0.0.1:10000/acme', 'acme'],
  ])('%s is of %s', (endpoint, account) => {
    expect(accountOf(endpoint)).toBe(account);
  });
});

describe('what goes over the wire', () => {
  let server: Server;
  let seen: { readonly message: IncomingMessage; readonly body: Buffer }[];
  let answer: (message: IncomingMessage, body: Buffer) => readonly [number, object, string?];
  const open = (credential: StorageCredential = CREDENTIAL) =>
    createAzureObjectStore({
      location: {
        storage: 'azure',
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/acme`,
        region: '',
        bucket: 'vault',
      },
      credential,
      clock: createVirtualClock(START_AT),
      partBytes: 65_536,
    });

  beforeEach(async () => {
    seen = [];
    answer = () => [201, { etag: '"e"' }];
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
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  });

  test('a put: its MD5, its own SAS, one connection, no other secret', async () => {
    const store = open();
    const body = pattern(100);
    await store.put('key', body);
    await store.put(CONFIG_KEY, body, { ifAbsent: true });
    const md5 = createHash('md5').update(body).digest('base64');
    for (const { message } of seen) {
      expect(message.headers['content-md5']).toBe(md5);
      expect(message.headers['content-length']).toBe('100');
      expect(message.headers.authorization).toBeUndefined();
      expect(message.headers.expect).toBeUndefined();
    }
    const urls = seen.map(({ message }) => new URL(message.url ?? '', 'http://x'));
    expect(urls.map((url) => url.searchParams.get('sig'))).toEqual([
      FOLDER_SIGNATURE,
      CONFIG_SIGNATURE,
    ]);
    expect(urls.map((url) => url.pathname)).toEqual([
      '/acme/vault/key',
      `/acme/vault/${CONFIG_KEY}`,
    ]);
    expect(seen.map(({ message }) => message.headers['if-none-match'])).toEqual([undefined, '*']);
    expect(new Set(seen.map(({ message }) => message.socket)).size, 'kept alive').toBe(1);
    store.close();
  });

  test('the account key dates requests by the injected clock', async () => {
    const store = open({
      kind: 'azure-account-key',
      keyId: 'acme',
      accountKey: new Secret(ACCOUNT_KEY),
      generation: 0,
      expiresAt: null,
    });
    answer = () => [201, { etag: '"e"', date: 'Thu, 01 Jan 1970 00:00:00 GMT' }];
    await store.put('key', pattern(1));
    await store.put('key', pattern(1));
    for (const { message } of seen) {
      expect(message.headers['x-ms-date']).toBe('Tue, 01 Jan 2030 00:00:00 GMT');
      expect(message.headers.authorization).toMatch(/^SharedKey acme:/);
    }
    store.close();
  });

  test('I39 a proxy that the environment names is not used', async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY']) {
      vi.stubEnv(name, 'http://127.0.0.1:1');
    }
    vi.resetModules();
    const fresh = await import('../../../adapters/azure/object-store.ts');
    const { port } = server.address() as AddressInfo;
    const endpoint = `http://127.0.0.1:${port}/acme`;
    const store = fresh.createAzureObjectStore({
      location: { storage: 'azure', endpoint, region: '', bucket: 'vault' },
      credential: CREDENTIAL,
      clock: createVirtualClock(START_AT),
    });
    await store.put('key', pattern(1));
    expect(seen).toHaveLength(1);
    store.close();
  });

  test('I73 another checksum comes back: object.corrupt, and the object is taken away', async () => {
    answer = () => [201, { etag: '"e"', 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }];
    const store = open();
    expect(await codeOf(store.put('key', pattern(100)))).toBe('object.corrupt');
    expect(seen.map(({ message }) => message.method)).toEqual(['PUT', 'DELETE']);
    seen.length = 0;
    expect(await codeOf(store.put('key', pattern(65_536)))).toBe('object.corrupt');
    expect(seen.map(({ message }) => message.url?.includes('comp=blocklist'))).toEqual([false]);
    store.close();
  });

  test('a body that ends early or is too long is object.corrupt, and is not asked for again', async () => {
    const store = open();
    let asked = 0;
    server.removeAllListeners('request');
    server.on('request', (_message, response) => {
      asked += 1;
      response.writeHead(200, { 'content-length': '100', etag: '"e"' });
      response.write('only this');
      setImmediate(() => response.socket?.destroy());
    });
    expect(await codeOf(store.get('key'))).toBe('object.corrupt');
    expect(asked).toBe(1);
    server.removeAllListeners('request');
    server.on('request', (_message, response) => {
      response.writeHead(206, { 'content-length': '100', etag: '"e"' }).end('x'.repeat(100));
    });
    const range = { start: 0, endInclusive: 9 };
    expect(await codeOf(store.get('key', { range }))).toBe('object.corrupt');
    store.close();
  });

  test('an answer to a range that holds nothing (Azurite) is request.invalid', async () => {
    answer = () => [206, { 'content-length': '0', etag: '"e"' }];
    const store = open();
    const range = { start: 100, endInclusive: 109 };
    expect(await codeOf(store.get('key', { range }))).toBe('request.invalid');
    store.close();
  });

  test('an answer that is no Azure at all is an expected error', async () => {
    const store = open();
    answer = () => [502, { 'content-type': 'text/html' }, '<html><body>Bad gateway<br>'];
    expect(await codeOf(store.get('key'))).toBe('storage.unavailable');
    answer = () => [200, { 'content-type': 'text/plain' }, 'not XML'];
    expect(await codeOf(store.abortUploads(''))).not.toBe('resolved');
    store.close();
  });

  test.each(['http://127.0.0.1:1/', '/acme/vault/other'])(
    'I39 a redirect to %s is not followed',
    async (location) => {
      answer = () => [307, { location }];
      const store = open();
      expect(await codeOf(store.get('key'))).toBe('request.invalid');
      expect(await codeOf(store.put('key', pattern(1)))).toBe('request.invalid');
      expect(seen).toHaveLength(2);
      store.close();
    },
  );

  test('nothing is tried twice', async () => {
    answer = () => [503, { 'x-ms-error-code': 'ServerBusy', 'retry-after': '9' }];
    const store = open();
    const error = await store.get('key').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'storage.throttled', retryAfterMs: 9000 });
    expect(await codeOf(store.put('key', pattern(1)))).toBe('storage.throttled');
    expect(seen).toHaveLength(2);
    store.close();
  });

  test('F41 a server that repeats the address and the SAS gets them into no error', async () => {
    answer = (message) => [
      403,
      { 'content-type': 'application/xml', 'x-ms-error-code': 'AuthorizationPermissionMismatch' },
      `<Error><Code>AuthorizationPermissionMismatch</Code><Message>${FOLDER_SIGNATURE} ${message.url?.replaceAll('&', '&amp;')}</Message></Error>`,
    ];
    const store = open();
    const errors = await Promise.all(
      [store.put('key', pattern(1)), store.get('key'), store.head('key')].map((call) =>
        call.catch((thrown: unknown) => thrown),
      ),
    );
    for (const error of errors) {
      expect(error).toBeInstanceOf(FortnightError);
      const shown = [error, store, CREDENTIAL].flatMap((value) => [
        inspect(value, { depth: 12, showHidden: true, getters: true }),
        JSON.stringify(value),
        String(value),
      ]);
      shown.push((error as FortnightError).stack ?? '');
      for (const text of shown) {
        expect(text).not.toContain(FOLDER_SIGNATURE);
        expect(text).not.toContain(encodeURIComponent(FOLDER_SIGNATURE));
      }
    }
    expect((errors[0] as FortnightError).detail).toContain('**redacted**');
    store.close();
  });

  test('C16 no request starts at or after the end of the credential', async () => {
    const store = open({ ...CREDENTIAL, expiresAt: START_AT });
    expect(await codeOf(store.get('key'))).toBe('credential.expired');
    expect(await codeOf(store.put('key', pattern(1)))).toBe('credential.expired');
    expect(await codeOf(store.put('key', pattern(70_000)))).toBe('credential.expired');
    expect(await codeOf(store.head('key'))).toBe('credential.expired');
    expect(seen).toEqual([]);
    store.close();
    const alive = open({ ...CREDENTIAL, expiresAt: START_AT + 1 });
    await codeOf(alive.get('key'));
    expect(seen).toHaveLength(1);
    alive.close();
  });

  test.each(['', '.', '..', 'a/../b', 'a/./b', '../vault2/x', 'a/..'])(
    'the key %j names no blob and is not asked for',
    async (key) => {
      const store = open();
      for (const call of [store.get(key), store.put(key, pattern(1)), store.remove([key])]) {
        expect(await codeOf(call)).toBe('request.invalid');
      }
      expect(seen).toEqual([]);
      store.close();
    },
  );

  test('closing ends the connections', async () => {
    const store = open();
    await store.put('key', pattern(1));
    const socket = seen[0]?.message.socket;
    const ended = new Promise((resolve) => socket?.once('close', resolve));
    store.close();
    await ended;
    expect(await codeOf(store.put('key', pattern(1)))).toBe('storage.unreachable');
  });

  test('options that make no sense are refused', () => {
    const options = {
      location: { storage: 'azure', endpoint: 'http://x/a', region: '', bucket: 'b' },
    };
    const make = (change: object) => () =>
      createAzureObjectStore({
        ...(options as { location: never }),
        credential: CREDENTIAL,
        clock: createVirtualClock(0),
        ...change,
      });
    for (const partBytes of [0, 65_535, 4001 * 1024 * 1024, 1e5 + 0.5, Number.NaN]) {
      expect(make({ partBytes })).toThrow(RangeError);
    }
    expect(make({ parallelParts: 0 })).toThrow(RangeError);
  });
});

describe('faults of the storage', () => {
  let world: AzureWorld;
  beforeEach(async () => {
    world = await azureWorld({ scopeKind: 'container' });
  });
  afterEach(async () => world.close());

  test('F23 a corrupted body is object.corrupt, also as a stream', async () => {
    await world.owner.put('object', pattern(1000));
    world.storage.faults.add({ kind: 'corruptBody', operation: 'GetBlob', nth: 1, repeat: 2 });
    expect(await codeOf(world.owner.get('object'))).toBe('object.corrupt');
    const stream = await world.owner.getStream('object');
    const read = async () => {
      for await (const _chunk of stream);
    };
    expect(await codeOf(read())).toBe('object.corrupt');
    expect(await codeOf(world.owner.get('object'))).toBe('resolved');
  });

  test('F17 a skewed clock is clock.skewed, with and without a body', async () => {
    const skewed = createAzureObjectStore({
      location: world.location,
      credential: world.ownerCredential,
      clock: createVirtualClock(START_AT + 15 * 60_000 + 1000),
    });
    expect(await codeOf(skewed.get('object'))).toBe('clock.skewed');
    expect(await codeOf(skewed.head('object'))).toBe('clock.skewed');
    skewed.close();
  });

  test('a storage that is gone is storage.unreachable', async () => {
    await world.storage.close();
    expect(await codeOf(world.owner.get('object'))).toBe('storage.unreachable');
    expect(await codeOf(world.owner.put('object', pattern(6_000_000)))).toBe('storage.unreachable');
  });
});
