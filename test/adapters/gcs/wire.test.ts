import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crc32c, crc32cText } from '../../../adapters/gcs/crc32c.ts';
import { createGcsObjectStore } from '../../../adapters/gcs/object-store.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { codeOf, pattern, streamOf } from '../../contract/store-content.ts';
import { START_AT } from '../../contract/store-world.ts';

const UNIT = 256 * 1024;

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}
type Answer = readonly [number, Record<string, string>, (string | Buffer)?, 'cut'?];

/** What no storage of ours does: the odd answers that Google's documentation warns of. */
describe('what goes over the wire', () => {
  let server: Server;
  let store: ObjectStore;
  let seen: Seen[];
  let answer: (request: Seen) => Answer;
  const endpoint = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const of = (part: string) => seen.filter(({ method, url }) => `${method} ${url}`.includes(part));

  beforeEach(async () => {
    seen = [];
    server = createServer((message, response) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () => {
        const { method = '', url = '', headers } = message;
        const request = { method, url, headers, body: Buffer.concat(chunks) };
        seen.push(request);
        const [status, sent, text = '', end] = answer(request);
        response.writeHead(status, sent);
        if (end === 'cut') response.write(text, () => message.socket.destroy());
        else response.end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    store = createGcsObjectStore({
      location: { storage: 'gcs', endpoint: endpoint(), region: '', bucket: 'vault-bucket' },
      credential: {
        kind: 'gcs-token',
        keyId: 'gcs-token-1',
        token: new Secret('ya29.wire-token'),
        generation: 1,
        expiresAt: null,
      },
      clock: createVirtualClock(START_AT),
      partBytes: UNIT,
    });
  });
  afterEach(() => {
    store.close();
    server.closeAllConnections();
    server.close();
  });

  const resource = (body: Uint8Array, more: object = {}): string =>
    JSON.stringify({
      name: 'key',
      size: String(body.byteLength),
      etag: 'CAE=',
      updated: '2030-01-01T00:00:00.000Z',
      generation: '17',
      crc32c: crc32cText(crc32c(body)),
      ...more,
    });
  const begun = (): Answer => [200, { location: `${endpoint()}/session?upload_id=s1` }];

  test('a small put: name, checksum and bytes in one request, by token', async () => {
    const body = pattern(1_000);
    answer = () => [200, {}, resource(body)];
    await store.put('a/b', body, { ifAbsent: true });
    const [request] = seen;
    expect(request?.url).toContain('uploadType=multipart');
    expect(request?.url).toContain('ifGenerationMatch=0');
    expect(request?.headers.authorization).toBe('Bearer ya29.wire-token');
    expect(request?.headers['accept-encoding']).toBe('identity');
    expect(request?.headers['content-length']).toBe(String(request?.body.length));
    expect(request?.body.includes(crc32cText(crc32c(body)))).toBe(true);
    expect(request?.body.includes(Buffer.from(body))).toBe(true);
  });

  test('chunks go to the session’s address without a token; the last one carries the checksum', async () => {
    const body = pattern(2 * UNIT + 5);
    let kept = 0;
    answer = ({ method, body: chunk }) => {
      if (method === 'POST') return begun();
      kept += chunk.length;
      if (kept < body.byteLength) return [308, { range: `bytes=0-${kept - 1}` }];
      return [200, {}, resource(body)];
    };
    await store.putStream('key', streamOf(body, 100_000));
    const chunks = of('PUT /session');
    expect(chunks.map(({ headers }) => headers['content-range'])).toEqual([
      `bytes 0-${UNIT - 1}/*`,
      `bytes ${UNIT}-${2 * UNIT - 1}/*`,
      `bytes ${2 * UNIT}-${2 * UNIT + 4}/${2 * UNIT + 5}`,
    ]);
    expect(chunks.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(chunks.map(({ headers }) => headers['x-goog-hash'])).toEqual([
      undefined,
      undefined,
      `crc32c=${crc32cText(crc32c(body))}`,
    ]);
    expect(of('DELETE')).toEqual([]);
  });

  test('a chunk of which only the beginning was kept: just the rest is sent again', async () => {
    const body = pattern(3 * UNIT);
    const kept = [UNIT / 4, UNIT, 2 * UNIT];
    answer = ({ method }) => {
      if (method === 'POST') return begun();
      const bytes = kept.shift();
      return bytes === undefined
        ? [200, {}, resource(body)]
        : [308, { range: `bytes=0-${bytes - 1}` }];
    };
    await store.put('key', body);
    const ranges = of('PUT /session').map(({ headers }) => headers['content-range']);
    expect(ranges).toEqual([
      `bytes 0-${UNIT - 1}/*`,
      `bytes ${UNIT / 4}-${UNIT - 1}/*`,
      `bytes ${UNIT}-${2 * UNIT - 1}/*`,
      `bytes ${2 * UNIT}-${3 * UNIT - 1}/${3 * UNIT}`,
    ]);
    const sent = of('PUT /session').map((request) => request.body);
    expect(sent[1]?.equals(Buffer.from(body).subarray(UNIT / 4, UNIT))).toBe(true);
  });

  test.each<[string, Answer, string]>([
    ['keeps nothing', [308, {}], 'storage.unavailable'],
    ['is finished too early', [200, {}, resource(pattern(UNIT))], 'object.corrupt'],
    ['is gone', [410, {}], 'upload.missing'],
    ['answers with a redirect', [302, { location: 'http://127.0.0.1:1/' }], 'request.invalid'],
  ])('a session that %s ends the put and is cancelled', async (_name, first, code) => {
    answer = ({ method }) => (method === 'POST' ? begun() : method === 'PUT' ? first : [499, {}]);
    expect(await codeOf(store.put('key', pattern(3 * UNIT)))).toBe(code);
    expect(of('PUT /session')).toHaveLength(1);
    expect(of('DELETE /session')).toHaveLength(1);
  });

  test.each([
    ['another checksum', { crc32c: 'AAAAAA==' }],
    ['no checksum', { crc32c: undefined }],
    ['another size', { size: '1' }],
  ])('I73 an answer with %s: this generation is removed, object.corrupt', async (_name, odd) => {
    for (const body of [pattern(10), pattern(UNIT)]) {
      seen = [];
      answer = ({ method, url }) => {
        if (url.includes('uploadType=resumable')) return begun();
        return method === 'DELETE' ? [204, {}] : [200, {}, resource(body, odd)];
      };
      expect(await codeOf(store.put('key', body))).toBe('object.corrupt');
      expect(of('DELETE /storage/v1/b/vault-bucket/o/key?ifGenerationMatch=17')).toHaveLength(1);
    }
  });

  test('no redirect takes the token elsewhere', async () => {
    answer = () => [307, { location: `${endpoint()}/elsewhere` }];
    expect(await codeOf(store.get('key'))).toBe('request.invalid');
    expect(of('/elsewhere')).toEqual([]);
  });

  test('a body that ends too early, or is not what was stored, is object.corrupt', async () => {
    const body = Buffer.from(pattern(1_000));
    const hash = `md5=xxxx, crc32c=${crc32cText(crc32c(body))}`;
    answer = () => [200, { 'content-length': '1000', 'x-goog-hash': hash }, body];
    expect(await codeOf(store.get('key'))).toBe('resolved');
    const other = Buffer.from(body);
    other[500] = (other[500] ?? 0) ^ 1;
    answer = () => [200, { 'content-length': '1000', 'x-goog-hash': hash }, other];
    expect(await codeOf(store.get('key'))).toBe('object.corrupt');
    answer = () => [200, { 'content-length': '1000' }, body.subarray(0, 400), 'cut'];
    expect(await codeOf(store.get('key'))).toBe('object.corrupt');
  });

  test('403 for a key that is missing: the listing of that key tells', async () => {
    answer = ({ url }) =>
      url.includes('prefix=')
        ? [200, {}, JSON.stringify({ items: [{ name: 'key2' }] })]
        : [403, {}];
    expect(await store.head('key')).toBeNull();
    expect(await codeOf(store.get('key'))).toBe('object.missing');
    expect(await codeOf(store.get('key2'))).toBe('access.denied');
    answer = () => [403, {}];
    expect(await codeOf(store.head('key'))).toBe('access.denied');
  });

  test.each([
    ['<html>a portal</html>', 'storage.unavailable'],
    ['[]', 'storage.unavailable'],
  ])('an answer %j that is no document', async (text, code) => {
    answer = () => [200, {}, text];
    expect(await codeOf(store.head('key'))).toBe(code);
    const list = async () => {
      for await (const _ of store.list('')) break;
    };
    expect(await codeOf(list())).toBe(code);
  });

  test('nobody answers: storage.unreachable', async () => {
    const address = endpoint();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(address).toContain('127.0.0.1');
    expect(await codeOf(store.head('key'))).toBe('storage.unreachable');
  });
});
