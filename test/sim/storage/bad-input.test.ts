import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StartError, startStorage } from '../../../sim/storage/index.ts';
import { S3Error } from '../../../sim/storage/s3/errors.ts';
import { childList, childText, parseXml } from '../../../sim/storage/s3/xml.ts';
import { escapeXml } from '../../../sim/storage/wire/xml.ts';
import { seeded } from '../../support/seed.ts';
import { ADMIN, BUCKET, type Lab, NOBODY, START, startLab } from './lab.ts';
import {
  buildRequest,
  plainRequest,
  presign,
  type RawRequest,
  sendRaw,
  signRequest,
} from './raw-client.ts';

const OBJECT = `/${BUCKET}/key`;

describe('bad input', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
    await lab.s3().send(new PutObjectCommand({ Bucket: BUCKET, Key: 'key', Body: 'body' }));
  });
  afterAll(async () => {
    await lab.close();
    expect(lab.internalErrors).toEqual([]);
  });

  const send = (request: Partial<RawRequest>) =>
    sendRaw(lab.storage.port, signRequest({ method: 'PUT', path: OBJECT, at: START, ...request }));
  const answer = async (request: Partial<RawRequest>) => {
    const { status, code } = await send(request);
    return [status, code];
  };
  const body = Buffer.from('hello');
  const chunked = (hash: string, decoded = '5'): Partial<RawRequest> => ({
    payloadHash: hash,
    headers: { 'x-amz-decoded-content-length': decoded, 'content-encoding': 'aws-chunked' },
  });
  const unsignedTrailer = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

  it.each<[string, Partial<RawRequest>, number, string]>([
    ['no length', {}, 411, 'MissingContentLength'],
    [
      'a wrong payload hash',
      { body, payloadHash: 'a'.repeat(64) },
      400,
      'XAmzContentSHA256Mismatch',
    ],
    ['an unknown payload mode', { body, payloadHash: 'STREAMING-X' }, 400, 'InvalidArgument'],
    [
      'a wrong MD5',
      { body, unsigned: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' } },
      400,
      'BadDigest',
    ],
    [
      'an MD5 that is none',
      { body, unsigned: { 'content-md5': 'nonsense' } },
      400,
      'InvalidDigest',
    ],
    ['a wrong CRC32', { body, headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } }, 400, 'BadDigest'],
    [
      'a CRC32 that is none',
      { body, headers: { 'x-amz-checksum-crc32': 'A' } },
      400,
      'InvalidRequest',
    ],
    [
      'two checksums',
      {
        body,
        headers: { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' },
      },
      400,
      'InvalidRequest',
    ],
    ['an unsigned x-amz header', { body, unsigned: { 'x-amz-meta-a': 'b' } }, 403, 'AccessDenied'],
    [
      'an unknown x-amz header',
      { body, headers: { 'x-amz-tagging': 'a=b' } },
      501,
      'NotImplemented',
    ],
    [
      'encryption',
      { body, headers: { 'x-amz-server-side-encryption': 'AES256' } },
      501,
      'NotImplemented',
    ],
    [
      'another storage class',
      { body, headers: { 'x-amz-storage-class': 'GLACIER' } },
      501,
      'NotImplemented',
    ],
    ['a public ACL', { body, headers: { 'x-amz-acl': 'public-read' } }, 501, 'NotImplemented'],
    [
      'another bucket owner',
      { body, headers: { 'x-amz-expected-bucket-owner': '1' } },
      403,
      'AccessDenied',
    ],
    [
      'If-None-Match of an ETag',
      { body, headers: { 'if-none-match': '"x"' } },
      501,
      'NotImplemented',
    ],
    [
      'too much metadata',
      { body, headers: { 'x-amz-meta-a': 'm'.repeat(2049) } },
      400,
      'MetadataTooLarge',
    ],
    [
      'an object above 5 GiB',
      { unsigned: { 'content-length': String(5 * 1024 ** 3 + 1) } },
      400,
      'EntityTooLarge',
    ],
    ['tagging', { path: `${OBJECT}?tagging`, body }, 501, 'NotImplemented'],
    ['an ACL', { method: 'GET', path: `${OBJECT}?acl` }, 501, 'NotImplemented'],
    ['a version', { method: 'GET', path: `${OBJECT}?versionId=1` }, 501, 'NotImplemented'],
    ['a list of versions', { method: 'GET', path: `/${BUCKET}?versions` }, 501, 'NotImplemented'],
    ['a bucket policy', { method: 'GET', path: `/${BUCKET}?policy` }, 501, 'NotImplemented'],
    ['deleting a policy', { method: 'DELETE', path: `/${BUCKET}?policy` }, 501, 'NotImplemented'],
    ['deleting a full bucket', { method: 'DELETE', path: `/${BUCKET}` }, 409, 'BucketNotEmpty'],
    ['a form upload', { method: 'POST', path: `/${BUCKET}`, body }, 501, 'NotImplemented'],
    ['another method', { method: 'PATCH' }, 405, 'MethodNotAllowed'],
    [
      'a copy source without key',
      { headers: { 'x-amz-copy-source': BUCKET } },
      400,
      'InvalidArgument',
    ],
    [
      'a part without upload',
      { path: `${OBJECT}?partNumber=1&uploadId=x`, body },
      404,
      'NoSuchUpload',
    ],
    ['an unknown user', { body, keys: { ...ADMIN, accessKeyId: 'x' } }, 403, 'InvalidAccessKeyId'],
    ['another service', { body, service: 'sqs' }, 400, 'AuthorizationHeaderMalformed'],
    ['a user without rights', { body, keys: NOBODY }, 403, 'AccessDenied'],
    [
      'a trailer that does not come',
      {
        ...chunked(unsignedTrailer),
        body: Buffer.from('5\r\nhello\r\n0\r\n\r\n'),
        headers: { 'x-amz-decoded-content-length': '5', 'x-amz-trailer': 'x-amz-checksum-crc32' },
      },
      400,
      'MalformedTrailerError',
    ],
    [
      'a wrong trailer',
      {
        ...chunked(unsignedTrailer),
        body: Buffer.from('5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'),
        headers: { 'x-amz-decoded-content-length': '5', 'x-amz-trailer': 'x-amz-checksum-crc32' },
      },
      400,
      'BadDigest',
    ],
    [
      'fewer bytes than announced',
      { ...chunked(unsignedTrailer, '6'), body: Buffer.from('5\r\nhello\r\n0\r\n\r\n') },
      400,
      'IncompleteBody',
    ],
    [
      'malformed framing',
      { ...chunked(unsignedTrailer), body: Buffer.from('hello, this is no chunk\r\n') },
      400,
      'InvalidRequest',
    ],
    [
      'chunks without decoded length',
      { payloadHash: unsignedTrailer, body: Buffer.from('5\r\nhello\r\n0\r\n\r\n') },
      411,
      'MissingContentLength',
    ],
    [
      'unsigned chunks where signed ones were announced',
      {
        ...chunked('STREAMING-AWS4-HMAC-SHA256-PAYLOAD'),
        body: Buffer.from('5\r\nhello\r\n0\r\n\r\n'),
      },
      400,
      'InvalidRequest',
    ],
  ])('%s', async (_name, request, status, code) => {
    expect(await answer(request)).toEqual([status, code]);
  });

  it('of a client that sends too little nothing is stored', async () => {
    const before = lab.records.length;
    const socket = connect(lab.storage.port, '127.0.0.1');
    socket.end(
      signRequest({
        method: 'PUT',
        path: `/${BUCKET}/cut`,
        at: START,
        payloadHash: 'UNSIGNED-PAYLOAD',
        unsigned: { 'content-length': '1000' },
      }),
    );
    await new Promise((resolve) =>
      socket
        .on('close', resolve)
        .on('error', () => undefined)
        .resume(),
    );
    await expect.poll(() => lab.records.length).toBe(before + 1);
    const reply = await send({ method: 'GET', path: `/${BUCKET}/cut` });
    expect(reply.code).toBe('NoSuchKey');
  });

  it('signed chunks of less than 8 KiB before the last one are refused as by S3', async () => {
    const seed = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
    const build = (raw: Buffer) =>
      buildRequest({ method: 'PUT', path: OBJECT, at: START, ...chunked(seed, '10'), body: raw });
    const { signature, scope, key } = build(Buffer.alloc(1));
    const { signHex, scopeText, EMPTY_SHA256, sha256Hex } = await import(
      '../../../sim/storage/sigv4/canonical.ts'
    );
    let previous = signature;
    const frames = [Buffer.from('hello'), Buffer.from('world'), Buffer.alloc(0)].map((data) => {
      const text = ['AWS4-HMAC-SHA256-PAYLOAD', scope.timestamp, scopeText(scope), previous];
      previous = signHex(key, [...text, EMPTY_SHA256, sha256Hex(data)].join('\n'));
      const head = `${data.length.toString(16)};chunk-signature=${previous}\r\n`;
      return Buffer.concat([Buffer.from(head), data, Buffer.from('\r\n')]);
    });
    const reply = await sendRaw(lab.storage.port, build(Buffer.concat(frames)).bytes);
    expect([reply.status, reply.code]).toEqual([403, 'InvalidChunkSizeError']);
  });

  it.each([
    ['no XML', 'text'],
    ['another root', '<Other/>'],
    ['no keys', '<Delete></Delete>'],
    ['an unknown member', '<Delete><Object><Key>a</Key><Secret/></Object></Delete>'],
    ['an unclosed element', '<Delete><Object><Key>a</Key></Object>'],
    [
      'a document type',
      '<!DOCTYPE x [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>',
    ],
    ['an unknown entity', '<Delete><Object><Key>&nope;</Key></Object></Delete>'],
    ['a surrogate reference', '<Delete><Object><Key>&#xD800;</Key></Object></Delete>'],
    ['an empty key', '<Delete><Object><Key></Key></Object></Delete>'],
    ['1,001 keys', `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1001)}</Delete>`],
  ])('malformed batch delete: %s', async (_name, text) => {
    const xml = Buffer.from(text);
    const md5 = createHash('md5').update(xml).digest('base64');
    const request = { method: 'POST', path: `/${BUCKET}?delete`, body: xml };
    expect(await answer({ ...request, unsigned: { 'content-md5': md5 } })).toEqual([
      400,
      'MalformedXML',
    ]);
    expect(await answer(request)).toEqual([400, 'InvalidRequest']);
  });

  it('keys are never paths, and `..` is a literal text', async () => {
    for (const path of [`/${BUCKET}/../../etc/passwd`, `/${BUCKET}/a/%2e%2e/b`, `/${BUCKET}//x`]) {
      expect((await send({ path, body })).status).toBe(200);
      expect((await send({ method: 'GET', path })).text).toMatch(/hello$/);
    }
    const listed = await send({ method: 'GET', path: `/${BUCKET}?list-type=2&prefix=..%2F` });
    expect(listed.text).toContain('<Key>../../etc/passwd</Key>');
  });

  it.each([
    ['anonymous', plainRequest('GET', OBJECT), 403, 'AccessDenied'],
    ['broken percent-encoding', plainRequest('GET', `/${BUCKET}/%zz`), 400, 'InvalidURI'],
    ['no UTF-8', plainRequest('GET', `/${BUCKET}/%ff`), 400, 'InvalidURI'],
    ['a broken query', plainRequest('GET', `${OBJECT}?a=%f`), 400, 'InvalidURI'],
    ['a request line that is none', Buffer.from('NONSENSE\r\n\r\n'), 400, ''],
    ['headers without end', Buffer.from(`GET / HTTP/1.1\r\nX: ${'y'.repeat(70_000)}`), 400, ''],
  ])('%s', async (_name, bytes, status, code) => {
    const reply = await sendRaw(lab.storage.port, bytes);
    expect(reply.code).toBe(code);
    // A runtime may answer an oversized head with 431 or just cut the line.
    if (code !== '') expect(reply.status).toBe(status);
    else expect([0, 400, 431]).toContain(reply.status);
  });

  it.each([
    ['Basic dXNlcjpwYXNz', 'InvalidArgument'],
    ['AWS4-HMAC-SHA256 nonsense', 'AuthorizationHeaderMalformed'],
    [
      'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=x',
      'AuthorizationHeaderMalformed',
    ],
  ])('authorization header %s', async (authorization, code) => {
    const request = Buffer.from(
      `GET ${OBJECT} HTTP/1.1\r\nhost: h\r\nx-amz-date: 20260115T120000Z\r\n` +
        `x-amz-content-sha256: UNSIGNED-PAYLOAD\r\nauthorization: ${authorization}\r\n\r\n`,
    );
    expect(await sendRaw(lab.storage.port, request)).toMatchObject({ status: 400, code });
  });

  it('presigned URLs hold until their end, to the millisecond', async () => {
    const get = async (at: number, target = presign(OBJECT, START, 60)) => {
      lab.clock.at = at;
      const { status, code, text } = await sendRaw(lab.storage.port, plainRequest('GET', target));
      lab.clock.at = START;
      return status === 200 ? text.slice(-4) : [status, code, /Request has expired/.test(text)];
    };
    expect(await get(START + 59_999)).toBe('body');
    expect(await get(START + 60_000)).toEqual([403, 'AccessDenied', true]);
    expect(await get(START - 16 * 60_000)).toEqual([403, 'AccessDenied', false]);
    const forged = presign(OBJECT, START, 60).replace('Expires=60', 'Expires=61');
    expect(await get(START, forged)).toEqual([403, 'SignatureDoesNotMatch', false]);
    const week = presign(OBJECT, START, 604_801);
    expect(await get(START, week)).toEqual([400, 'AuthorizationQueryParametersError', false]);
    const keys = await lab.assume({ seconds: 900 });
    const long = presign(OBJECT, START, 3600, keys);
    expect(await get(START + 899_999, long)).toBe('body');
    expect(await get(START + 900_000, long)).toEqual([400, 'ExpiredToken', false]);
  });

  it('a port in use and wrong options are told clearly', async () => {
    const options = {
      clock: lab.clock as never,
      state: { kind: 'memory' },
      longestSessionMs: 1,
      identities: [],
      roles: [],
      buckets: [],
    } as const;
    const clock = { now: () => START };
    const taken = startStorage({ ...options, clock, port: lab.storage.port });
    await expect(taken).rejects.toMatchObject({ code: 'port.in-use' });
    const bucket = startStorage({ ...options, clock, buckets: ['../x'] });
    await expect(bucket).rejects.toBeInstanceOf(StartError);
  });
});

describe('XML', () => {
  it('any text survives escaping and parsing', () => {
    // A lone surrogate is no character; a key is decoded from UTF-8 and cannot hold one.
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parsed = parseXml(`<A><B>${escapeXml(text)}</B></A>`, 'A');
        expect(childText(parsed, 'B')).toBe(text);
      }),
      seeded({ numRuns: 1000 }),
    );
  });

  it('random documents end in MalformedXML or parse, never in a crash', () => {
    const piece = fc.constantFrom(
      '<A>',
      '</A>',
      '<B>',
      '</B>',
      '<B/>',
      '&amp;',
      '&',
      '<',
      '>',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?xml?>',
      'text',
      ' ',
      '__proto__',
      '<__proto__>',
      '</__proto__>',
      '<constructor/>',
      '&#0;',
      '\u0000',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          const root = parseXml(pieces.join(''), 'A');
          for (const node of childList(root, 'B'))
            if (typeof node !== 'string') childText(node, 'B');
          childText(root, 'constructor');
        } catch (error) {
          if (!(error instanceof S3Error)) throw error;
          expect(error.code).toBe('MalformedXML');
        }
      }),
      seeded({ numRuns: 3000 }),
    );
  });
});
