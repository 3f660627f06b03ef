import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  type ChecksumType,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUCKET, DAY_MS, type Lab, refusal, startLab, tenantPolicy } from './lab.ts';

const Bucket = BUCKET;
const MIN = 5 * 1024 * 1024;

describe('multipart uploads', () => {
  let lab: Lab;
  let s3: S3Client;
  beforeAll(async () => {
    lab = await startLab();
    s3 = lab.s3();
  });
  afterAll(async () => {
    await lab.close();
    expect(lab.internalErrors).toEqual([]);
  });

  const begin = async (Key: string, more: object = {}): Promise<string> =>
    (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId!;
  const part = async (
    Key: string,
    UploadId: string,
    PartNumber: number,
    Body: Buffer,
    more = {},
  ) => {
    const sent = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more });
    const { ETag, ChecksumCRC32 } = await s3.send(sent);
    return { PartNumber, ETag: ETag!, ...(ChecksumCRC32 ? { ChecksumCRC32 } : {}) };
  };
  const complete = (Key: string, UploadId: string, Parts: object[], more: object = {}) =>
    s3.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key,
        UploadId,
        MultipartUpload: { Parts },
        ...more,
      }),
    );

  it('makes one object of parts, with an ETag of the form md5-N', async () => {
    const bodies = [Buffer.alloc(MIN, 'a'), Buffer.alloc(MIN + 3, 'b'), Buffer.from('end')];
    const id = await begin('big', { Metadata: { kind: 'multi' }, ContentType: 'x/y' });
    const parts = [];
    for (const [index, body] of bodies.entries()) {
      parts.push(await part('big', id, index * 2 + 1, body));
    }
    const md5s = bodies.map((body) => createHash('md5').update(body).digest());
    const etag = `"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-3"`;
    expect((await complete('big', id, parts)).ETag).toBe(etag);
    // The reply was lost: the same completion succeeds again.
    expect((await complete('big', id, parts)).ETag).toBe(etag);
    const reply = await s3.send(new GetObjectCommand({ Bucket, Key: 'big' }));
    expect([reply.ETag, reply.ContentType, reply.Metadata]).toEqual([
      etag,
      'x/y',
      { kind: 'multi' },
    ]);
    const whole = Buffer.concat(bodies);
    expect(Buffer.from(await reply.Body!.transformToByteArray()).equals(whole)).toBe(true);
    const across = await s3.send(
      new GetObjectCommand({ Bucket, Key: 'big', Range: `bytes=${MIN - 2}-${MIN + 1}` }),
    );
    expect(await across.Body!.transformToString()).toBe('aabb');
    const abort = new AbortMultipartUploadCommand({ Bucket, Key: 'big', UploadId: id });
    expect((await refusal(s3.send(abort))).code).toBe('NoSuchUpload');
  });

  it.each([
    ['CRC32', 'COMPOSITE'],
    ['CRC32', 'FULL_OBJECT'],
    ['CRC32C', 'FULL_OBJECT'],
    ['CRC64NVME', 'FULL_OBJECT'],
    ['SHA256', 'COMPOSITE'],
  ] as [ChecksumAlgorithm, ChecksumType][])(
    'combines %s checksums as %s',
    async (algorithm, type) => {
      const bodies = [Buffer.alloc(MIN, 'x'), Buffer.alloc(1234, 'y')];
      const more = { ChecksumAlgorithm: algorithm };
      const id = await begin('sum', { ...more, ChecksumType: type });
      const parts = [];
      for (const [index, body] of bodies.entries()) {
        parts.push(await part('sum', id, index + 1, body, more));
      }
      await complete('sum', id, parts);
      const name = `Checksum${algorithm}` as 'ChecksumCRC32';
      const head = await s3.send(
        new HeadObjectCommand({ Bucket, Key: 'sum', ChecksumMode: 'ENABLED' }),
      );
      expect(head.ChecksumType).toBe(type);
      if (type === 'COMPOSITE') return expect(head[name]).toMatch(/=-2$/);
      // Sent in one piece, the same bytes must have the same checksum.
      const Body = Buffer.concat(bodies);
      const single = await s3.send(new PutObjectCommand({ Bucket, Key: 'one', Body, ...more }));
      expect(head[name]).toBe(single[name]);
      return undefined;
    },
  );

  it('refuses wrong part lists', async () => {
    const id = await begin('wrong');
    const small = await part('wrong', id, 1, Buffer.from('small'));
    const last = await part('wrong', id, 2, Buffer.from('last'));
    const cases: [object[], string][] = [
      [[small, last], 'EntityTooSmall'],
      [[last, small], 'InvalidPartOrder'],
      [[small, small], 'InvalidPartOrder'],
      [[{ PartNumber: 3, ETag: last.ETag }], 'InvalidPart'],
      [[{ PartNumber: 1, ETag: last.ETag }], 'InvalidPart'],
      [[], 'MalformedXML'],
    ];
    for (const [parts, code] of cases) {
      expect((await refusal(complete('wrong', id, parts))).code).toBe(code);
    }
    expect((await refusal(complete('other', id, [last]))).code).toBe('NoSuchUpload');
    const beyond = part('wrong', id, 10_001, Buffer.from('x'));
    expect((await refusal(beyond)).code).toBe('InvalidArgument');
    await complete('wrong', id, [last]);
  });

  it('completes conditionally, keeping the upload when the condition fails', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'taken', Body: 'there' }));
    const id = await begin('taken');
    const only = await part('taken', id, 1, Buffer.from('new'));
    const refused = await refusal(complete('taken', id, [only], { IfNoneMatch: '*' }));
    expect([refused.code, refused.status]).toEqual(['PreconditionFailed', 412]);
    const { ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'taken' }));
    await complete('taken', id, [only], { IfMatch: ETag });
  });

  it('lists uploads and parts in pages, and aborts', async () => {
    const ids = new Map<string, string>();
    for (const key of ['p/a', 'p/b', 'p/c/d']) ids.set(key, await begin(key));
    const first = await s3.send(
      new ListMultipartUploadsCommand({ Bucket, Prefix: 'p/', MaxUploads: 2 }),
    );
    expect(first.Uploads?.map((upload) => upload.Key)).toEqual(['p/a', 'p/b']);
    const second = await s3.send(
      new ListMultipartUploadsCommand({
        Bucket,
        Prefix: 'p/',
        KeyMarker: first.NextKeyMarker!,
        UploadIdMarker: first.NextUploadIdMarker!,
        Delimiter: '/',
      }),
    );
    expect(second.CommonPrefixes).toEqual([{ Prefix: 'p/c/' }]);
    expect(second.IsTruncated).toBe(false);
    const UploadId = ids.get('p/a')!;
    for (const number of [3, 1, 2]) await part('p/a', UploadId, number, Buffer.from(`${number}`));
    await part('p/a', UploadId, 2, Buffer.from('again'));
    const list = (more: object) =>
      s3.send(new ListPartsCommand({ Bucket, Key: 'p/a', UploadId, ...more }));
    const page = await list({ MaxParts: 2 });
    expect(page.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 1],
      [2, 5],
    ]);
    expect([page.IsTruncated, page.NextPartNumberMarker]).toEqual([true, '2']);
    const rest = await list({ PartNumberMarker: '2' });
    expect(rest.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([3]);
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'p/a', UploadId }));
    expect((await refusal(list({}))).code).toBe('NoSuchUpload');
  });

  it('copies a range of an object into a part', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: '0123456789' }));
    const id = await begin('assembled');
    const copy = (CopySourceRange: string) =>
      s3.send(
        new UploadPartCopyCommand({
          Bucket,
          Key: 'assembled',
          UploadId: id,
          PartNumber: 1,
          CopySource: `${Bucket}/source`,
          CopySourceRange,
        }),
      );
    expect((await refusal(copy('bytes=5-10'))).code).toBe('InvalidArgument');
    const { CopyPartResult } = await copy('bytes=2-4');
    await complete('assembled', id, [{ PartNumber: 1, ETag: CopyPartResult!.ETag! }]);
    const reply = await s3.send(new GetObjectCommand({ Bucket, Key: 'assembled' }));
    expect(await reply.Body!.transformToString()).toBe('234');
  });

  it('C13: an upload begun with one session is finished by the next one', async () => {
    const policy = tenantPolicy('T1');
    const Key = 'Veeam/Backup/repo/Clients/T1/b/CloudStg/1';
    const old = lab.s3(await lab.assume({ policy, seconds: 14 * 86_400 }));
    const { UploadId } = await old.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const put = (client: S3Client) =>
      client.send(
        new UploadPartCommand({ Bucket, Key, UploadId: UploadId!, PartNumber: 1, Body: 'x' }),
      );
    await put(old);
    lab.clock.at += 14 * DAY_MS;
    expect((await refusal(put(old))).code).toBe('ExpiredToken');
    const fresh = lab.s3(await lab.assume({ policy }));
    const { Parts } = await fresh.send(new ListPartsCommand({ Bucket, Key, UploadId: UploadId! }));
    expect(Parts?.length).toBe(1);
    const [{ PartNumber, ETag }] = Parts as [{ PartNumber: number; ETag: string }];
    await fresh.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key,
        UploadId: UploadId!,
        MultipartUpload: { Parts: [{ PartNumber, ETag }] },
      }),
    );
  });
});
