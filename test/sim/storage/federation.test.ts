import { PutObjectCommand } from '@aws-sdk/client-s3';
import {
  AssumeRoleCommand,
  type Credentials,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
} from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  BUCKET,
  HOUR_MS,
  type Keys,
  type Lab,
  ping,
  ROLE_ARN,
  refusal,
  START,
  startLab,
  tenantPolicy,
} from './lab.ts';
import { query } from './query-client.ts';

const ROOT: Keys = { accessKeyId: 'AKIAROOT', secretAccessKey: 'root-secret' };

describe('GetFederationToken and GetSessionToken', () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await startLab({
      identities: [
        {
          userName: 'admin',
          accessKeyId: 'AKIAADMIN',
          secretAccessKey: 'admin-secret',
          policy: 'full',
        },
        { userName: 'root', ...ROOT, policy: 'full', isRoot: true },
      ],
    });
  });
  afterEach(async () => {
    await lab.close();
    expect(lab.internalErrors).toEqual([]);
  });

  const federate = (more: object = {}, keys?: Keys) =>
    lab.sts(keys).send(new GetFederationTokenCommand({ Name: 'acme', ...more }));
  const keysOf = (issued: Credentials | undefined): Keys => ({
    accessKeyId: issued!.AccessKeyId!,
    secretAccessKey: issued!.SecretAccessKey!,
    sessionToken: issued!.SessionToken!,
  });
  const put = (keys: Keys, Key: string) =>
    lab.s3(keys).send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }));

  it.each<[string, object, boolean, number]>([
    ['by default 12 h', {}, false, 12 * 3600],
    ['36 h at most', { DurationSeconds: 129_600 }, false, 129_600],
    ['900 s at least', { DurationSeconds: 900 }, false, 900],
    ['for the root user by default 1 h', {}, true, 3600],
    ['for the root user 1 h at most', { DurationSeconds: 3600 }, true, 3600],
  ])('lives %s', async (_name, more, isRoot, seconds) => {
    const { Credentials } = await federate(more, isRoot ? ROOT : undefined);
    expect(Credentials?.Expiration?.getTime()).toBe(START + seconds * 1000);
  });

  it.each<[string, object, boolean, string]>([
    ['above 36 h', { DurationSeconds: 129_601 }, false, 'ValidationError'],
    ['below 900 s', { DurationSeconds: 899 }, false, 'ValidationError'],
    ['above 1 h for the root user', { DurationSeconds: 3601 }, true, 'ValidationError'],
    ['a name of one letter', { Name: 'a' }, false, 'ValidationError'],
    ['a long name', { Name: 'a'.repeat(33) }, false, 'ValidationError'],
    ['a policy that is none', { Policy: '{}' }, false, 'MalformedPolicyDocument'],
    ['tags', { Tags: [{ Key: 'k', Value: 'v' }] }, false, 'NotImplemented'],
  ])('refuses %s', async (_name, more, isRoot, code) => {
    const { code: found } = await refusal(federate(more, isRoot ? ROOT : undefined));
    expect(found).toMatch(new RegExp(`^${code}(Exception)?$`));
  });

  it('C9: the rights are those of the user and of the session policy together', async () => {
    const Policy = JSON.stringify(tenantPolicy('T1'));
    const { Credentials, FederatedUser } = await federate({ Policy });
    expect(FederatedUser?.Arn).toBe('arn:aws:sts::123456789012:federated-user/acme');
    const keys = keysOf(Credentials);
    await put(keys, 'Veeam/Backup/repo/Clients/T1/x');
    const beside = await refusal(put(keys, 'Veeam/Backup/repo/Clients/T10/x'));
    expect(beside).toMatchObject({ code: 'AccessDenied', status: 403 });
    const identity = await lab.sts(keys).send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toBe(FederatedUser?.Arn);
  });

  it('without a policy it has no rights at all', async () => {
    const keys = keysOf((await federate()).Credentials);
    expect(await refusal(put(keys, 'k'))).toMatchObject({ code: 'AccessDenied' });
  });

  it('C10: a federation token ends at its expiry, to the millisecond', async () => {
    const everything = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    };
    const { Credentials } = await federate({ Policy: JSON.stringify(everything) });
    const keys = keysOf(Credentials);
    lab.clock.at = START + 12 * HOUR_MS - 1;
    await put(keys, 'k');
    lab.clock.at = START + 12 * HOUR_MS;
    expect(await refusal(put(keys, 'k'))).toMatchObject({ code: 'ExpiredToken', status: 400 });
  });

  it('a session token has all rights of its user, but not those on IAM', async () => {
    const { Credentials } = await lab.sts().send(new GetSessionTokenCommand({}));
    expect(Credentials?.Expiration?.getTime()).toBe(START + 12 * HOUR_MS);
    const keys = keysOf(Credentials);
    await ping(lab.s3(keys));
    const reply = await query(lab, 'ListUsers', {}, { keys });
    expect([reply.status, reply.code]).toEqual([403, 'InvalidClientTokenId']);
    const assumed = new AssumeRoleCommand({ RoleArn: ROLE_ARN, RoleSessionName: 'acme' });
    await lab.sts(keys).send(assumed);
  });

  it('sessions cannot issue further tokens, and neither root nor federated users assume roles', async () => {
    const session = await lab.assume();
    const federated = keysOf(
      (await federate({ Policy: JSON.stringify(tenantPolicy('T')) })).Credentials,
    );
    for (const keys of [session, federated]) {
      expect(await refusal(federate({}, keys))).toMatchObject({ code: 'AccessDenied' });
      const token = lab.sts(keys).send(new GetSessionTokenCommand({}));
      expect(await refusal(token)).toMatchObject({ code: 'AccessDenied' });
    }
    for (const keys of [federated, ROOT]) {
      expect(await refusal(lab.assume({ keys }))).toMatchObject({ code: 'AccessDenied' });
    }
  });

  it('a token dies with the user behind it', async () => {
    await query(lab, 'CreateUser', { UserName: 'bob' });
    const all =
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';
    const named = { UserName: 'bob', PolicyName: 'all' };
    await query(lab, 'PutUserPolicy', { ...named, PolicyDocument: all });
    const made = await query(lab, 'CreateAccessKey', { UserName: 'bob' });
    const [accessKeyId, secretAccessKey] = ['AccessKeyId', 'SecretAccessKey'].map(
      (name) => new RegExp(`<${name}>([^<]*)`).exec(made.text)![1]!,
    );
    const own = { accessKeyId: accessKeyId!, secretAccessKey: secretAccessKey! };
    const { Credentials } = await lab.sts(own).send(new GetSessionTokenCommand({}));
    const keys = keysOf(Credentials);
    await put(keys, 'k');
    await query(lab, 'DeleteUserPolicy', named);
    expect(await refusal(put(keys, 'k'))).toMatchObject({ code: 'AccessDenied' });
    await query(lab, 'DeleteAccessKey', { UserName: 'bob', AccessKeyId: own.accessKeyId });
    await query(lab, 'DeleteUser', { UserName: 'bob' });
    expect(await refusal(put(keys, 'k'))).toMatchObject({ code: 'InvalidAccessKeyId' });
  });
});
