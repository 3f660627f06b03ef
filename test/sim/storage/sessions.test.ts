import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ADMIN,
  BUCKET,
  DAY_MS,
  HOUR_MS,
  type Lab,
  ping,
  refusal,
  START,
  startLab,
  tenantPolicy,
} from './lab.ts';
import { sendRaw, signRequest } from './raw-client.ts';

const Bucket = BUCKET;
const SKEW_MS = 15 * 60_000;

describe('credentials and sessions', () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await startLab();
  });
  afterEach(async () => {
    await lab.close();
    expect(lab.internalErrors).toEqual([]);
  });

  it('C1, C10: a 14-day token ends exactly at its expiry; the clock may come back', async () => {
    const keys = await lab.assume({ seconds: 14 * 86_400 });
    expect(keys.expiresAt).toBe(START + 14 * DAY_MS);
    const list = () => lab.s3(keys).send(new ListObjectsV2Command({ Bucket }));
    lab.clock.at = keys.expiresAt - 1;
    await list();
    for (const at of [keys.expiresAt, keys.expiresAt + 1]) {
      lab.clock.at = at;
      expect(await refusal(list())).toEqual({
        code: 'ExpiredToken',
        status: 400,
        message: 'The provided token has expired.',
      });
    }
    lab.clock.at = keys.expiresAt - 1;
    await list();
  });

  it('C10: the reported expiry is the enforced one, also between two seconds', async () => {
    lab.clock.at = START + 123;
    const keys = await lab.assume({ seconds: 900 });
    expect(keys.expiresAt).toBe(START + 123 + 900_000);
    lab.clock.at = keys.expiresAt - 1;
    await ping(lab.s3(keys));
    lab.clock.at = keys.expiresAt;
    expect((await refusal(ping(lab.s3(keys)))).status).toBe(400);
  });

  it('checks the token: missing, wrong, on a long-term key', async () => {
    const { sessionToken, ...keys } = await lab.assume();
    const list = (given: object) =>
      lab.s3({ ...keys, ...given }).send(new ListObjectsV2Command({ Bucket }));
    await list({ sessionToken });
    const wrong = await refusal(list({ sessionToken: `${sessionToken}x` }));
    expect(wrong).toMatchObject({ code: 'InvalidToken', status: 400 });
    expect(await refusal(list({}))).toMatchObject({ code: 'InvalidAccessKeyId', status: 403 });
    const onUser = lab.s3({ ...ADMIN, sessionToken: sessionToken! });
    const refused = await refusal(onUser.send(new ListObjectsV2Command({ Bucket })));
    expect(refused.code).toBe('InvalidToken');
  });

  it('tells unknown keys and wrong secrets apart', async () => {
    const list = (keys: object) =>
      lab.s3({ ...ADMIN, ...keys }).send(new ListObjectsV2Command({ Bucket }));
    expect(await refusal(list({ accessKeyId: 'AKIAWHO' }))).toMatchObject({
      code: 'InvalidAccessKeyId',
      status: 403,
    });
    expect(await refusal(list({ secretAccessKey: 'wrong' }))).toMatchObject({
      code: 'SignatureDoesNotMatch',
      status: 403,
    });
    const elsewhere = lab.s3(ADMIN, { region: 'eu-west-1' });
    const refused = await refusal(elsewhere.send(new ListObjectsV2Command({ Bucket })));
    expect(refused).toMatchObject({ code: 'AuthorizationHeaderMalformed', status: 400 });
  });

  it.each([
    [-SKEW_MS - 1, 'RequestTimeTooSkewed'],
    [-SKEW_MS, ''],
    [SKEW_MS, ''],
    [SKEW_MS + 1, 'RequestTimeTooSkewed'],
  ])('a storage clock that is off by %i ms', async (offsetMs, code) => {
    const message = signRequest({ method: 'GET', path: `/${Bucket}?list-type=2`, at: START });
    lab.clock.at = START + offsetMs;
    const reply = await sendRaw(lab.storage.port, message);
    expect([reply.status, reply.code]).toEqual(code === '' ? [200, ''] : [403, code]);
  });

  it('a refused large upload gets its error, and the client goes on', async () => {
    const keys = await lab.assume({ seconds: 900 });
    const s3 = lab.s3(keys);
    const put = () =>
      s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body: Buffer.alloc(32 * 1024 * 1024) }));
    lab.clock.at = keys.expiresAt;
    expect(await refusal(put())).toMatchObject({ code: 'ExpiredToken', status: 400 });
    expect(await refusal(put())).toMatchObject({ code: 'ExpiredToken', status: 400 });
    lab.clock.at = keys.expiresAt - 1;
    await put();
  });

  it('HEAD answers errors without a body', async () => {
    const reply = await fetch(`${lab.storage.endpoint}/${BUCKET}/x`, { method: 'HEAD' });
    expect([reply.status, await reply.text()]).toEqual([403, '']);
  });

  it('C9: a tenant session reaches its own folder and the config, nothing else', async () => {
    const root = 'Veeam/Backup/repo';
    const admin = lab.s3();
    for (const key of ['Config/Owner', 'Clients/T1/x', 'Clients/T10/x', 'Clients/T1', 'Other/x']) {
      await admin.send(new PutObjectCommand({ Bucket, Key: `${root}/${key}`, Body: key }));
    }
    const s3 = lab.s3(await lab.assume({ policy: tenantPolicy('T1') }));
    const get = (key: string) => s3.send(new GetObjectCommand({ Bucket, Key: `${root}/${key}` }));
    const put = (key: string) => s3.send(new PutObjectCommand({ Bucket, Key: `${root}/${key}` }));
    const list = (Prefix?: string) =>
      s3.send(new ListObjectsV2Command({ Bucket, ...(Prefix === undefined ? {} : { Prefix }) }));
    const copy = (from: string, to: string) =>
      s3.send(
        new CopyObjectCommand({
          Bucket,
          Key: `${root}/${to}`,
          CopySource: `${Bucket}/${root}/${from}`,
        }),
      );
    await get('Config/Owner');
    await get('Clients/T1/x');
    await put('Clients/T1/y');
    await put('Clients/T1/../T2/literal');
    await copy('Config/Owner', 'Clients/T1/copy');
    await list(`${root}/Clients/T1/`);
    await list(`${root}/Config/`);
    const denied: (() => Promise<unknown>)[] = [
      () => put('Config/Owner'),
      () => get('Clients/T10/x'),
      () => put('Clients/T10/x'),
      () => get('Clients/T1'),
      () => get('Other/x'),
      () => get('Clients/*'),
      () => list(),
      () => list(''),
      () => list(`${root}/Clients/T1`),
      () => list(`${root}/Clients/`),
      () => list(`${root}/Clients/T10/`),
      () => copy('Clients/T10/x', 'Clients/T1/stolen'),
      () => copy('Clients/T1/x', 'Clients/T10/planted'),
      () => s3.send(new ListBucketsCommand({})),
      () => s3.send(new ListMultipartUploadsCommand({ Bucket })),
    ];
    for (const probe of denied) {
      expect(await refusal(probe())).toMatchObject({ code: 'AccessDenied', status: 403 });
    }
    // As AWS: without an unconditional s3:ListBucket a missing key is 403, also in the own folder.
    expect((await refusal(get('Clients/T1/none'))).status).toBe(403);
    const Objects = ['Clients/T1/x', 'Clients/T10/x'].map((key) => ({ Key: `${root}/${key}` }));
    const batch = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(batch.Deleted?.map((item) => item.Key)).toEqual([`${root}/Clients/T1/x`]);
    expect(batch.Errors?.map((item) => [item.Key, item.Code])).toEqual([
      [`${root}/Clients/T10/x`, 'AccessDenied'],
    ]);
    const literal = `${root}/Clients/T1/../T2/literal`;
    await admin.send(new HeadObjectCommand({ Bucket, Key: literal }));
    const latest = lab.storage.decisions().at(-1);
    expect(latest).toMatchObject({ allowed: true, action: 's3:GetObject' });
  });

  it('a missing key is 404 only to who may list', async () => {
    const head = (s3: ReturnType<Lab['s3']>) =>
      s3.send(new HeadObjectCommand({ Bucket, Key: 'missing' }));
    expect((await refusal(head(lab.s3()))).status).toBe(404);
    const readOnly = lab.s3(
      await lab.assume({
        policy: {
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' },
        },
      }),
    );
    expect((await refusal(head(readOnly))).status).toBe(403);
  });

  it('aws:CurrentTime ends a right on the injected clock', async () => {
    const policy = {
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: 's3:*',
        Resource: '*',
        Condition: { DateLessThan: { 'aws:CurrentTime': new Date(START + HOUR_MS).toISOString() } },
      },
    } as const;
    const s3 = lab.s3(await lab.assume({ policy, seconds: 7200 }));
    lab.clock.at = START + HOUR_MS - 1;
    await ping(s3);
    lab.clock.at = START + HOUR_MS;
    expect((await refusal(ping(s3))).status).toBe(403);
  });

  it('records each request without any secret', async () => {
    const keys = await lab.assume();
    await lab.s3(keys).send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'four' }));
    const text = JSON.stringify(lab.records) + JSON.stringify(lab.storage.decisions());
    for (const secret of [keys.secretAccessKey, keys.sessionToken!, ADMIN.secretAccessKey]) {
      expect(text).not.toContain(secret);
    }
    expect(lab.records.map(({ operation, status }) => [operation, status])).toEqual([
      ['AssumeRole', 200],
      ['PutObject', 200],
    ]);
    expect(lab.records[1]).toMatchObject({
      at: START,
      bucket: BUCKET,
      key: 'k',
      accessKeyId: keys.accessKeyId,
      bytesIn: 4,
    });
  });
});
