import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  ListAccessKeysCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
} from '@aws-sdk/client-iam';
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bucketPath, iamUserName } from '../../../adapters/aws/iam-names.ts';
import { createIamUserIssuer } from '../../../adapters/aws/iam-user-issuer.ts';
import { clientOptions, createHttpHandler, signByClock } from '../../../adapters/s3/client.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { S3Keys, StorageCredential } from '../../../machines/ports/storage-credential.ts';
import { planCredential } from '../../../machines/rules/plan.ts';
import type { Route } from '../../../machines/rules/route.ts';
import { type CredentialScope, scopePrefixes } from '../../../machines/rules/scope.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import { codeOf, keysOf, pattern } from '../../contract/store-content.ts';
import { type AwsWorld, awsWorld } from './aws-world.ts';

const SCOPE: CredentialScope = { repository: 'vault', tenant: 'acme', subtenant: null };
const DIRECT: Route = {
  dataPath: 'direct',
  sourceHost: 'sourceProxy',
  targetHost: 'sourceProxy',
  credential: 'limited',
  assumed: false,
};
const PLAIN = {
  longestSessionMs: null,
  adaptThreshold: false,
  renewalFloorMs: null,
  sasOverride: null,
  entraId: false,
  storedAccessPolicy: false,
  hasHierarchicalNamespace: false,
  hasSharedContainer: false,
} as const;
const OTHER: CredentialScope = { ...SCOPE, tenant: 'globex' };
const KEY = `${scopePrefixes(SCOPE).fullAccess}object`;

/** Calls of one issue where all goes well: list, user, policy, key. */
const CALLS = 4;

let world: AwsWorld;
beforeEach(async () => {
  world = await awsWorld('iam-user');
});
afterEach(async () => world.close());

const issue = (generation: number, lifetimeMs = 14 * DAY_MS, issuer = world.issuer) =>
  issuer.issue({ scope: SCOPE, generation, lifetimeMs, at: world.clock.now() });
const put = (credential: StorageCredential) =>
  codeOf(world.storeFor(credential).put(KEY, pattern(10)));

/** What the storage says that is there: `name: keys, policies`. */
async function usersThere(path = '/fortnight/'): Promise<readonly string[]> {
  const { Users = [] } = await world.iam.send(new ListUsersCommand({ PathPrefix: path }));
  const lines: string[] = [];
  for (const { UserName } of Users) {
    const keys = await world.iam.send(new ListAccessKeysCommand({ UserName }));
    const policies = await world.iam.send(new ListUserPoliciesCommand({ UserName }));
    const counts = [keys.AccessKeyMetadata?.length, policies.PolicyNames?.length];
    lines.push(`${UserName}: ${counts.join(', ')}`);
  }
  return lines;
}

async function leftoversOf(issuer: CredentialIssuer, ...known: readonly string[]) {
  if (issuer.removeLeftovers === undefined) throw new Error('it makes things in the storage');
  return issuer.removeLeftovers(new Set(known));
}

