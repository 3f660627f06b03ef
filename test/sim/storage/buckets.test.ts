import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketAclCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bucketOfHost } from '../../../sim/storage/s3/virtual-host.ts';
import { seeded } from '../../support/seed.ts';
import { BUCKET, type Lab, NOBODY, refusal, START, startLab } from './lab.ts';
import { presign, sendRaw, signRequest } from './raw-client.ts';

const Bucket = BUCKET;

describe('buckets', () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await startLab();
  });
  afterEach(async () => {
    await lab.close();
    expect(lab.internalErrors).toEqual([]);
  });

  const fill = async (...keys: string[]) => {
    for (const Key of keys) await lab.s3().send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  };

  it('list version 1: pages by marker, NextMarker only with a delimiter', async () => {
    await fill('a', 'b/1', 'b/2', 'c', 'd e');
    const s3 = lab.s3();
    const first = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys: 2 }));
    expect(first.Contents?.map(({ Key }) => Key)).toEqual(['a', 'b/1']);
    expect([first.IsTruncated, first.NextMarker]).toEqual([true, undefined]);
    expect(first.Contents?.[0]?.Owner?.ID).toBe('123456789012');
    const rest = await s3.send(new ListObjectsCommand({ Bucket, Marker: 'b/1' }));
    expect(rest.Contents?.map(({ Key }) => Key)).toEqual(['b/2', 'c', 'd e']);
    const seen: unknown[] = [];
    let Marker: string | undefined;
    do {
      const query = { Bucket, Delimiter: '/', MaxKeys: 1, EncodingType: 'url' as const };
      const page = await s3.send(
        new ListObjectsCommand({ ...query, ...(Marker === undefined ? {} : { Marker }) }),
      );
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key));
      seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
      Marker = page.IsTruncated ? page.NextMarker : undefined;
    } while (Marker !== undefined);
    expect(seen).toEqual(['a', 'b/', 'c', 'd%20e']);
  });

  it('list version 1 needs the same right as version 2', async () => {
    const list = lab.s3(NOBODY).send(new ListObjectsCommand({ Bucket }));
    expect(await refusal(list)).toMatchObject({ code: 'AccessDenied' });
    expect(lab.storage.decisions().at(-1)?.action).toBe('s3:ListBucket');
  });

  it('list version 2: start-after, fetch-owner, max-keys, encoding-type', async () => {
    await fill('a', 'b', 'c c');
    const page = await lab.s3().send(
      new ListObjectsV2Command({
        Bucket,
        StartAfter: 'a',
        FetchOwner: true,
        MaxKeys: 5,
        EncodingType: 'url',
      }),
    );
    expect(page.Contents?.map(({ Key }) => Key)).toEqual(['b', 'c%20c']);
    expect(page.Contents?.[0]?.Owner?.ID).toBe('123456789012');
    expect(page.KeyCount).toBe(2);
    const none = await lab.s3().send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }));
    expect([none.KeyCount, none.IsTruncated]).toEqual([0, false]);
  });

  it('uploads are listed in pages, each one once', async () => {
    const s3 = lab.s3();
    const begun: string[] = [];
    for (const Key of ['a', 'a', 'b', 'c/1', 'c/2']) {
      lab.clock.at += 1000;
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      begun.push(UploadId!);
    }
    const seen: string[] = [];
    let markers: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
    while (markers !== undefined) {
      const page: Awaited<ReturnType<typeof list>> = await list(markers);
      seen.push(...(page.Uploads ?? []).map(({ UploadId }) => UploadId!));
      markers = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker!, UploadIdMarker: page.NextUploadIdMarker! }
        : undefined;
    }
    expect(seen).toEqual(begun);
    const rolled = await s3.send(new ListMultipartUploadsCommand({ Bucket, Delimiter: '/' }));
    expect(rolled.Uploads?.map(({ Key }) => Key)).toEqual(['a', 'a', 'b']);
    expect(rolled.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['c/']);
    function list(from: { KeyMarker?: string; UploadIdMarker?: string }) {
      return s3.send(new ListMultipartUploadsCommand({ Bucket, MaxUploads: 2, ...from }));
    }
  });

  it('a bucket goes only when it is empty; open uploads go with it', async () => {
    const s3 = lab.s3();
    const other = { Bucket: 'second-bucket' };
    await s3.send(new CreateBucketCommand(other));
    await s3.send(new PutObjectCommand({ ...other, Key: 'k', Body: 'x' }));
    const upload = { ...other, Key: 'open' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
    const part = { ...upload, UploadId: UploadId!, PartNumber: 1, Body: 'part' };
    await s3.send(new UploadPartCommand(part));
    const full = await refusal(s3.send(new DeleteBucketCommand(other)));
    expect(full).toMatchObject({ code: 'BucketNotEmpty', status: 409 });
    await s3.send(new DeleteObjectCommand({ ...other, Key: 'k' }));
    await s3.send(new DeleteBucketCommand(other));
    expect((await refusal(s3.send(new HeadBucketCommand(other)))).status).toBe(404);
    await s3.send(new CreateBucketCommand(other));
    const gone = s3.send(new AbortMultipartUploadCommand({ ...upload, UploadId: UploadId! }));
    expect(await refusal(gone)).toMatchObject({ code: 'NoSuchUpload' });
    const missing = await refusal(s3.send(new DeleteBucketCommand({ Bucket: 'not-there' })));
    expect(missing).toMatchObject({ code: 'NoSuchBucket', status: 404 });
  });

  it('a deleted bucket stays deleted after a restart, with its blobs', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fortnight-bucket-'));
    const state = { kind: 'disk', directory } as const;
    try {
      const before = await startLab({ state, buckets: ['going-away', BUCKET] });
      await before.s3().send(new DeleteBucketCommand({ Bucket: 'going-away' }));
      await before.close();
      const after = await startLab({ state });
      const head = after.s3().send(new HeadBucketCommand({ Bucket: 'going-away' }));
      expect((await refusal(head)).status).toBe(404);
      await after.s3().send(new HeadBucketCommand({ Bucket }));
      await after.close();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('settings that clients ask for have the answer of a plain bucket', async () => {
    await fill('k');
    const s3 = lab.s3();
    const acl = await s3.send(new GetBucketAclCommand({ Bucket }));
    expect(acl.Grants?.[0]).toMatchObject({
      Permission: 'FULL_CONTROL',
      Grantee: { Type: 'CanonicalUser', ID: acl.Owner?.ID },
    });
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
    const location = await s3.send(new GetBucketLocationCommand({ Bucket }));
    expect(location.LocationConstraint).toBeUndefined();
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet).toEqual([]);
    const tags = await refusal(s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'none' })));
    expect(tags).toMatchObject({ code: 'NoSuchKey', status: 404 });
    const lock = await refusal(s3.send(new GetObjectLockConfigurationCommand({ Bucket })));
    expect(lock).toMatchObject({ code: 'ObjectLockConfigurationNotFoundError', status: 404 });
  });

  it.each([GetBucketAclCommand, GetObjectLockConfigurationCommand, DeleteBucketCommand])(
    '%o needs its own right',
    async (Command) => {
      const sent = lab.s3(NOBODY).send(new Command({ Bucket }) as GetBucketAclCommand);
      expect(await refusal(sent)).toMatchObject({ code: 'AccessDenied', status: 403 });
    },
  );

  it('virtual-host addressing: the bucket stands in the host, and the signature covers it', async () => {
    await fill('a/b c');
    const get = (host: string, path: string) =>
      sendRaw(lab.storage.port, signRequest({ method: 'GET', path, at: START, headers: { host } }));
    for (const host of [`${BUCKET}.localhost:9000`, `${BUCKET}.S3.localhost`]) {
      expect((await get(host, '/a/b%20c')).text).toMatch(/a\/b c$/);
      expect((await get(host, '/?list-type=2')).text).toContain('<Key>a/b c</Key>');
    }
    expect((await get('s3.localhost', `/${BUCKET}/a/b%20c`)).text).toMatch(/a\/b c$/);
    expect((await get('other-bucket.localhost', '/a')).code).toBe('NoSuchBucket');
  });

  it('presigned URLs write as well as they read', async () => {
    const target = presign(`/${Bucket}/new`, START, 60, undefined, 'PUT');
    const put = (path: string) =>
      sendRaw(
        lab.storage.port,
        Buffer.from(`PUT ${path} HTTP/1.1\r\nhost: storage.test\r\ncontent-length: 5\r\n\r\nhello`),
      );
    expect((await put(target)).status).toBe(200);
    const { Body } = await lab.s3().send(new GetObjectCommand({ Bucket, Key: 'new' }));
    expect(await Body!.transformToString()).toBe('hello');
    expect((await put(target.replace('/new', '/other'))).code).toBe('SignatureDoesNotMatch');
    lab.clock.at = START + 60_000;
    expect((await put(target)).code).toBe('AccessDenied');
  });
});

describe('bucketOfHost', () => {
  const bases = ['localhost', 's3.localhost'];
  it.each<[string, string | undefined]>([
    ['localhost', undefined],
    ['localhost:9000', undefined],
    ['s3.localhost:9000', undefined],
    ['bucket.localhost', 'bucket'],
    ['bucket.s3.localhost:9000', 'bucket'],
    ['two.parts.localhost', 'two.parts'],
    ['BUCKET.LocalHost', 'bucket'],
    ['127.0.0.1:9000', undefined],
    ['notlocalhost', undefined],
    ['bucket.notlocalhost', undefined],
    ['-.localhost', undefined],
    ['', undefined],
    ['bucket.localhost.', undefined],
  ])('%j → %j', (host, bucket) => {
    expect(bucketOfHost(host, bases)).toBe(bucket);
  });

  it('whatever the host, a bucket that it names is one that S3 allows', () => {
    const part = fc.constantFrom('.', 'localhost', 's3', 'abc', '-', ':', '9', 'A', '\u00e9', '..');
    const host = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(host, (text) => {
        const bucket = bucketOfHost(text, bases);
        if (bucket !== undefined) expect(bucket).toMatch(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/);
      }),
      seeded({ numRuns: 2000 }),
    );
  });
});
