import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BUCKET, failure, HMAC, type Lab, START, startLab, TENANT } from './lab.ts';

let lab: Lab;
const clients: S3Client[] = [];
beforeEach(async () => {
  const condition = {
    title: 'tenant',
    expression:
      `resource.name.startsWith('projects/_/buckets/${BUCKET}/objects/T1/') && ` +
      `request.time < timestamp('${new Date(START + 60_000).toISOString()}')`,
  };
  const members = [`serviceAccount:${TENANT}`];
  const bindings = [{ role: 'roles/storage.objectUser', members, condition }];
  lab = await startLab({ buckets: [{ name: BUCKET, bindings }] });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  expect(lab.internalErrors).toEqual([]);
  await lab.close();
});

function s3(keys: { accessId: string; secret: string } = HMAC): S3Client {
  const client = new S3Client({
    endpoint: lab.server.endpoint,
    region: 'auto',
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    credentials: { accessKeyId: keys.accessId, secretAccessKey: keys.secret },
  });
  clients.push(client);
  return client;
}

async function codeOf(work: Promise<unknown>): Promise<[string, number | undefined]> {
  try {
    await work;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return [name, $metadata?.httpStatusCode];
  }
  throw new Error('the call succeeded');
}

describe('the XML API with an HMAC key and the AWS SDK', () => {
  const own = { Bucket: BUCKET, Key: 'T1/a b+ü' };

  test('put, get, range, head, copy and delete', async () => {
    const client = s3();
    await client.send(new PutObjectCommand({ ...own, Body: 'hello', Metadata: { a: 'b' } }));
    const got = await client.send(new GetObjectCommand({ ...own, Range: 'bytes=1-3' }));
    expect(await got.Body?.transformToString()).toBe('ell');
    const head = await client.send(new HeadObjectCommand(own));
    expect(head).toMatchObject({ ContentLength: 5, Metadata: { a: 'b' } });
    const CopySource = `${BUCKET}/${encodeURIComponent(own.Key)}`;
    await client.send(new CopyObjectCommand({ Bucket: BUCKET, Key: 'T1/copy', CopySource }));
    await client.send(new DeleteObjectCommand(own));
    expect(await codeOf(client.send(new GetObjectCommand(own)))).toEqual(['NoSuchKey', 404]);
  });

  test('the binding of the account holds: its folder, and until its end', async () => {
    const client = s3();
    const put = (Key: string): Promise<unknown> =>
      client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }));
    await put('T1/x');
    expect(await codeOf(put('T10/x'))).toEqual(['AccessDenied', 403]);
    const list = new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'T1/' });
    // Listing is asked of the bucket, whose name the condition does not cover.
    expect(await codeOf(client.send(list))).toEqual(['AccessDenied', 403]);
    lab.moveTo(START + 59_999);
    await put('T1/x');
    lab.moveTo(START + 60_000);
    expect(await codeOf(put('T1/x'))).toEqual(['AccessDenied', 403]);
  });

  test('multipart upload', async () => {
    const client = s3();
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(own));
    const sizes = [5 * 1024 * 1024, 7];
    const Parts = [];
    for (const [index, size] of sizes.entries()) {
      const part = { ...own, UploadId, PartNumber: index + 1, Body: Buffer.alloc(size, index) };
      const { ETag } = await client.send(new UploadPartCommand(part));
      Parts.push({ ETag, PartNumber: index + 1 });
    }
    const listed = await client.send(new ListPartsCommand({ ...own, UploadId }));
    expect(listed.Parts?.map(({ Size }) => Size)).toEqual(sizes);
    const complete = { ...own, UploadId, MultipartUpload: { Parts } };
    await client.send(new CompleteMultipartUploadCommand(complete));
    const [metadata] = await lab.withToken().bucket(BUCKET).file(own.Key).getMetadata();
    expect(metadata).toMatchObject({ size: String(5 * 1024 * 1024 + 7), componentCount: 2 });
    expect(metadata.md5Hash).toBeUndefined();
    const [content] = await lab.withToken().bucket(BUCKET).file(own.Key).download();
    expect(content.length).toBe(5 * 1024 * 1024 + 7);
    const second = await client.send(new CreateMultipartUploadCommand(own));
    const abort = { ...own, UploadId: second.UploadId };
    await client.send(new AbortMultipartUploadCommand(abort));
    expect(await codeOf(client.send(new ListPartsCommand(abort)))).toEqual(['NoSuchUpload', 404]);
  });

  test('wrong, unknown and skewed', async () => {
    const get = (client: S3Client): Promise<unknown> => client.send(new GetObjectCommand(own));
    const wrong = s3({ ...HMAC, secret: 'other' });
    expect(await codeOf(get(wrong))).toEqual(['SignatureDoesNotMatch', 403]);
    const unknown = s3({ accessId: 'GOOG1EX', secret: 'x' });
    expect(await codeOf(get(unknown))).toEqual(['InvalidSecurity', 403]);
    const client = s3();
    const other = (next: (args: never) => Promise<never>) => async (args: { request: object }) => {
      // After the signature: somebody on the way changes the body.
      Object.assign(args.request, { body: 'other' });
      return next(args as never);
    };
    const changed = s3();
    changed.middlewareStack.add(other as never, { step: 'deserialize', priority: 'low' });
    const put = new PutObjectCommand({ ...own, Body: 'hello' });
    expect((await codeOf(changed.send(put)))[0]).toBe('XAmzContentSHA256Mismatch');
    const batch = { Bucket: BUCKET, Delete: { Objects: [{ Key: 'x' }] } };
    expect((await codeOf(client.send(new DeleteObjectsCommand(batch))))[1]).toBe(501);
    const skewed = s3();
    Object.defineProperty(skewed.config, 'systemClockOffset', {
      get: () => -15 * 60_000 - 1000,
      set: () => undefined,
    });
    expect(await codeOf(get(skewed))).toEqual(['RequestTimeTooSkewed', 403]);
  });

  test('listing by version 2 pages with common prefixes', async () => {
    const [hmacKey, secret] = await lab
      .withToken()
      .createHmacKey('admin@lab-project.iam.gserviceaccount.com');
    const client = s3({ accessId: hmacKey.id!, secret });
    for (const Key of ['a/1', 'a/2', 'b', 'c&<']) {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }));
    }
    const query = { Bucket: BUCKET, Delimiter: '/', MaxKeys: 2 };
    const first = await client.send(new ListObjectsV2Command(query));
    expect(first.CommonPrefixes).toEqual([{ Prefix: 'a/' }]);
    const ContinuationToken = first.NextContinuationToken;
    const rest = await client.send(new ListObjectsV2Command({ ...query, ContinuationToken }));
    expect([...(first.Contents ?? []), ...(rest.Contents ?? [])].map(({ Key }) => Key)).toEqual([
      'b',
      'c&<',
    ]);
    expect(rest.IsTruncated).toBe(false);
  });
});