describe('IAM user: the storage itself ends the key', () => {
  test('C1 14 days to the second, then AccessDenied of the storage is told as expiry', async () => {
    const credential = await issue(1);
    expect(credential).toMatchObject({ kind: 's3-keys', sessionToken: null });
    expect(credential.expiresAt - world.clock.now()).toBe(14 * DAY_MS);
    world.clock.advanceTo(credential.expiresAt - 1);
    expect(await put(credential)).toBe('resolved');
    world.clock.advanceTo(credential.expiresAt);
    expect(await put(credential)).toBe('credential.expired');
    expect(world.requests.at(-1)).toMatchObject({ operation: 'PutObject', code: 'AccessDenied' });
  });

  test('C9 listing and reading the configuration end with it too', async () => {
    const { fullAccess, readOnly } = scopePrefixes(SCOPE);
    await world.owner.put(`${readOnly}Owner`, pattern(1));
    const credential = await issue(1);
    const store = world.storeFor(credential);
    const codes = async () => [
      await codeOf(store.get(`${readOnly}Owner`)),
      await codeOf(keysOf(store.list(fullAccess))),
    ];
    expect(await codes()).toEqual(['resolved', 'resolved']);
    world.clock.advanceTo(credential.expiresAt);
    expect(await codes()).toEqual(['credential.expired', 'credential.expired']);
  });

  test('C20 AccessDenied before the end is no expiry', async () => {
    const credential = await issue(1);
    const foreign = world.storeFor(credential).put('elsewhere', pattern(1));
    expect(await codeOf(foreign)).toBe('access.denied');
  });

  test('C13 every generation ends at its own instant, and has a user of its own', async () => {
    const [first, second] = [await issue(1, HOUR_MS), await issue(2)];
    expect(await usersThere()).toEqual([
      `${iamUserName(SCOPE, 1)}: 1, 1`,
      `${iamUserName(SCOPE, 2)}: 1, 1`,
    ]);
    world.clock.advanceTo(first.expiresAt);
    expect([await put(first), await put(second)]).toEqual(['credential.expired', 'resolved']);
  });

  test('C12 a generation after a failed attempt leaves the one in use alone', async () => {
    const first = await issue(1);
    world.storage.faults.add({
      kind: 'error',
      operation: 'CreateAccessKey',
      nth: 1,
      status: 503,
      code: 'ServiceUnavailable',
    });
    expect(await codeOf(issue(2))).toBe('issuer.unavailable');
    const third = await issue(3);
    expect([await put(first), await put(third)]).toEqual(['resolved', 'resolved']);
  });

  test('a session that the holder opens with its key ends with the key', async () => {
    const credential = await issue(1, HOUR_MS);
    const sts = new STSClient({
      ...clientOptions(credential as S3Keys, 'us-east-1'),
      endpoint: world.storage.endpoint,
      requestHandler: createHttpHandler(1),
    });
    signByClock(sts.config, world.clock);
    const { Credentials } = await sts.send(new GetSessionTokenCommand({ DurationSeconds: 86_400 }));
    sts.destroy();
    const session: S3Keys = {
      kind: 's3-keys',
      keyId: Credentials?.AccessKeyId ?? '',
      secretKey: new Secret(Credentials?.SecretAccessKey ?? ''),
      sessionToken: new Secret(Credentials?.SessionToken ?? ''),
      generation: 1,
      expiresAt: null,
    };
    expect(await put(session)).toBe('resolved');
    world.clock.advanceTo(credential.expiresAt);
    expect(await put(session)).toBe('access.denied');
  });
});

describe('IAM user: limits and refusals leave nothing half-made', () => {
  test('two keys already present is issuer.limit; the user stays as it is', async () => {
    const UserName = iamUserName(SCOPE, 1);
    await world.iam.send(new CreateUserCommand({ UserName, Path: '/elsewhere/' }));
    for (let keys = 0; keys < 2; keys += 1) {
      expect(await codeOf(issue(1))).toBe('issuer.refused');
      await world.iam.send(new CreateAccessKeyCommand({ UserName }));
    }
    await expect(issue(1)).rejects.toMatchObject({
      code: 'issuer.limit',
      message: expect.stringContaining(`${UserName} exists already and has 2 access keys`),
    });
    expect(await usersThere('/elsewhere/')).toEqual([`${UserName}: 2, 0`]);
    await issue(2);
  });

  test.each([
    ['CreateUser', 409, 'LimitExceeded', 'issuer.limit'],
    ['CreateUser', 403, 'AccessDenied', 'issuer.refused'],
    ['PutUserPolicy', 409, 'LimitExceeded', 'issuer.limit'],
    ['PutUserPolicy', 404, 'NoSuchEntity', 'issuer.unavailable'],
    ['CreateAccessKey', 409, 'LimitExceeded', 'issuer.limit'],
    ['CreateAccessKey', 400, 'Throttling', 'issuer.unavailable'],
    ['CreateAccessKey', 409, 'EntityTemporarilyUnmodifiable', 'issuer.unavailable'],
    ['CreateAccessKey', 500, 'ServiceFailure', 'issuer.unavailable'],
  ] as const)('F36 %s answered with %d %s is %s', async (operation, status, code, expected) => {
    world.storage.faults.add({ kind: 'error', operation, nth: 1, status, code });
    expect(await codeOf(issue(1))).toBe(expected);
    expect(await usersThere()).toEqual([]);
  });

  test('16 minutes of clock skew is refused before anything is made', async () => {
    world.storage.faults.add({ kind: 'skewClock', nth: 1, repeat: 9, ms: 16 * MINUTE_MS });
    expect(await codeOf(issue(1))).toBe('issuer.refused');
    world.storage.faults.clear();
    expect(await usersThere()).toEqual([]);
  });

  test.each(['a*b', 'a/b', '..', 'T1"', 'x\n', '$a', ''])(
    '§6 the tenant %j is refused before anything is sent',
    async (tenant) => {
      const count = world.requests.length;
      const request = { generation: 1, lifetimeMs: HOUR_MS, at: world.clock.now() };
      const asked = world.issuer.issue({ ...request, scope: { ...SCOPE, tenant } });
      expect(await codeOf(asked)).toBe('issuer.refused');
      expect(world.requests).toHaveLength(count);
    },
  );

  test('the longest names fit into the policy that IAM takes', async () => {
    const name = 'n'.repeat(80);
    const scope = { repository: name, tenant: name, subtenant: name };
    const request = { generation: 123_456, lifetimeMs: HOUR_MS, at: world.clock.now() };
    const credential = await world.issuer.issue({ ...request, scope });
    const key = `${scopePrefixes(scope).fullAccess}object`;
    expect(await codeOf(world.storeFor(credential).put(key, pattern(1)))).toBe('resolved');
  });
});

