import { PutObjectCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, describe, expect, it } from 'vitest';
import { PROFILE_NAMES, PROFILES, type ProfileName } from '../../../sim/storage/index.ts';
import {
  ADMIN,
  BUCKET,
  HOUR_MS,
  type Keys,
  type Lab,
  NOBODY,
  ROLE_ARN,
  refusal,
  START,
  startLab,
  tenantPolicy,
} from './lab.ts';
import { query } from './query-client.ts';

const HOUR_SECONDS = 3600;
const YEAR_SECONDS = 365 * 24 * HOUR_SECONDS;

describe('profiles', () => {
  const labs: Lab[] = [];
  afterEach(async () => {
    for (const lab of labs.splice(0)) {
      await lab.close();
      expect(lab.internalErrors).toEqual([]);
    }
  });
  const start = async (name: ProfileName): Promise<Lab> => {
    const lab = await startLab({ profile: PROFILES[name] });
    labs.push(lab);
    return lab;
  };
  const put = (lab: Lab, keys: Keys) =>
    lab.s3(keys).send(new PutObjectCommand({ Bucket: BUCKET, Key: 'k', Body: 'x' }));
  const assume = (lab: Lab, seconds: number, keys?: Keys) =>
    query(
      lab,
      'AssumeRole',
      { RoleArn: ROLE_ARN, RoleSessionName: 'acme', DurationSeconds: String(seconds) },
      { service: 'sts', ...(keys === undefined ? {} : { keys }) },
    );

  it('each profile has its row, under its own name', () => {
    expect(PROFILE_NAMES.map((name) => PROFILES[name].name)).toEqual([...PROFILE_NAMES]);
  });

  it.each([
    ['aws', 400, 'ExpiredToken'],
    ['minio', 403, 'InvalidAccessKeyId'],
    ['ceph', 403, 'AccessDenied'],
  ] as const)('C10: %s answers an expired session with %i %s', async (name, status, code) => {
    const lab = await start(name);
    const keys = await lab.assume({ seconds: 900 });
    lab.clock.at = START + 899_999;
    await put(lab, keys);
    lab.clock.at = START + 900_000;
    expect(await refusal(put(lab, keys))).toMatchObject({ status, code });
  });

  it.each([
    ['aws', 400, 'InvalidToken'],
    ['minio', 403, 'InvalidTokenId'],
    ['ceph', 403, 'AccessDenied'],
  ] as const)('%s answers a wrong session token with %i %s', async (name, status, code) => {
    const lab = await start(name);
    const keys = { ...(await lab.assume()), sessionToken: 'another' };
    expect(await refusal(put(lab, keys))).toMatchObject({ status, code });
  });

  it.each([
    ['aws', 12 * HOUR_SECONDS],
    ['minio', YEAR_SECONDS],
    ['ceph', 12 * HOUR_SECONDS],
  ] as const)('C14: %s issues sessions of 900 s to %i s', async (name, longest) => {
    const lab = await start(name);
    for (const [seconds, status] of [
      [899, 400],
      [900, 200],
      [longest, 200],
      [longest + 1, 400],
    ] as const) {
      expect([seconds, (await assume(lab, seconds)).status]).toEqual([seconds, status]);
    }
  });

  it('minio gives the caller a session of its own, whatever role it names', async () => {
    const lab = await start('minio');
    const keys = await lab.assume({
      roleArn: 'arn:aws:iam::1:role/none',
      policy: tenantPolicy('T1'),
    });
    const write = (Key: string) =>
      lab.s3(keys).send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }));
    await write('Veeam/Backup/repo/Clients/T1/x');
    const beside = await refusal(write('Veeam/Backup/repo/Clients/T10/x'));
    expect(beside).toMatchObject({ code: 'AccessDenied' });
    // NOBODY may only list its buckets, and so may its session.
    const poor = await lab.assume({ keys: NOBODY });
    expect(await refusal(put(lab, poor))).toMatchObject({ code: 'AccessDenied' });
    const again = await assume(lab, 900, keys);
    expect([again.status, again.code]).toEqual([403, 'AccessDenied']);
  });

  it('only AWS limits a session that assumes a role again to 1 h', async () => {
    for (const [name, status] of [
      ['aws', 400],
      ['ceph', 200],
    ] as const) {
      const lab = await start(name);
      const keys = await lab.assume();
      expect([name, (await assume(lab, HOUR_SECONDS + 1, keys)).status]).toEqual([name, status]);
      expect((await assume(lab, HOUR_SECONDS, keys)).status).toBe(200);
    }
  });

  it('ceph words the errors of STS like S3, the others like STS', async () => {
    const wrong = { ...ADMIN, secretAccessKey: 'x' };
    for (const name of PROFILE_NAMES) {
      const reply = await assume(await start(name), 900, wrong);
      expect([name, reply.status, reply.code]).toEqual([name, 403, 'SignatureDoesNotMatch']);
      const isQuery = reply.text.includes('<ErrorResponse');
      expect([name, isQuery]).toEqual([name, name !== 'ceph']);
      expect(reply.text.includes('<Error><Code>')).toBe(name === 'ceph');
    }
  });

  it('ceph does not know GetCallerIdentity (405); minio has no IAM', async () => {
    const ceph = await start('ceph');
    const refused = await refusal(ceph.sts().send(new GetCallerIdentityCommand({})));
    expect(refused.status).toBe(405);
    const minio = await start('minio');
    const reply = await query(minio, 'ListUsers');
    expect([reply.status, reply.code]).toEqual([400, 'InvalidAction']);
  });

  it('ceph has user policies, but its users are made elsewhere', async () => {
    const ceph = await start('ceph');
    expect((await query(ceph, 'CreateUser', { UserName: 'bob' })).status).toBe(405);
    const listed = await query(ceph, 'ListUserPolicies', { UserName: 'nobody' });
    expect(listed.status).toBe(200);
  });

  it('a profile may let new IAM keys spread slowly (C19)', async () => {
    const profile = { ...PROFILES.aws, newKeyDelayMs: 5000 };
    const lab = await startLab({ profile });
    labs.push(lab);
    const made = await query(lab, 'CreateAccessKey', { UserName: 'admin' });
    const [accessKeyId, secretAccessKey] = ['AccessKeyId', 'SecretAccessKey'].map(
      (name) => new RegExp(`<${name}>([^<]*)`).exec(made.text)![1]!,
    );
    const keys = { accessKeyId: accessKeyId!, secretAccessKey: secretAccessKey! };
    lab.clock.at = START + 4999;
    expect(await refusal(put(lab, keys))).toMatchObject({ code: 'InvalidAccessKeyId' });
    lab.clock.at = START + 5000;
    await put(lab, keys);
    lab.clock.at = START - HOUR_MS;
    expect((await refusal(put(lab, keys))).code).toBe('InvalidAccessKeyId');
  });
});
