import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seeded } from '../../support/seed.ts';
import {
  ADMIN,
  BUCKET,
  DAY_MS,
  type Keys,
  type Lab,
  NOBODY,
  ping,
  refusal,
  START,
  startLab,
} from './lab.ts';
import { element, elements, query, sendForm } from './query-client.ts';

const policy = (statement: object = {}) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*', ...statement },
  });

describe('IAM', () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await startLab();
  });
  afterEach(async () => {
    await lab.close();
    expect(lab.internalErrors).toEqual([]);
  });

  const bob = { UserName: 'bob' };
  const named = (PolicyName: string, statement?: object) => ({
    ...bob,
    PolicyName,
    PolicyDocument: policy(statement),
  });
  const createKey = async (target = lab): Promise<Keys> => {
    const reply = await query(target, 'CreateAccessKey', bob);
    expect(reply.status).toBe(200);
    return {
      accessKeyId: element(reply, 'AccessKeyId'),
      secretAccessKey: element(reply, 'SecretAccessKey').replaceAll('&#43;', '+'),
    };
  };
  const answer = async (action: string, parameters: Record<string, string>, keys?: Keys) => {
    const reply = await query(lab, action, parameters, keys === undefined ? {} : { keys });
    return [reply.status, reply.code];
  };
  const outcome = async (keys: Keys) => {
    const sent = ping(lab.s3(keys));
    return sent.then(
      () => 200,
      (error: { $metadata: { httpStatusCode: number } }) => error.$metadata.httpStatusCode,
    );
  };

  it('makes, shows, lists and removes a user', async () => {
    const made = await query(lab, 'CreateUser', { ...bob, Path: '/backup/' });
    expect(made.text).toContain('xmlns="https://iam.amazonaws.com/doc/2010-05-08/"');
    expect(element(made, 'Arn')).toBe('arn:aws:iam::123456789012:user/backup/bob');
    expect(element(made, 'CreateDate')).toBe('2026-01-15T12:00:00Z');
    const got = await query(lab, 'GetUser', bob);
    expect(element(got, 'UserId')).toBe(element(made, 'UserId'));
    expect(elements(await query(lab, 'ListUsers'), 'UserName')).toEqual(['admin', 'bob', 'nobody']);
    const below = await query(lab, 'ListUsers', { PathPrefix: '/backup/' });
    expect(elements(below, 'UserName')).toEqual(['bob']);
    expect(await answer('DeleteUser', bob)).toEqual([200, '']);
    expect(await answer('GetUser', bob)).toEqual([404, 'NoSuchEntity']);
  });

  it('lists in pages', async () => {
    const first = await query(lab, 'ListUsers', { MaxItems: '1' });
    expect(elements(first, 'UserName')).toEqual(['admin']);
    expect(element(first, 'IsTruncated')).toBe('true');
    const second = await query(lab, 'ListUsers', { Marker: element(first, 'Marker') });
    expect(elements(second, 'UserName')).toEqual(['nobody']);
    expect(element(second, 'IsTruncated')).toBe('false');
  });

  it.each<[string, string, Record<string, string>, number, string]>([
    ['a user twice', 'CreateUser', { UserName: 'Admin' }, 409, 'EntityAlreadyExists'],
    ['a user name with a slash', 'CreateUser', { UserName: 'a/b' }, 400, 'ValidationError'],
    ['a long user name', 'CreateUser', { UserName: 'a'.repeat(65) }, 400, 'ValidationError'],
    ['a bad path', 'CreateUser', { UserName: 'a', Path: 'x' }, 400, 'ValidationError'],
    ['no user name', 'CreateUser', {}, 400, 'ValidationError'],
    ['tags', 'CreateUser', { UserName: 'a', 'Tags.member.1.Key': 'k' }, 501, 'NotImplemented'],
    ['no such user', 'DeleteUser', { UserName: 'x' }, 404, 'NoSuchEntity'],
    ['a configured user', 'DeleteUser', { UserName: 'admin' }, 400, 'UnmodifiableEntity'],
    ['a key for nobody there', 'CreateAccessKey', { UserName: 'x' }, 404, 'NoSuchEntity'],
    [
      'a key that is not there',
      'DeleteAccessKey',
      { UserName: 'admin', AccessKeyId: 'AKIAX' },
      404,
      'NoSuchEntity',
    ],
    [
      'the configured key',
      'DeleteAccessKey',
      { UserName: 'admin', AccessKeyId: ADMIN.accessKeyId },
      400,
      'UnmodifiableEntity',
    ],
    [
      'an unknown status',
      'UpdateAccessKey',
      { UserName: 'admin', AccessKeyId: 'AKIAX', Status: 'Gone' },
      400,
      'ValidationError',
    ],
    [
      'a policy that is no JSON',
      'PutUserPolicy',
      { UserName: 'nobody', PolicyName: 'p', PolicyDocument: '{' },
      400,
      'MalformedPolicyDocument',
    ],
    [
      'a policy with an unknown key',
      'PutUserPolicy',
      {
        UserName: 'nobody',
        PolicyName: 'p',
        PolicyDocument: policy({ Condition: { StringEquals: { 'aws:Nonsense': 'x' } } }),
      },
      400,
      'MalformedPolicyDocument',
    ],
    [
      'a policy above 2,048 characters',
      'PutUserPolicy',
      {
        UserName: 'nobody',
        PolicyName: 'p',
        PolicyDocument: policy({ Resource: `arn:aws:s3:::b/${'x'.repeat(2048)}` }),
      },
      409,
      'LimitExceeded',
    ],
    [
      'a policy that is not there',
      'GetUserPolicy',
      { UserName: 'nobody', PolicyName: 'p' },
      404,
      'NoSuchEntity',
    ],
    [
      'deleting a policy that is not there',
      'DeleteUserPolicy',
      { UserName: 'nobody', PolicyName: 'p' },
      404,
      'NoSuchEntity',
    ],
    ['a page of nothing', 'ListUsers', { MaxItems: '0' }, 400, 'ValidationError'],
    ['a marker that is none', 'ListUsers', { Marker: '!!' }, 400, 'ValidationError'],
    ['an unknown action', 'CreateRole', {}, 400, 'InvalidAction'],
  ])('refuses %s', async (_name, action, parameters, status, code) => {
    expect(await answer(action, parameters)).toEqual([status, code]);
  });

  it('white space does not count for the size of a policy', async () => {
    const PolicyDocument = policy().replace('{', `{${' '.repeat(3000)}`);
    const target = { UserName: 'nobody', PolicyName: 'p', PolicyDocument };
    expect(await answer('PutUserPolicy', target)).toEqual([200, '']);
  });

  it('the caller needs the right, and who is nobody has none', async () => {
    expect(await answer('CreateUser', bob, NOBODY)).toEqual([403, 'AccessDenied']);
    expect(lab.storage.decisions().at(-1)).toMatchObject({
      action: 'iam:CreateUser',
      resource: 'arn:aws:iam::123456789012:user/bob',
      allowed: false,
    });
    const unknown = { accessKeyId: 'AKIAX', secretAccessKey: 'x' };
    expect(await answer('GetUser', bob, unknown)).toEqual([403, 'InvalidClientTokenId']);
    const wrong = { ...ADMIN, secretAccessKey: 'x' };
    expect(await answer('GetUser', bob, wrong)).toEqual([403, 'SignatureDoesNotMatch']);
  });

  it('C13: two keys at most, so the old generation can live beside the new one', async () => {
    await query(lab, 'CreateUser', bob);
    await query(lab, 'PutUserPolicy', named('all'));
    const old = await createKey();
    const fresh = await createKey();
    expect(await answer('CreateAccessKey', bob)).toEqual([409, 'LimitExceeded']);
    expect([await outcome(old), await outcome(fresh)]).toEqual([200, 200]);
    await query(lab, 'DeleteAccessKey', { ...bob, AccessKeyId: old.accessKeyId });
    expect([await outcome(old), await outcome(fresh)]).toEqual([403, 200]);
    await createKey();
  });

  it('an inactive key is refused like an unknown one, and works again', async () => {
    await query(lab, 'CreateUser', bob);
    await query(lab, 'PutUserPolicy', named('all'));
    const keys = await createKey();
    const target = { ...bob, AccessKeyId: keys.accessKeyId };
    await query(lab, 'UpdateAccessKey', { ...target, Status: 'Inactive' });
    const put = new PutObjectCommand({ Bucket: BUCKET, Key: 'k', Body: 'x' });
    expect((await refusal(lab.s3(keys).send(put))).code).toBe('InvalidAccessKeyId');
    const listed = await query(lab, 'ListAccessKeys', bob);
    expect(elements(listed, 'Status')).toEqual(['Inactive']);
    await query(lab, 'UpdateAccessKey', { ...target, Status: 'Active' });
    expect(await outcome(keys)).toBe(200);
  });

  it('a user without policies may nothing; policies add up; a deny wins', async () => {
    await query(lab, 'CreateUser', bob);
    const keys = await createKey();
    expect(await outcome(keys)).toBe(403);
    await query(lab, 'PutUserPolicy', named('list', { Action: 's3:ListBucket' }));
    expect(await outcome(keys)).toBe(200);
    expect(lab.storage.decisions().at(-1)?.layers[0]?.statement).toBe('list/statement 1');
    await query(lab, 'PutUserPolicy', named('never', { Effect: 'Deny' }));
    expect(await outcome(keys)).toBe(403);
    expect(elements(await query(lab, 'ListUserPolicies', bob), 'member')).toEqual([
      'list',
      'never',
    ]);
    const got = await query(lab, 'GetUserPolicy', { ...bob, PolicyName: 'list' });
    expect(JSON.parse(decodeURIComponent(element(got, 'PolicyDocument')))).toEqual(
      JSON.parse(policy({ Action: 's3:ListBucket' })),
    );
    await query(lab, 'DeleteUserPolicy', { ...bob, PolicyName: 'never' });
    expect(await outcome(keys)).toBe(200);
  });

  it('a user is removed only after its keys and policies', async () => {
    await query(lab, 'CreateUser', bob);
    await query(lab, 'PutUserPolicy', named('all'));
    const { accessKeyId } = await createKey();
    expect(await answer('DeleteUser', bob)).toEqual([409, 'DeleteConflict']);
    await query(lab, 'DeleteAccessKey', { ...bob, AccessKeyId: accessKeyId });
    expect(await answer('DeleteUser', bob)).toEqual([409, 'DeleteConflict']);
    await query(lab, 'DeleteUserPolicy', { ...bob, PolicyName: 'all' });
    expect(await answer('DeleteUser', bob)).toEqual([200, '']);
  });

  it('C10: an inline policy ends at its aws:CurrentTime, to the millisecond', async () => {
    await query(lab, 'CreateUser', bob);
    const until = new Date(START + 14 * DAY_MS).toISOString();
    const Condition = { DateLessThan: { 'aws:CurrentTime': until } };
    await query(lab, 'PutUserPolicy', named('tenant', { Condition }));
    const keys = await createKey();
    lab.clock.at = START + 14 * DAY_MS - 1;
    expect(await outcome(keys)).toBe(200);
    lab.clock.at = START + 14 * DAY_MS;
    expect(await outcome(keys)).toBe(403);
    lab.clock.at = START;
    expect(await outcome(keys)).toBe(200);
  });

  it('C19: a new key becomes known after the delay of a fault', async () => {
    await query(lab, 'CreateUser', bob);
    await query(lab, 'PutUserPolicy', named('all'));
    const operation = 'CreateAccessKey';
    lab.storage.faults.add({ kind: 'delayKeyPropagation', operation, nth: 1, ms: 9000 });
    const keys = await createKey();
    lab.clock.at = START + 8999;
    expect(await outcome(keys)).toBe(403);
    lab.clock.at = START + 9000;
    expect(await outcome(keys)).toBe(200);
  });

  it('users, keys and policies outlive a restart; secrets stay out of the decisions', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fortnight-iam-'));
    const state = { kind: 'disk', directory } as const;
    try {
      const before = await startLab({ state });
      await query(before, 'CreateUser', bob);
      await query(before, 'PutUserPolicy', named('all'));
      const keys = await createKey(before);
      const gone = await createKey(before);
      await query(before, 'DeleteAccessKey', { ...bob, AccessKeyId: gone.accessKeyId });
      await before.s3(keys).send(new PutObjectCommand({ Bucket: BUCKET, Key: 'k', Body: 'x' }));
      expect(JSON.stringify(before.storage.decisions())).not.toContain(keys.secretAccessKey);
      await before.close();
      const after = await startLab({ state });
      await after.s3(keys).send(new GetObjectCommand({ Bucket: BUCKET, Key: 'k' }));
      const refused = await refusal(
        after.s3(gone).send(new GetObjectCommand({ Bucket: BUCKET, Key: 'k' })),
      );
      expect(refused.code).toBe('InvalidAccessKeyId');
      await after.close();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('whatever a form holds, the answer is a refusal or a result, never a failure', async () => {
    const actions = ['CreateUser', 'ListUsers', 'PutUserPolicy', 'AssumeRole', 'X', ''];
    const names = ['UserName', 'Path', 'PolicyName', 'PolicyDocument', 'MaxItems', 'Marker', 'é'];
    const value = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('bob'));
    const pair = fc.tuple(fc.constantFrom(...names), value);
    const form = fc
      .tuple(
        fc.constantFrom(...actions),
        fc.constantFrom('2010-05-08', '2011-06-15', ''),
        fc.array(pair, { maxLength: 4 }),
      )
      .map(([Action, Version, pairs]) =>
        new URLSearchParams([['Action', Action], ['Version', Version], ...pairs]).toString(),
      );
    const broken = fc.string().map((text) => `Action=${text}&%zz`);
    await fc.assert(
      fc.asyncProperty(fc.oneof(form, broken), async (text) => {
        const { status, text: reply } = await sendForm(lab, text);
        expect([200, 400, 403, 404, 409, 501]).toContain(status);
        expect(reply).toContain('RequestId');
      }),
      seeded({ numRuns: 150 }),
    );
  });
});
