import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BUCKET, failure, type Lab, START, startLab } from './lab.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await startLab();
});
afterEach(async () => {
  expect(lab.internalErrors).toEqual([]);
  await lab.close();
});

const bytes = (size: number): Buffer => Buffer.alloc(size, 'abcdefghij');

describe('objects with @google-cloud/storage', () => {
  test('an upload in one request is read back, with its hashes and metadata', async () => {
    const file = lab.withToken().bucket(BUCKET).file('a/b c+ü.bin');
    await file.save('hello', {
      resumable: false,
      contentType: 'text/plain',
      metadata: { cacheControl: 'no-store', metadata: { backup: 'one' } },
    });
    const [content] = await file.download();
    expect(content.toString()).toBe('hello');
    const [metadata] = await file.getMetadata();
    expect(metadata).toMatchObject({
      name: 'a/b c+ü.bin',
      size: '5',
      contentType: 'text/plain',
      cacheControl: 'no-store',
      metadata: { backup: 'one' },
      md5Hash: 'XUFAKrxLKna5cZ2REBfFkg==',
      crc32c: 'mnG7TA==',
      generation: String(START * 1000),
      metageneration: '1',
      timeCreated: '2026-01-15T12:00:00.000Z',
    });
  });

  test('a range is served, and one beyond the end is 416', async () => {
    const file = lab.withToken().bucket(BUCKET).file('f');
    await file.save('0123456789', { resumable: false });
    const [part] = await file.download({ start: 2, end: 4 });
    expect(part.toString()).toBe('234');
    const token = lab.token();
    const path = `/storage/v1/b/${BUCKET}/o/f?alt=media`;
    const beyond = await lab.fetch(path, { token, headers: { range: 'bytes=10-' } });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe('bytes */10');
    expect(await beyond.json()).toMatchObject({
      error: { code: 416, errors: [{ reason: 'requestedRangeNotSatisfiable' }] },
    });
  });

  test('listing: prefix, delimiter, pages, offsets', async () => {
    const bucket = lab.withToken().bucket(BUCKET);
    for (const name of ['a/1', 'a/2', 'b/1', 'c', 'd']) {
      await bucket.file(name).save('x', { resumable: false });
    }
    const names = async (query: object): Promise<string[]> =>
      (await bucket.getFiles(query))[0].map((file) => file.name);
    expect(await names({})).toEqual(['a/1', 'a/2', 'b/1', 'c', 'd']);
    expect(await names({ prefix: 'a/' })).toEqual(['a/1', 'a/2']);
    expect(await names({ maxResults: 2 })).toEqual(['a/1', 'a/2']);
    expect(await names({ startOffset: 'a/2', endOffset: 'd' })).toEqual(['a/2', 'b/1', 'c']);
    const [, next, answer] = (await bucket.getFiles({
      delimiter: '/',
      maxResults: 2,
      autoPaginate: false,
    })) as unknown as [unknown, object, { prefixes: string[] }];
    expect(answer.prefixes).toEqual(['a/', 'b/']);
    const [rest] = await bucket.getFiles(next);
    expect(rest.map((file) => file.name)).toEqual(['c', 'd']);
  });

  test('patch raises the metageneration and keeps the generation', async () => {
    const file = lab.withToken().bucket(BUCKET).file('f');
    await file.save('x', { resumable: false, metadata: { metadata: { a: '1', b: '2' } } });
    const [before] = await file.getMetadata();
    lab.moveTo(START + 1000);
    const [after] = await file.setMetadata({ metadata: { a: null, c: '3' } });
    expect(after.metadata).toEqual({ b: '2', c: '3' });
    expect(after.metageneration).toBe('2');
    expect(after.generation).toBe(before.generation);
    expect(after.updated).toBe('2026-01-15T12:00:01.000Z');
  });

  test('copy, compose and delete', async () => {
    const bucket = lab.withToken().bucket(BUCKET);
    await bucket.file('one').save('1', { resumable: false, contentType: 'text/one' });
    await bucket.file('two').save('22', { resumable: false });
    await bucket.file('one').copy(bucket.file('copy'));
    expect((await bucket.file('copy').getMetadata())[0].contentType).toBe('text/one');
    const [whole] = await bucket.combine(['one', 'two', 'copy'], 'whole');
    expect((await whole.download())[0].toString()).toBe('1221');
    await bucket.file('one').delete();
    expect(await bucket.file('one').exists()).toEqual([false]);
    expect((await whole.download())[0].toString()).toBe('1221');
    expect(await failure(bucket.file('one').delete())).toMatchObject({
      code: 404,
      reason: 'notFound',
    });
  });

  test.each([
    ['create only', { ifGenerationMatch: 0 }, 412],
    ['another generation', { ifGenerationMatch: 5 }, 412],
    ['another metageneration', { ifMetagenerationMatch: 7 }, 412],
    ['not this generation', { ifGenerationNotMatch: START * 1000 }, 412],
    ['this generation', { ifGenerationMatch: START * 1000 }, 200],
  ])('precondition %s', async (_name, preconditionOpts, status) => {
    const file = lab.withToken().bucket(BUCKET).file('f');
    await file.save('old', { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } });
    const work = file.save('new', { resumable: false, preconditionOpts });
    if (status === 200) await work;
    else expect(await failure(work)).toMatchObject({ code: 412, reason: 'conditionNotMet' });
    expect((await file.download())[0].toString()).toBe(status === 200 ? 'new' : 'old');
  });

  test('generations rise even when the clock goes back', async () => {
    const file = lab.withToken().bucket(BUCKET).file('f');
    const generations: number[] = [];
    for (const at of [START, START, START - 60_000]) {
      lab.moveTo(at);
      await file.save('x', { resumable: false });
      generations.push(Number((await file.getMetadata())[0].generation));
    }
    expect(generations).toEqual([...new Set(generations)].sort((a, b) => a - b));
  });

  test('a wrong checksum is refused and nothing is stored', async () => {
    const token = lab.token();
    const path = `/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=f`;
    const answer = await lab.fetch(path, {
      token,
      method: 'POST',
      body: 'hello',
      headers: { 'x-goog-hash': 'crc32c=AAAAAA==' },
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("doesn't match calculated CRC32C");
    const missing = await lab.fetch(`/storage/v1/b/${BUCKET}/o/f`, { token });
    expect(missing.status).toBe(404);
  });

  test('buckets: create, read, list, change, delete', async () => {
    const storage = lab.withToken();
    const [bucket] = await storage.createBucket('second-bucket', { location: 'eu' });
    expect(bucket.metadata.iamConfiguration?.uniformBucketLevelAccess?.enabled).toBe(false);
    await bucket.setMetadata({
      iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
      labels: { kind: 'test' },
    });
    const [metadata] = await bucket.getMetadata();
    expect(metadata).toMatchObject({
      location: 'EU',
      metageneration: '2',
      labels: { kind: 'test' },
    });
    const [buckets] = await storage.getBuckets();
    expect(buckets.map(({ name }) => name)).toEqual([BUCKET, 'second-bucket']);
    expect(await failure(storage.createBucket('second-bucket'))).toMatchObject({ code: 409 });
    await bucket.file('f').save('x', { resumable: false });
    expect(await failure(bucket.delete())).toMatchObject({ code: 409, reason: 'conflict' });
    await bucket.file('f').delete();
    await bucket.delete();
    expect(await failure(bucket.getMetadata())).toMatchObject({ code: 404 });
    expect(await failure(storage.bucket(BUCKET).file('f').getMetadata())).toMatchObject({
      code: 404,
      message: `No such object: ${BUCKET}/f`,
    });
  });
});

describe('resumable uploads with @google-cloud/storage', () => {
  const CHUNK = 256 * 1024;

  test('one request, chunks, and an object without bytes', async () => {
    const bucket = lab.withToken().bucket(BUCKET);
    const whole = randomBytes(3 * CHUNK + 17);
    const upload = async (name: string, data: Buffer, options: object): Promise<void> => {
      // The client forgets its credential when it begins a session for a stream at an endpoint
      // of one's own, but not here.
      const [uri] = await bucket.file(name).createResumableUpload({});
      await bucket.file(name).save(data, { resumable: true, uri, ...options });
    };
    await upload('single', whole, {});
    await upload('chunked', whole, { chunkSize: CHUNK });
    await upload('empty', Buffer.alloc(0), {});
    for (const name of ['single', 'chunked']) {
      expect((await bucket.file(name).download())[0].equals(whole)).toBe(true);
    }
    expect((await bucket.file('empty').getMetadata())[0].size).toBe('0');
    const chunks = lab.records.filter(
      (one) => one.operation === 'storage.objects.insert.chunk' && one.bytesIn > 0,
    );
    expect(chunks.map((one) => one.status)).toEqual([200, 308, 308, 308, 200]);
  });

  test('C13 C15: an upload goes on with a fresh token after its first one expired', async () => {
    const whole = randomBytes(2 * CHUNK + 5);
    const file = lab.withToken().bucket(BUCKET).file('f');
    const [uri] = await file.createResumableUpload({});
    const put = (token: string, from: number, to: number, total: string): Promise<Response> =>
      lab.fetch(uri.slice(lab.server.endpoint.length), {
        token,
        method: 'PUT',
        body: whole.subarray(from, to),
        headers: { 'content-range': `bytes ${from}-${to - 1}/${total}` },
      });
    const old = lab.token();
    expect((await put(old, 0, CHUNK, '*')).headers.get('range')).toBe(`bytes=0-${CHUNK - 1}`);
    lab.moveTo(START + 3_600_000);
    const expired = await put(old, CHUNK, 2 * CHUNK, '*');
    expect(expired.status).toBe(401);
    expect(await expired.json()).toMatchObject({
      error: { code: 401, message: 'Invalid Credentials', errors: [{ reason: 'authError' }] },
    });
    const second = await put(lab.token(), CHUNK, 2 * CHUNK, '*');
    expect([second.status, second.headers.get('range')]).toEqual([308, `bytes=0-${2 * CHUNK - 1}`]);
    const fresh = lab.withToken().bucket(BUCKET).file('f');
    await fresh.save(whole, { resumable: true, uri, chunkSize: CHUNK });
    expect((await fresh.download())[0].equals(whole)).toBe(true);
  });

  test('the offset query, repeated and misplaced chunks, and the session after its end', async () => {
    const token = lab.token();
    const [uri] = await lab.withToken(token).bucket(BUCKET).file('f').createResumableUpload({});
    const path = uri.slice(lab.server.endpoint.length);
    const put = async (range: string, body: Buffer | string = ''): Promise<[number, string]> => {
      const answer = await lab.fetch(path, {
        token,
        method: 'PUT',
        body,
        headers: { 'content-range': range },
      });
      return [answer.status, answer.headers.get('range') ?? ''];
    };
    const kept = `bytes=0-${CHUNK - 1}`;
    expect(await put('bytes */*')).toEqual([308, '']);
    expect(await put('bytes 0-99/*', bytes(100))).toEqual([400, '']);
    expect(await put(`bytes 0-${CHUNK - 1}/*`, bytes(CHUNK))).toEqual([308, kept]);
    expect(await put(`bytes 0-${CHUNK - 1}/*`, bytes(CHUNK))).toEqual([308, kept]);
    expect(await put(`bytes ${CHUNK + 1}-${CHUNK + 2}/*`, bytes(2))).toEqual([400, '']);
    expect(await put('bytes nonsense')).toEqual([400, '']);
    expect(await put('bytes */*')).toEqual([308, kept]);
    expect(await put(`bytes ${CHUNK}-${CHUNK + 9}/${CHUNK + 10}`, bytes(10))).toEqual([200, '']);
    // The reply may have been lost: the same session tells of the object again.
    expect(await put(`bytes */${CHUNK + 10}`)).toEqual([200, '']);
    expect((await lab.fetch(`${path}0`, { token, method: 'PUT' })).status).toBe(404);
  });

  test("chunks as Google's client for Go sends them: POST, and no 308", async () => {
    const token = lab.token();
    const file = lab.withToken(token).bucket(BUCKET).file('f');
    const [uri] = await file.createResumableUpload({});
    const post = async (range: string, body: Buffer): Promise<(number | string | null)[]> => {
      const headers = { 'content-range': range, 'x-guploader-no-308': 'yes' };
      const path = uri.slice(lab.server.endpoint.length);
      const { status, headers: got } = await lab.fetch(path, {
        token,
        method: 'POST',
        body,
        headers,
      });
      return [status, got.get('x-http-status-code-override'), got.get('range')];
    };
    const first = await post(`bytes 0-${CHUNK - 1}/*`, bytes(CHUNK));
    expect(first).toEqual([200, '308', `bytes=0-${CHUNK - 1}`]);
    const last = await post(`bytes ${CHUNK}-${CHUNK + 9}/${CHUNK + 10}`, bytes(10));
    expect(last).toEqual([200, null, null]);
    expect((await file.getMetadata())[0].size).toBe(String(CHUNK + 10));
  });

  test('a cancelled session is gone, and one lives a week', async () => {
    const token = lab.token();
    const file = lab.withToken(token).bucket(BUCKET).file('f');
    const paths = [await file.createResumableUpload({}), await file.createResumableUpload({})].map(
      ([uri]) => uri.slice(lab.server.endpoint.length),
    );
    expect((await lab.fetch(paths[0]!, { token, method: 'DELETE' })).status).toBe(499);
    expect((await lab.fetch(paths[0]!, { token, method: 'PUT' })).status).toBe(404);
    const week = START + 7 * 86_400_000;
    const query = { method: 'PUT', headers: { 'content-range': 'bytes */*' } };
    lab.moveTo(week - 1);
    expect((await lab.fetch(paths[1]!, query)).status).toBe(308);
    lab.moveTo(week);
    expect((await lab.fetch(paths[1]!, query)).status).toBe(410);
  });
});
