import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readBoundary } from '../../../../sim/storage/gcs/access/boundary.ts';
import { GcsError } from '../../../../sim/storage/gcs/errors.ts';
import { MultipartRelatedDecoder } from '../../../../sim/storage/gcs/objects/multipart-related.ts';
import { property } from '../../../support/seed.ts';
import { BUCKET, failure, type Lab, startLab } from './lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterEach(() => {
  expect(lab.internalErrors).toEqual([]);
  lab.server.faults.clear();
});
afterAll(() => lab.close());

/** One request exactly as written; the status of its answer. */
function raw(text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(lab.server.port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      socket.destroy();
    });
    socket.on('close', () => resolve(Number(answer.split(' ')[1] ?? 0)));
    socket.on('error', reject);
  });
}

const O = `/storage/v1/b/${BUCKET}/o`;
const U = `/upload/storage/v1/b/${BUCKET}/o`;

describe('what is not understood is refused', () => {
  test.each([
    ['GET', '/storage/v1/nothing', 404],
    ['GET', '/storage/v2/b', 404],
    ['GET', `${O}/a/b`, 404],
    ['POST', O, 501],
    ['PUT', `${O}/x`, 501],
    ['GET', `${O}/x/acl`, 501],
    ['GET', `/storage/v1/b/${BUCKET}/acl`, 501],
    ['GET', `/storage/v1/b/${BUCKET}/managedFolders`, 501],
    ['POST', `${O}/x/moveTo/o/y`, 501],
    ['POST', '/batch/storage/v1', 501],
    ['GET', `${O}?versions=true`, 501],
    ['GET', `${O}?strange=1`, 501],
    ['GET', `${O}?alt=xml`, 400],
    ['GET', `${O}?maxResults=x`, 400],
    ['GET', `${O}?maxResults=0`, 400],
    ['GET', `${O}?pageToken=x`, 400],
    ['GET', `${O}?pageToken=bnVsbA==`, 400],
    ['GET', `${O}?prefix=a&prefix=b`, 400],
    ['GET', `${O}/%ff`, 400],
    ['GET', `${O}/x?generation=x`, 400],
    ['POST', `${U}?name=x`, 400],
    ['POST', `${U}?uploadType=other&name=x`, 400],
    ['POST', `${U}?uploadType=media`, 400],
    ['POST', `${U}?uploadType=media&name=..`, 400],
    ['POST', `${U}?uploadType=media&name=${'x'.repeat(1025)}`, 400],
    ['POST', `${U}?uploadType=media&name=a%0ab`, 400],
    ['POST', `${U}?uploadType=multipart&name=x`, 400],
    ['POST', `${U}?uploadType=media&name=x&predefinedAcl=publicRead`, 400],
    ['POST', `${U}?uploadType=media&name=x&kmsKeyName=k`, 501],
    ['POST', `${U}?uploadType=media&name=x&ifGenerationMatch=-1`, 400],
    ['PUT', `${U}?uploadType=resumable&upload_id=x`, 404],
    ['POST', '/storage/v1/b', 400],
    ['GET', '/storage/v1/b?project=unknown', 400],
    ['GET', '/storage/v1/projects/unknown/hmacKeys', 400],
    ['GET', '/storage/v1/projects/lab-project/hmacKeys/unknown', 404],
    ['GET', '/storage/v1/b/missing-bucket', 404],
    ['GET', '/token', 404],
    ['PUT', `/${BUCKET}`, 501],
    ['POST', `/${BUCKET}?delete`, 501],
    ['GET', `/${BUCKET}?acl`, 501],
    ['GET', `/${BUCKET}/x?X-Goog-Signature=x`, 501],
    ['GET', '/missing-bucket/x', 404],
  ])('%s %s is %i', async (method, path, status) => {
    const answer = await lab.fetch(path, { method, token: lab.token() });
    expect([answer.status, answer.headers.has('x-guploader-uploadid')]).toEqual([status, true]);
  });

  test.each([
    ['x-goog-encryption-algorithm', 'AES256', 501],
    ['x-http-method-override', 'DELETE', 501],
    ['range', 'bytes=9-', 416],
  ])('header %s is answered %i', async (name, value, status) => {
    await lab.withToken().bucket(BUCKET).file('f').save('x', { resumable: false });
    const headers = { [name]: value };
    const answer = await lab.fetch(`${O}/f?alt=media`, { token: lab.token(), headers });
    expect(answer.status).toBe(status);
  });

  test.each(['{', '[]', '1', 'null', '{"acl":[1]}', '{"strange":1}', '{"metadata":{"a":1}}'])(
    'patching with %s',
    async (body) => {
      await lab.withToken().bucket(BUCKET).file('f').save('x', { resumable: false });
      const answer = await lab.fetch(`${O}/f`, { token: lab.token(), method: 'PATCH', body });
      expect([400, 501]).toContain(answer.status);
    },
  );

  test('a header cannot be forged through metadata', async () => {
    const file = lab.withToken().bucket(BUCKET).file('f');
    const metadata = { cacheControl: 'x\r\nset-cookie: y' };
    expect(await failure(file.save('x', { resumable: false, metadata }))).toMatchObject({
      code: 400,
    });
  });

  test('a body that is too large for JSON', async () => {
    const body = 'x'.repeat(1024 * 1024 + 1);
    const answer = await lab.fetch('/token', { method: 'POST', body });
    expect(answer.status).toBe(413);
  });

  const target = fc
    .array(
      fc.constantFrom(
        ...['/', '?', '&', '=', '%', '%2F', '%00', '..', 'storage', 'v1', 'b', 'o', BUCKET],
        ...['upload', 'token', 'uploadType', 'resumable', 'upload_id', 'iam', 'X-Amz-Algorithm'],
        ...['alt', 'media', 'x', ':', '@', ';', "'", '"', 'hmacKeys', 'projects', 'lab-project'],
      ),
      { maxLength: 14 },
    )
    .map((parts) => `/${parts.join('')}`);

  property(
    'any target is answered, never with a fault of the storage and never with a body for nobody',
    [fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'), target],
    async (method, path) => {
      const head = `${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n`;
      const status = await raw(`${head}\r\n`);
      expect(status).toBeGreaterThanOrEqual(400);
      expect([500, 502]).not.toContain(status);
      return undefined;
    },
    { numRuns: 150 },
  );
});

describe('parsers', () => {
  const boundary = 'b0und';
  const whole = (media: string): Buffer =>
    Buffer.from(
      `--${boundary}\r\nContent-Type: application/json\r\n\r\n{"name":"x"}\r\n` +
        `--${boundary}\r\nContent-Type: text/plain\r\n\r\n${media}\r\n--${boundary}--\r\n`,
      'latin1',
    );
  const read = (pieces: Buffer[]): { metadata: string; media: string; type?: string } => {
    const decoder = new MultipartRelatedDecoder(boundary);
    const media = pieces.flatMap((piece) => [...decoder.push(piece)]);
    decoder.end();
    const type = decoder.mediaType === undefined ? {} : { type: decoder.mediaType };
    return { metadata: decoder.metadata, media: Buffer.concat(media).toString('latin1'), ...type };
  };

  property(
    'a multipart body cut anywhere gives the same media',
    [
      fc
        .array(fc.constantFrom('\r\n', '--', '--b0un', 'b0und', 'x', '\r', '\n', '-'))
        .map((parts) => parts.join(''))
        .filter((media) => !media.includes(`\r\n--${boundary}`) && !media.startsWith('--b0und')),
      fc.array(fc.nat(300), { maxLength: 8 }),
    ],
    (media, cuts) => {
      const body = whole(media);
      const points = [0, ...cuts.filter((at) => at < body.length).sort((a, b) => a - b)];
      const pieces = points.map((at, index) => body.subarray(at, points[index + 1]));
      expect(read(pieces)).toEqual({ metadata: '\r\n{"name":"x"}', media, type: 'text/plain' });
      return undefined;
    },
    { numRuns: 500 },
  );

  property(
    'a damaged multipart body is refused with an error of its own',
    [fc.nat(), fc.nat(255), fc.nat()],
    (at, byte, length) => {
      const body = whole('some media');
      body[at % body.length] = byte;
      try {
        read([body.subarray(0, length % (body.length + 1))]);
      } catch (error) {
        expect(error).toBeInstanceOf(GcsError);
      }
      return undefined;
    },
    { numRuns: 500 },
  );

  property('a boundary is read or refused, never a crash', [fc.json()], (text) => {
    expect(() => readBoundary(JSON.parse(text))).toThrow(/must|needs|unknown/);
    return undefined;
  });
});

describe('faults', () => {
  test.each([
    [429, 'rateLimitExceeded'],
    [503, 'backendError'],
  ])('%i %s in the shape of the JSON API', async (status, code) => {
    const rule = { kind: 'error', operation: 'storage.objects.get', nth: 1 } as const;
    lab.server.faults.add({ ...rule, status, code, retryAfterSeconds: 3 });
    const answer = await lab.fetch(`${O}/f`, { token: lab.token() });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, '3']);
    expect(await answer.json()).toMatchObject({ error: { errors: [{ reason: code }] } });
  });

  test('a lost reply, a cut connection, a corrupted body, a skewed clock', async () => {
    const file = lab.withToken().bucket(BUCKET).file('lost');
    const operation = 'storage.objects.insert';
    lab.server.faults.add({ kind: 'reset', when: 'after', operation, nth: 1 });
    await expect(file.save('x', { resumable: false })).rejects.toThrow();
    expect(await file.exists()).toEqual([true]);
    lab.server.faults.clear();
    lab.server.faults.add({ kind: 'corruptBody', operation: 'storage.objects.get', nth: 1 });
    await expect(file.download()).rejects.toMatchObject({ code: 'CONTENT_DOWNLOAD_MISMATCH' });
    expect((await file.download())[0].toString()).toBe('x');
    lab.server.faults.clear();
    lab.server.faults.add({ kind: 'skewClock', ms: 3_600_000, nth: 1 });
    expect((await lab.fetch(`${O}/lost`, { token: lab.token() })).status).toBe(401);
  });

  test('a fault of the token endpoint has the shape of OAuth', async () => {
    const rule = { kind: 'error', operation: 'sts.token', nth: 1 } as const;
    lab.server.faults.add({ ...rule, status: 503, code: 'temporarily_unavailable' });
    const answer = await lab.fetch('/v1/token', { method: 'POST' });
    expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' });
  });
});
