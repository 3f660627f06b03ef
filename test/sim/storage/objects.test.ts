import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUCKET, type Lab, refusal, START, startLab } from './lab.ts';

const Bucket = BUCKET;

describe.each([
  ['default checksums', {}],
  [
    'checksums only when required',
    {
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    },
  ],
] as const)('objects through the unmodified SDK, %s', (_name, config) => {
  let lab: Lab;
  let s3: S3Client;
  beforeAll(async () => {
    lab = await startLab();
    s3 = lab.s3(undefined, config);
  });
  afterAll(async () => {
    await lab.close();
    expect(lab.internalErrors).toEqual([]);
  });

  const put = (Key: string, Body: string | Buffer = 'body') =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  const get = async (Key: string, more: { Range?: string } = {}): Promise<string> => {
    const reply = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
    return reply.Body!.transformToString('latin1');
  };

  it('stores and returns bytes, metadata, ETag and dates of the injected clock', async () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const stored = await s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'a/b c',
        Body: body,
        ContentType: 'text/x-test',
        CacheControl: 'no-store',
        Metadata: { tenant: 'acme' },
      }),
    );
    const md5 = createHash('md5').update(body).digest('hex');
    expect(stored.ETag).toBe(`"${md5}"`);
    const reply = await s3.send(new GetObjectCommand({ Bucket, Key: 'a/b c' }));
    expect(Buffer.from(await reply.Body!.transformToByteArray()).equals(body)).toBe(true);
    expect(reply.Metadata).toEqual({ tenant: 'acme' });
    expect(reply.ContentType).toBe('text/x-test');
    expect(reply.CacheControl).toBe('no-store');
    expect(reply.LastModified?.getTime()).toBe(START);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'a/b c' }));
    expect([head.ContentLength, head.ETag]).toEqual([body.length, `"${md5}"`]);
  });

  it('stores an empty object', async () => {
    await put('empty', '');
    expect(await get('empty')).toBe('');
    expect(await refusal(get('empty', { Range: 'bytes=0-' }))).toMatchObject({
      code: 'InvalidRange',
      status: 416,
    });
  });

  it('takes a stream with a known length as aws-chunked or plain body', async () => {
    const pieces = Array.from({ length: 40 }, (_, index) => Buffer.alloc(65_536, index));
    const ContentLength = 40 * 65_536;
    await s3.send(
      new PutObjectCommand({ Bucket, Key: 'stream', Body: Readable.from(pieces), ContentLength }),
    );
    const whole = await s3.send(new GetObjectCommand({ Bucket, Key: 'stream' }));
    expect(
      Buffer.from(await whole.Body!.transformToByteArray()).equals(Buffer.concat(pieces)),
    ).toBe(true);
  });

  it.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME'] as const)(
    'verifies and returns a %s checksum in a header and in a trailer',
    async (ChecksumAlgorithm) => {
      const bytes = Buffer.alloc(100_000, 'checksum');
      for (const Body of [
        bytes,
        Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]),
      ]) {
        const request = { Bucket, Key: 'sum', ContentLength: bytes.length, ChecksumAlgorithm };
        const stored = await s3.send(new PutObjectCommand({ ...request, Body }));
        const head = await s3.send(
          new HeadObjectCommand({ Bucket, Key: 'sum', ChecksumMode: 'ENABLED' }),
        );
        const name = `Checksum${ChecksumAlgorithm}` as const;
        expect(stored[name]).toBeTruthy();
        expect(head[name]).toBe(stored[name]);
      }
    },
  );

  it.each([
    ['bytes=2-4', '234'],
    ['bytes=7-', '789'],
    ['bytes=-2', '89'],
    ['bytes=0-100', '0123456789'],
    ['bytes=5-3', '0123456789'],
    ['nonsense', '0123456789'],
  ])('range %s', async (Range, expected) => {
    await put('range', '0123456789');
    expect(await get('range', { Range })).toBe(expected);
  });

  it('refuses a range beyond the end', async () => {
    await put('range', '0123456789');
    const refused = await refusal(get('range', { Range: 'bytes=10-' }));
    expect(refused).toMatchObject({ code: 'InvalidRange', status: 416 });
  });

  const ODD_KEYS = [
    'ünïcode/日本/😀',
    'space and  two',
    'plus+plus',
    '100%',
    '%41',
    "star*quote'(paren)!",
    'a//b',
    '/leading',
    'trailing/',
    'semi;colon:comma,=&?#[]@$"<>\\^`{|}~',
    'tab\tnewline\ncr\r',
  ];

  it.each(ODD_KEYS)('keeps the odd key %j apart and lists it', async (key) => {
    await put(`odd-${key}`, key);
    expect(Buffer.from(await get(`odd-${key}`), 'latin1').toString()).toBe(key);
    for (const EncodingType of [undefined, 'url'] as const) {
      const listed = await s3.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix: `odd-${key}`,
          ...(EncodingType ? { EncodingType } : {}),
        }),
      );
      const [first] = listed.Contents ?? [];
      const name = first?.Key ?? '';
      expect(EncodingType ? decodeURIComponent(name) : name).toBe(`odd-${key}`);
    }
    await s3.send(
      new CopyObjectCommand({
        Bucket,
        Key: 'copied',
        CopySource: encodeURIComponent(`${Bucket}/odd-${key}`),
      }),
    );
    expect(Buffer.from(await get('copied'), 'latin1').toString()).toBe(key);
    const deleted = await s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: `odd-${key}` }] } }),
    );
    expect(deleted.Deleted?.[0]?.Key).toBe(`odd-${key}`);
    expect(await refusal(get(`odd-${key}`))).toMatchObject({ code: 'NoSuchKey', status: 404 });
  });

  it('lists by prefix, delimiter, pages and start-after in UTF-8 order', async () => {
    const keys = ['l/a', 'l/b/1', 'l/b/2', 'l/c/1', 'l/d', 'l/\u{ffee}', 'l/\u{1f600}'];
    for (const key of keys) await put(key);
    const all: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix: 'l/',
          Delimiter: '/',
          MaxKeys: 2,
          ...(ContinuationToken ? { ContinuationToken } : {}),
        }),
      );
      const names = [
        ...(page.Contents ?? []).map((item) => item.Key!),
        ...(page.CommonPrefixes ?? []).map((item) => item.Prefix!),
      ];
      expect(page.KeyCount).toBe(names.length);
      all.push(...names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      ContinuationToken = page.NextContinuationToken;
      expect(page.IsTruncated).toBe(ContinuationToken !== undefined);
    } while (ContinuationToken);
    expect(all).toEqual(['l/a', 'l/b/', 'l/c/', 'l/d', 'l/\u{ffee}', 'l/\u{1f600}']);
    const after = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'l/', StartAfter: 'l/c/1' }),
    );
    expect(after.Contents?.map((item) => item.Key)).toEqual(['l/d', 'l/\u{ffee}', 'l/\u{1f600}']);
    const none = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }));
    expect([none.KeyCount, none.IsTruncated]).toEqual([0, false]);
    const bad = s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: 'x' }));
    expect((await refusal(bad)).code).toBe('InvalidArgument');
  });

  it('conditional writes: If-None-Match and If-Match', async () => {
    const Key = 'conditional';
    const create = new PutObjectCommand({ Bucket, Key, Body: 'one', IfNoneMatch: '*' });
    const { ETag } = await s3.send(create);
    const again = new PutObjectCommand({ Bucket, Key, Body: 'two', IfNoneMatch: '*' });
    expect(await refusal(s3.send(again))).toMatchObject({
      code: 'PreconditionFailed',
      status: 412,
    });
    const swap = (Body: string) => new PutObjectCommand({ Bucket, Key, Body, IfMatch: ETag! });
    await s3.send(swap('three'));
    expect((await refusal(s3.send(swap('four')))).status).toBe(412);
    const missing = new PutObjectCommand({ Bucket, Key: 'none', Body: 'x', IfMatch: ETag! });
    expect(await refusal(s3.send(missing))).toMatchObject({ code: 'NoSuchKey', status: 404 });
    const remove = new DeleteObjectCommand({ Bucket, Key, IfMatch: ETag! });
    expect((await refusal(s3.send(remove))).status).toBe(412);
    expect(await get(Key)).toBe('three');
    const { ETag: now } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatch: now! }));
    expect((await refusal(get(Key))).code).toBe('NoSuchKey');
  });

  it('conditional reads: 304 and 412', async () => {
    const { ETag } = await put('read', 'x');
    const read = (more: object) => s3.send(new GetObjectCommand({ Bucket, Key: 'read', ...more }));
    expect((await refusal(read({ IfNoneMatch: ETag }))).status).toBe(304);
    expect((await refusal(read({ IfMatch: '"other"' }))).status).toBe(412);
    expect((await refusal(read({ IfModifiedSince: new Date(START) }))).status).toBe(304);
    expect((await refusal(read({ IfUnmodifiedSince: new Date(START - 1000) }))).status).toBe(412);
    const reply = await read({ IfMatch: ETag, IfUnmodifiedSince: new Date(START - 1000) });
    expect(await reply.Body!.transformToString()).toBe('x');
  });

  it('copies with metadata kept or replaced, and not onto itself', async () => {
    await s3.send(
      new PutObjectCommand({ Bucket, Key: 'src', Body: 'copy me', Metadata: { kept: 'yes' } }),
    );
    const copy = (Key: string, more: object = {}) =>
      s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/src`, ...more }));
    await copy('kept');
    await copy('replaced', { MetadataDirective: 'REPLACE', Metadata: { fresh: '1' } });
    const metadata = async (Key: string) =>
      (await s3.send(new HeadObjectCommand({ Bucket, Key }))).Metadata;
    expect(await metadata('kept')).toEqual({ kept: 'yes' });
    expect(await metadata('replaced')).toEqual({ fresh: '1' });
    expect((await refusal(copy('src'))).code).toBe('InvalidRequest');
    await copy('src', { MetadataDirective: 'REPLACE', Metadata: { self: '1' } });
    expect([await get('src'), await metadata('src')]).toEqual(['copy me', { self: '1' }]);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'src' }));
    expect(await get('kept')).toBe('copy me');
    expect((await refusal(copy('gone'))).code).toBe('NoSuchKey');
  });

  it('deletes one and many; a missing key is no error', async () => {
    for (const key of ['d1', 'd2', 'd3']) await put(key);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'd1' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'd1' }));
    const Objects = ['d1', 'd2', 'd3'].map((Key) => ({ Key }));
    const reply = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(reply.Deleted?.map((item) => item.Key)).toEqual(['d1', 'd2', 'd3']);
    await put('d4');
    const quiet = await s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'd4' }], Quiet: true } }),
    );
    expect([quiet.Deleted, quiet.Errors]).toEqual([undefined, undefined]);
    expect((await refusal(get('d4'))).code).toBe('NoSuchKey');
  });

  it('buckets: create, head, list, location, versioning', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'another-bucket' }));
    await s3.send(new HeadBucketCommand({ Bucket: 'another-bucket' }));
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map((item) => item.Name)).toEqual(['another-bucket', BUCKET]);
    const location = await s3.send(new GetBucketLocationCommand({ Bucket }));
    expect(location.LocationConstraint).toBeUndefined();
    const versioning = await s3.send(new GetBucketVersioningCommand({ Bucket }));
    expect(versioning.Status).toBeUndefined();
    const head = s3.send(new HeadBucketCommand({ Bucket: 'no-such-bucket' }));
    expect((await refusal(head)).status).toBe(404);
    const bad = s3.send(new CreateBucketCommand({ Bucket: 'Bad_Name' }));
    expect((await refusal(bad)).code).toBe('InvalidBucketName');
    const missing = s3.send(new PutObjectCommand({ Bucket: 'no-such-bucket', Key: 'a' }));
    expect((await refusal(missing)).code).toBe('NoSuchBucket');
  });

  it('refuses keys above 1,024 bytes and takes one of exactly 1,024', async () => {
    await put('k'.repeat(1024));
    expect((await refusal(put('k'.repeat(1025)))).code).toBe('KeyTooLongError');
    expect((await refusal(put('é'.repeat(513)))).code).toBe('KeyTooLongError');
  });
});