describe('IAM user: propagation and removal', () => {
  test('C19 a key that is not known yet is credential.unknownKey, and works later', async () => {
    const slow = { kind: 'delayKeyPropagation', operation: 'CreateAccessKey' } as const;
    world.storage.faults.add({ ...slow, nth: 1, ms: 10_000 });
    const credential = await issue(1);
    expect(await put(credential)).toBe('credential.unknownKey');
    world.clock.advanceTo(world.clock.now() + world.issuer.capabilities.propagationMaxMs);
    expect(await put(credential)).toBe('resolved');
  });

  test('C22 revoke takes this generation and no other; again, and without the key id', async () => {
    const [first, second] = [await issue(1), await issue(2)];
    expect(await world.issuer.revoke(SCOPE, 1, first.keyId)).toBe(true);
    expect(await world.issuer.revoke(SCOPE, 1, first.keyId), 'once more').toBe(true);
    expect([await put(first), await put(second)]).toEqual(['credential.unknownKey', 'resolved']);
    expect(await world.issuer.revoke(SCOPE, 2, '')).toBe(true);
    expect(await put(second)).toBe('credential.unknownKey');
    expect(await usersThere()).toEqual([]);
  });

  test('L8 what has ended is removed at the next issue of its scope, not before', async () => {
    const first = await issue(1, HOUR_MS);
    await world.issuer.issue({
      scope: OTHER,
      generation: 1,
      lifetimeMs: HOUR_MS,
      at: world.clock.now(),
    });
    world.clock.advanceTo(first.expiresAt + 15 * MINUTE_MS - 1);
    await issue(2);
    expect(await usersThere()).toHaveLength(3);
    world.clock.advanceTo(first.expiresAt + 15 * MINUTE_MS);
    await issue(3);
    const names = (await usersThere()).map((line) => line.split(':')[0]);
    expect(names.sort()).toEqual(
      [iamUserName(OTHER, 1), iamUserName(SCOPE, 2), iamUserName(SCOPE, 3)].sort(),
    );
  });

  test('F3 leftovers: what is recorded, what is its own and what is not below the path stay', async () => {
    const [recorded, unrecorded] = [await issue(1), await issue(2)];
    const foreign = { UserName: 'somebody', Path: '/fortnight/vault2/' };
    await world.iam.send(new CreateUserCommand(foreign));
    expect(await leftoversOf(world.issuer), 'made by this process').toEqual([]);
    const next = world.anotherIssuer();
    expect(await leftoversOf(next, recorded.keyId)).toEqual([unrecorded.keyId]);
    expect([await put(recorded), await put(unrecorded)]).toEqual([
      'resolved',
      'credential.unknownKey',
    ]);
    expect(await usersThere(bucketPath('vault'))).toEqual([`${iamUserName(SCOPE, 1)}: 1, 1`]);
    expect(await usersThere('/fortnight/vault2/')).toEqual(['somebody: 0, 0']);
    world.clock.advanceTo(recorded.expiresAt + 15 * MINUTE_MS);
    expect(await leftoversOf(next, recorded.keyId), 'its end has passed').toEqual([recorded.keyId]);
  });

  test('what a failed revocation leaves is a leftover also for its own process', async () => {
    const { keyId } = await issue(1);
    world.storage.faults.add({ kind: 'reset', nth: 1, repeat: 9 });
    expect(await codeOf(world.issuer.revoke(SCOPE, 1, keyId))).toBe('issuer.unavailable');
    world.storage.faults.clear();
    expect(await leftoversOf(world.issuer)).toEqual([keyId]);
  });

  test('what a failed issue could not undo is one too', async () => {
    world.storage.faults.add({ kind: 'reset', nth: CALLS, repeat: 9 });
    expect(await codeOf(issue(1))).toBe('issuer.unavailable');
    world.storage.faults.clear();
    expect(await usersThere()).toEqual([`${iamUserName(SCOPE, 1)}: 0, 1`]);
    await leftoversOf(world.issuer);
    expect(await usersThere()).toEqual([]);
  });

  test('more users than a page are all found', async () => {
    const count = 105;
    for (let generation = 1; generation <= count; generation += 1) {
      const UserName = iamUserName(SCOPE, generation);
      await world.iam.send(new CreateUserCommand({ UserName, Path: bucketPath('vault') }));
    }
    await leftoversOf(world.issuer);
    expect(await usersThere()).toEqual([]);
  });
});

