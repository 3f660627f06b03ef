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
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ADMIN,
  BUCKET,
  DAY_MS,
  HOUR_MS,
  type Lab,
  NOBODY,
  ping,
  ROLE_ARN,
  refusal,
  SHORT_ROLE_ARN,
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

  it('C1, C10: a 14-day token ends exactly at its expiry, and the clock may come back', async () => {
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

  it('C10: the reported expiry is the enforced one when the clock is between two seconds', async () => {
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
    for (const given of [{}, { sessionToken: `${sessionToken}x` }]) {
      expect(await refusal(list(given))).toMatchObject({ code: 'InvalidToken', status: 400 });
    }
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

describe('STS', () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await startLab();
  });
  afterEach(async () => {
    await lab.close();
    expect(lab.internalErrors).toEqual([]);
  });

  const assume = (more: object) =>
    lab.sts().send(new AssumeRoleCommand({ RoleArn: ROLE_ARN, RoleSessionName: 'acme', ...more }));

  it('says who the caller is', async () => {
    const { sessionToken, accessKeyId, secretAccessKey } = await lab.assume();
    const user = await lab.sts().send(new GetCallerIdentityCommand({}));
    expect(user.Arn).toBe('arn:aws:iam::123456789012:user/admin');
    const sts = lab.sts({ accessKeyId, secretAccessKey, sessionToken: sessionToken! });
    const session = await sts.send(new GetCallerIdentityCommand({}));
    expect(session.Arn).toBe('arn:aws:sts::123456789012:assumed-role/tenant-access/acme');
    expect(session.UserId).toMatch(/^AROA.*:acme$/);
  });

  it.each([
    [{ DurationSeconds: 899 }, 'ValidationError'],
    [{ DurationSeconds: 365 * 86_400 + 1 }, 'ValidationError'],
    [{ RoleArn: SHORT_ROLE_ARN, DurationSeconds: 7201 }, 'ValidationError'],
    [{ RoleSessionName: 'x' }, 'ValidationError'],
    [{ RoleSessionName: 'a b' }, 'ValidationError'],
    [{ RoleArn: `${ROLE_ARN}x` }, 'AccessDenied'],
    [{ Policy: 'no json' }, 'MalformedPolicyDocument'],
    [{ Policy: '{"Version":"2012-10-17","Statement":[]}' }, 'MalformedPolicyDocument'],
    [{ Policy: ' '.repeat(2049) }, 'ValidationError'],
    [{ ExternalId: 'external' }, 'NotImplemented'],
  ])('refuses %j with %s', async (more, code) => {
    expect((await refusal(assume(more))).code).toMatch(new RegExp(`^${code}(Exception)?$`));
  });

  it.each([
    [{ DurationSeconds: 900 }, 900],
    [{ DurationSeconds: 365 * 86_400 }, 365 * 86_400],
    [{ RoleArn: SHORT_ROLE_ARN, DurationSeconds: 7200 }, 7200],
    [{}, 3600],
  ])('issues %j for %i s', async (more, seconds) => {
    const { Credentials } = await assume(more);
    expect(Credentials?.Expiration?.getTime()).toBe(START + seconds * 1000);
  });

  it('keeps to 12 h where the longest session is that of AWS', async () => {
    const aws = await startLab({ longestSessionMs: 12 * HOUR_MS });
    await aws.assume({ seconds: 43_200 });
    const refused = await refusal(aws.assume({ seconds: 43_201 }));
    expect(refused).toMatchObject({ code: 'ValidationError', status: 400 });
    expect(refused.message).toContain('less than or equal to 43200');
    await aws.close();
  });

  it('caps role chaining at 1 h', async () => {
    const keys = await lab.assume({ seconds: 43_200 });
    await lab.assume({ keys, seconds: 3600 });
    const refused = await refusal(lab.assume({ keys, seconds: 3601 }));
    expect(refused.message).toContain('role chaining');
  });

  it('trusts only the named users', async () => {
    const refused = await refusal(lab.assume({ keys: NOBODY }));
    expect(refused).toMatchObject({ code: 'AccessDenied', status: 403 });
    expect(refused.message).toContain('is not authorized to perform: sts:AssumeRole');
  });

  it('refuses a policy that is short but packs badly, and takes the tenant policy', async () => {
    const Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":["arn:aws:s3:::${'q8'.repeat(800)}"]}]}`;
    const refused = await refusal(assume({ Policy }));
    expect(refused.code).toMatch(/^PackedPolicyTooLarge/);
    const { PackedPolicySize } = await assume({ Policy: JSON.stringify(tenantPolicy('T1')) });
    expect(PackedPolicySize).toBeGreaterThan(0);
  });

  it.each([
    [{ accessKeyId: 'AKIAWHO', secretAccessKey: 'x' }, 'InvalidClientTokenId', 403],
    [{ ...ADMIN, secretAccessKey: 'x' }, 'SignatureDoesNotMatch', 403],
  ])('refuses a wrong caller', async (keys, code, status) => {
    const refused = await refusal(lab.sts(keys).send(new GetCallerIdentityCommand({})));
    expect(refused).toMatchObject({ code, status });
  });

  it('an expired session may not assume another role', async () => {
    const keys = await lab.assume({ seconds: 900 });
    lab.clock.at = keys.expiresAt;
    const refused = await refusal(lab.assume({ keys }));
    expect([refused.status, refused.code]).toEqual([403, 'ExpiredToken']);
  });
});
