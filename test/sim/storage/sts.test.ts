import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ADMIN,
  HOUR_MS,
  type Lab,
  NOBODY,
  ROLE_ARN,
  refusal,
  SHORT_ROLE_ARN,
  START,
  startLab,
  tenantPolicy,
} from './lab.ts';

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
    const Resource = `arn:aws:s3:::${'q8'.repeat(800)}`;
    const statement = { Effect: 'Allow', Action: '*', Resource };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statement });
    expect(Policy.length).toBeLessThan(2048);
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