describe('HMAC keys with @google-cloud/storage', () => {
  test('a life: made, used, inactive, deleted; the secret is shown once', async () => {
    const [key, secret] = await lab.withToken().createHmacKey(TENANT);
    expect(key.metadata).toMatchObject({ state: 'ACTIVE', serviceAccountEmail: TENANT });
    const client = s3({ accessId: key.id!, secret });
    const put = (): Promise<unknown> =>
      client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'T1/x', Body: 'x' }));
    await put();
    expect(await failure(key.delete())).toMatchObject({ code: 400 });
    await key.setMetadata({ state: 'INACTIVE' });
    expect(await codeOf(put())).toEqual(['InvalidSecurity', 403]);
    await key.setMetadata({ state: 'ACTIVE' });
    await put();
    await key.setMetadata({ state: 'INACTIVE' });
    await key.delete();
    const [metadata] = await key.getMetadata();
    expect(metadata.state).toBe('DELETED');
    expect(JSON.stringify(metadata)).not.toContain(secret);
    const [keys] = await lab.withToken().getHmacKeys({ serviceAccountEmail: TENANT });
    expect(keys.map(({ id }) => id)).toEqual([HMAC.accessId]);
    const [all] = await lab.withToken().getHmacKeys({ showDeletedKeys: true });
    expect(all).toHaveLength(2);
  });

  test('ten at a time', async () => {
    const storage = lab.withToken();
    for (let count = 1; count < 10; count += 1) await storage.createHmacKey(TENANT);
    expect(await failure(storage.createHmacKey(TENANT))).toMatchObject({ code: 400 });
    expect(await failure(lab.withToken(lab.token(TENANT)).createHmacKey(TENANT))).toMatchObject({
      code: 403,
    });
  });

  test('C19: a new key and a change of state spread after a while (fault)', async () => {
    const operations = ['create', 'update'].map((name) => `storage.projects.hmacKeys.${name}`);
    for (const operation of operations) {
      lab.server.faults.add({ kind: 'delayKeyPropagation', operation, nth: 1, ms: 15_000 });
    }
    const [key, secret] = await lab.withToken().createHmacKey(TENANT);
    const client = s3({ accessId: key.id!, secret });
    const put = (): Promise<unknown> =>
      client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'T1/x', Body: 'x' }));
    lab.moveTo(START + 14_999);
    expect(await codeOf(put())).toEqual(['InvalidSecurity', 403]);
    lab.moveTo(START + 15_000);
    await put();
    await key.setMetadata({ state: 'INACTIVE' });
    lab.moveTo(START + 29_999);
    await put();
    lab.moveTo(START + 30_000);
    expect(await codeOf(put())).toEqual(['InvalidSecurity', 403]);
  });
});