const MOMENTS = Array.from({ length: CALLS }, (_, index) => index + 1);

describe('IAM user: a failure at every call', () => {
  test('an issue has as many calls as are broken below', async () => {
    await issue(1);
    expect(world.requests.map(({ operation }) => operation)).toEqual([
      'ListUsers',
      'CreateUser',
      'PutUserPolicy',
      'CreateAccessKey',
    ]);
  });

  const failures = [
    ['an error', { kind: 'error', status: 500, code: 'ServiceFailure' }],
    ['no answer, nothing done', { kind: 'reset', when: 'before' }],
    ['no answer, but done', { kind: 'reset', when: 'after' }],
  ] as const;
  describe.each(failures)('%s', (_name, fault) => {
    test.each(MOMENTS)('at call %d: undone at once, or issued', async (nth) => {
      world.storage.faults.add({ ...fault, nth });
      const code = await codeOf(issue(1));
      // The first call only looks for what has ended; the issue does not depend on it.
      expect(code).toBe(nth === 1 ? 'resolved' : 'issuer.unavailable');
      expect(await usersThere()).toHaveLength(nth === 1 ? 1 : 0);
    });
  });

  describe.each(['before', 'after'] as const)('F3 a crash %s the call', (when) => {
    test.each(MOMENTS)('%d leaves nothing usable unrecorded', async (nth) => {
      const recorded = await world.anotherIssuer().issue({
        scope: OTHER,
        generation: 1,
        lifetimeMs: DAY_MS,
        at: world.clock.now(),
      });
      world.storage.faults.add({ kind: 'reset', when, nth });
      // The process is dead: of what it would have sent afterwards nothing arrives.
      world.storage.faults.add({ kind: 'reset', when: 'before', nth: nth + 1, repeat: 1_000 });
      expect(await codeOf(issue(1))).toBe('issuer.unavailable');
      world.storage.faults.clear();

      const removed = await leftoversOf(world.anotherIssuer(), recorded.keyId);
      expect(removed).toHaveLength(when === 'after' && nth === CALLS ? 1 : 0);
      expect(await usersThere()).toEqual([`${iamUserName(OTHER, 1)}: 1, 1`]);
    });
  });

  test.each([1, 2, 3, 4, 5])('a crash at call %d of a removal is made good', async (nth) => {
    const { keyId } = await issue(1);
    world.storage.faults.add({ kind: 'reset', nth, repeat: 1_000 });
    expect(await codeOf(world.issuer.revoke(SCOPE, 1, keyId))).toBe('issuer.unavailable');
    world.storage.faults.clear();
    await leftoversOf(world.anotherIssuer());
    expect(await usersThere()).toEqual([]);
  });
});

test('what `explain` says of the calls is what is called', async () => {
  const plan = planCredential(DIRECT, { ...PLAIN, storage: 'aws', issuer: 'iam-user' });
  const first = await issue(1);
  world.clock.advanceTo(first.expiresAt + 15 * MINUTE_MS);
  const count = world.requests.length;
  await issue(2);
  const called = world.requests.slice(count).map(({ operation }) => operation);
  expect(plan).toMatchObject({ plan: { issuesAWeekMax: 1, apiCallsAWeekMax: called.length } });
});

test('C14 a lifetime of no whole second ends earlier, not later', async () => {
  const issuer = createIamUserIssuer({
    location: world.location,
    credential: world.ownerCredential,
    clock: world.clock,
  });
  const at = world.clock.now() + 250;
  const request = { scope: SCOPE, generation: 9, lifetimeMs: HOUR_MS + 500, at };
  expect((await issuer.issue(request)).expiresAt).toBe(at - 250 + HOUR_MS);
  issuer.close();
});
