import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHmacKeyIssuer } from '../../../adapters/gcs/hmac-key-issuer.ts';
import {
  accountIdPrefix,
  projectOfAccount,
  scopeAccount,
} from '../../../adapters/gcs/service-accounts.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import type { CredentialScope } from '../../../machines/rules/scope.ts';
import { DAY_MS, HOUR_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { codeOf, pattern } from '../../contract/store-content.ts';
import { START_AT } from '../../contract/store-world.ts';
import { endpointsOf, hmacIssuer, hmacWorld } from './issuers.ts';
import { BUCKET, type GcsWorld, gcsWorld, ownerCredential, PROJECT } from './world.ts';

const SCOPE: CredentialScope = { repository: 'vault', tenant: 'T1', subtenant: null };
const OTHER: CredentialScope = { repository: 'vault', tenant: 'T2', subtenant: null };
const OWN = 'Veeam/Backup/vault/Clients/T1/';
const CONFIG = 'Veeam/Backup/vault/Config/';

let world: GcsWorld;
beforeEach(async () => {
  world = await hmacWorld();
});
afterEach(async () => {
  await world.close();
  expect(world.internalErrors).toEqual([]);
});

function issue(issuer: CredentialIssuer, scope = SCOPE, generation = 1, lifetimeMs = 14 * DAY_MS) {
  return issuer.issue({ scope, generation, lifetimeMs, at: world.clock.now() });
}

interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: { readonly title: string; readonly expression: string };
}

interface Made {
  readonly accounts: readonly string[];
  readonly keys: readonly string[];
  readonly bindings: readonly Binding[];
}

const setting = { bucket: BUCKET, projectId: PROJECT };
const ownerToken = () =>
  world.storage.issueAccessToken({ email: ownerCredential().keyId, lifetimeMs: HOUR_MS }).token;

async function ask(path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${ownerToken()}`, 'content-type': 'application/json' };
  const answer = await fetch(`${world.storage.endpoint}${path}`, { ...init, headers });
  expect(answer.status, path).toBeLessThan(300);
  return (await answer.json()) as Record<string, unknown>;
}

const POLICY = `/storage/v1/b/${BUCKET}/iam`;
const readPolicy = () => ask(`${POLICY}?optionsRequestedPolicyVersion=3`);

/** All that the storage holds of our accounts. */
async function made(): Promise<Made> {
  const { accounts = [] } = await ask(`/v1/projects/${PROJECT}/serviceAccounts`);
  const { items = [] } = await ask(`/storage/v1/projects/${PROJECT}/hmacKeys`);
  const { bindings = [] } = await readPolicy();
  return {
    accounts: (accounts as { email: string }[]).map(({ email }) => email),
    keys: (items as { accessId: string }[]).map(({ accessId }) => accessId),
    bindings: bindings as Binding[],
  };
}

const NOTHING: Made = { accounts: [], keys: [], bindings: [] };

describe('what is made', () => {
  test('C1, C9 an account a generation, a key, two bindings that end at the asked instant', async () => {
    const credential = await issue(world.issuer);
    expect(credential).toMatchObject({ kind: 's3-keys', sessionToken: null, generation: 1 });
    const { email } = scopeAccount(setting, SCOPE, 1);
    const { accounts, bindings, keys } = await made();
    expect(accounts).toEqual([email]);
    expect(keys).toEqual([credential.keyId]);
    const end = "request.time < timestamp('2030-01-15T00:00:00.000Z')";
    const below = (prefix: string) =>
      `resource.name.startsWith('projects/_/buckets/${BUCKET}/objects/${prefix}') && ${end}`;
    expect(
      bindings.map(({ role, members, condition }) => [role, members, condition?.expression]),
    ).toEqual([
      ['roles/storage.objectUser', [`serviceAccount:${email}`], below(OWN)],
      ['roles/storage.objectViewer', [`serviceAccount:${email}`], below(CONFIG)],
    ]);
  });

  test('14 days and not a millisecond more, by the storage itself', async () => {
    await world.owner.put(`${CONFIG}Owner`, pattern(3));
    const credential = await issue(world.issuer);
    const store = world.storeFor({ ...credential, expiresAt: null });
    world.clock.advanceTo(START_AT + 14 * DAY_MS - 1);
    expect(await codeOf(store.put(`${OWN}a`, pattern(1)))).toBe('resolved');
    expect(await codeOf(store.get(`${CONFIG}Owner`))).toBe('resolved');
    world.clock.advanceTo(START_AT + 14 * DAY_MS);
    expect(await codeOf(store.put(`${OWN}a`, pattern(1)))).toBe('access.denied');
    expect(await codeOf(store.get(`${CONFIG}Owner`))).toBe('access.denied');
  });

  test('C13 two generations live at once, each to its own end', async () => {
    const first = await issue(world.issuer, SCOPE, 1, HOUR_MS);
    const second = await issue(world.issuer, SCOPE, 2, 2 * HOUR_MS);
    world.clock.advanceTo(START_AT + HOUR_MS);
    expect(await codeOf(world.storeFor(first).put(`${OWN}a`, pattern(1)))).toBe(
      'credential.expired',
    );
    expect(await codeOf(world.storeFor(second).put(`${OWN}a`, pattern(1)))).toBe('resolved');
  });

  test('no name of a scope is in an account’s id, ids fit, and no two scopes share one', () => {
    const scopes: CredentialScope[] = [
      SCOPE,
      OTHER,
      { ...SCOPE, subtenant: 'S1' },
      { ...SCOPE, repository: 'x'.repeat(80), tenant: 'y'.repeat(80), subtenant: 'z'.repeat(80) },
    ];
    const ids = scopes.flatMap((scope) => [1, 2].map((n) => scopeAccount(setting, scope, n).id));
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][-a-z0-9]{4,28}[a-z0-9]$/);
    const elsewhere = scopeAccount({ ...setting, bucket: 'other-bucket' }, SCOPE, 1).id;
    expect(elsewhere.startsWith(accountIdPrefix(BUCKET))).toBe(false);
  });

  test.each([
    ['sp@a-project.iam.gserviceaccount.com', 'a-project'],
    ['sp@name.example.com.iam.gserviceaccount.com', 'example.com:name'],
    ['123-compute@developer.gserviceaccount.com', null],
    ['somebody@example.com', null],
  ])('the project of %s is %s', (email, project) => {
    expect(projectOfAccount(email)).toBe(project);
    if (project !== null) {
      const { email: account } = scopeAccount({ bucket: BUCKET, projectId: project }, SCOPE, 1);
      expect(account.split('@')[1]).toBe(email.split('@')[1]);
    }
  });

  test('an account whose project nobody can tell needs one to be named', () => {
    const { clock, location } = world;
    const credential = { ...ownerCredential(), keyId: 'sp@example.com' };
    expect(() => createHmacKeyIssuer({ location, credential, clock })).toThrow(RangeError);
  });
});

const STEPS = [
  'iam.serviceAccounts.create',
  'storage.buckets.getIamPolicy',
  'storage.buckets.setIamPolicy',
  'storage.projects.hmacKeys.create',
] as const;

describe('a step that fails leaves nothing half-made', () => {
  test.each(
    STEPS.flatMap((operation) => [
      [operation, { kind: 'error', code: 'x', status: 403 }, 'issuer.refused'] as const,
      [operation, { kind: 'error', code: 'x', status: 503 }, 'issuer.unavailable'] as const,
      [operation, { kind: 'reset' }, 'issuer.unavailable'] as const,
      [operation, { kind: 'reset', when: 'after' }, 'issuer.unavailable'] as const,
    ]),
  )('%s: %j', async (operation, fault, code) => {
    world.storage.faults.add({ ...fault, operation, nth: 1 });
    expect(await codeOf(issue(world.issuer))).toBe(code);
    expect(await made()).toEqual(NOTHING);
    const credential = await issue(world.issuer);
    await world.storeFor(credential).put(`${OWN}a`, pattern(1));
  });

  test.each([
    ['iam.serviceAccounts.create', 'RESOURCE_EXHAUSTED', 429],
    ['storage.projects.hmacKeys.create', 'invalid', 400],
  ] as const)('a limit of %s is issuer.limit', async (operation, code, status) => {
    world.storage.faults.add({ kind: 'error', code, status, operation, nth: 1 });
    expect(await codeOf(issue(world.issuer))).toBe('issuer.limit');
    expect(await made()).toEqual(NOTHING);
  });

  test('100 conditional bindings are the most: the next is issuer.limit, others stay', async () => {
    const condition = (n: number) => ({
      title: `theirs ${n}`,
      expression: 'request.time < timestamp("2040-01-01T00:00:00Z")',
    });
    const theirs = Array.from({ length: 98 }, (_, n) => ({
      role: 'roles/storage.objectViewer',
      members: ['user:somebody@example.com'],
      condition: condition(n),
    }));
    const { etag } = await readPolicy();
    const body = JSON.stringify({ version: 3, etag, bindings: theirs });
    await ask(POLICY, { method: 'PUT', body });
    await issue(world.issuer);
    expect(await codeOf(issue(world.issuer, OTHER))).toBe('issuer.limit');
    const { accounts, bindings } = await made();
    expect(accounts).toHaveLength(1);
    expect(bindings).toHaveLength(100);
    await world.issuer.revoke(SCOPE, 1, '');
    expect((await made()).bindings).toEqual(theirs);
  });

  test('a bucket without uniform access refuses conditions: issuer.refused, nothing stays', async () => {
    await world.close();
    world = await gcsWorld({
      issuer: hmacIssuer,
      storage: { buckets: [{ name: BUCKET, uniformBucketLevelAccess: false }] },
    });
    expect(await codeOf(issue(world.issuer))).toBe('issuer.refused');
    expect(await made()).toEqual(NOTHING);
  });
});

describe('the policy of the bucket', () => {
  test('six issues at once lose no binding of each other (etag)', async () => {
    const scopes = Array.from({ length: 6 }, (_, n) => ({ ...SCOPE, tenant: `T${n}` }));
    const { clock, location, storage } = world;
    const issuers = scopes.map(() =>
      createHmacKeyIssuer({
        location,
        credential: ownerCredential(),
        clock,
        endpoints: endpointsOf(storage),
      }),
    );
    await Promise.all(scopes.map((scope, n) => issue(issuers[n]!, scope)));
    for (const issuer of issuers) issuer.close();
    expect((await made()).bindings).toHaveLength(12);
    const lost = world.requests.filter(
      ({ operation, status }) => operation === 'storage.buckets.setIamPolicy' && status === 412,
    );
    expect(lost.length, 'they did meet').toBeGreaterThan(0);
  });

  test('what others have bound is never touched', async () => {
    const theirs = { role: 'roles/storage.objectViewer', members: ['user:somebody@example.com'] };
    const { etag } = await readPolicy();
    await ask(POLICY, {
      method: 'PUT',
      body: JSON.stringify({ version: 3, etag, bindings: [theirs] }),
    });
    await issue(world.issuer);
    await world.issuer.removeLeftovers?.(new Set());
    expect((await made()).bindings).toEqual([theirs]);
  });
});

describe('revocation', () => {
  test('C22 it opens nothing any more, nothing is left, others go on', async () => {
    const credential = await issue(world.issuer);
    const other = await issue(world.issuer, OTHER);
    expect(await world.issuer.revoke(SCOPE, 1, credential.keyId)).toBe(true);
    expect(await codeOf(world.storeFor(credential).get(`${OWN}a`))).toBe('credential.unknownKey');
    expect(await made()).toMatchObject({ keys: [other.keyId] });
    expect((await made()).accounts).toHaveLength(1);
    expect((await made()).bindings).toHaveLength(2);
    expect(await world.issuer.revoke(SCOPE, 1, credential.keyId), 'twice').toBe(true);
    await world.storeFor(other).put('Veeam/Backup/vault/Clients/T2/a', pattern(1));
  });

  test('one step fails: the others are done, the failure is told, again it succeeds', async () => {
    const credential = await issue(world.issuer);
    const operation = 'storage.buckets.setIamPolicy';
    world.storage.faults.add({ kind: 'error', code: 'x', status: 503, operation, nth: 1 });
    expect(await codeOf(world.issuer.revoke(SCOPE, 1, credential.keyId))).toBe(
      'issuer.unavailable',
    );
    expect(await made()).toMatchObject({ accounts: [], keys: [] });
    expect(await world.issuer.revoke(SCOPE, 1, credential.keyId)).toBe(true);
    expect(await made()).toEqual(NOTHING);
  });

  test('a revocation that spreads late is effective within what the capability says', async () => {
    const credential = await issue(world.issuer);
    const { propagationMaxMs } = world.issuer.capabilities;
    const operation = 'storage.projects.hmacKeys.update';
    world.storage.faults.add({
      kind: 'delayKeyPropagation',
      ms: propagationMaxMs,
      operation,
      nth: 1,
    });
    await world.issuer.revoke(SCOPE, 1, credential.keyId);
    world.clock.advanceTo(START_AT + propagationMaxMs);
    expect(await codeOf(world.storeFor(credential).put(`${OWN}a`, pattern(1)))).toBe(
      'credential.unknownKey',
    );
  });
});

describe('leftovers (F3, I74)', () => {
  /** Every undo fails as well, as if the process had died. */
  const crashAt = (operation: string, when: 'before' | 'after') => {
    const { faults } = world.storage;
    faults.add({ kind: 'reset', operation, nth: 1, when });
    faults.add({ kind: 'reset', operation: 'storage.projects.hmacKeys.list', nth: 2 });
    faults.add({ kind: 'reset', operation: 'storage.buckets.getIamPolicy', nth: 2 });
    faults.add({ kind: 'reset', operation: 'iam.serviceAccounts.delete', nth: 1 });
  };

  test.each([
    ['storage.buckets.setIamPolicy', 'before', 2],
    ['storage.buckets.setIamPolicy', 'after', 4],
    ['storage.projects.hmacKeys.create', 'before', 4],
    ['storage.projects.hmacKeys.create', 'after', 4],
  ] as const)(
    'of a crash at %s (%s) are found and removed, known keys stay',
    async (operation, when, bindingsLeft) => {
      const kept = await issue(world.issuer, OTHER);
      crashAt(operation, when);
      expect(await codeOf(issue(world.issuer))).toBe('issuer.unavailable');
      world.storage.faults.clear();
      const left = await made();
      expect(left.accounts).toHaveLength(2);
      expect(left.bindings).toHaveLength(bindingsLeft);
      const lostKeys = left.keys.filter((id) => id !== kept.keyId);
      const { email } = scopeAccount(setting, SCOPE, 1);
      const removed = await world.issuer.removeLeftovers?.(new Set([kept.keyId]));
      expect(removed).toEqual(lostKeys.length > 0 ? lostKeys : [email]);
      expect(await made()).toMatchObject({
        accounts: [scopeAccount(setting, OTHER, 1).email],
        keys: [kept.keyId],
      });
      expect((await made()).bindings).toHaveLength(2);
      expect(await world.issuer.removeLeftovers?.(new Set([kept.keyId]))).toEqual([]);
      await world.storeFor(kept).put('Veeam/Backup/vault/Clients/T2/a', pattern(1));
    },
  );

  test('a key that nobody has saved is told and opens nothing any more', async () => {
    const lost = await issue(world.issuer);
    expect(await world.issuer.removeLeftovers?.(new Set(['GOOG1EOTHER']))).toEqual([lost.keyId]);
    expect(await made()).toEqual(NOTHING);
    expect(await codeOf(world.storeFor(lost).get(`${OWN}a`))).toBe('credential.unknownKey');
  });

  test('what an attempt before has left of the same generation is taken over, its key removed', async () => {
    const lost = await issue(world.issuer);
    world.clock.advanceTo(START_AT + SECOND_MS);
    const again = await issue(world.issuer);
    expect(again.keyId).not.toBe(lost.keyId);
    expect(await made()).toMatchObject({ keys: [again.keyId] });
    expect((await made()).bindings).toHaveLength(2);
    expect(await codeOf(world.storeFor(lost).get(`${OWN}a`))).toBe('credential.unknownKey');
    await world.storeFor(again).put(`${OWN}a`, pattern(1));
  });

  test('an issue that is under way is no leftover', async () => {
    const issuing = issue(world.issuer);
    const removed = world.issuer.removeLeftovers?.(new Set());
    expect(await removed).toEqual([]);
    await world.storeFor(await issuing).put(`${OWN}a`, pattern(1));
  });

  test('accounts for another bucket of the same project are not touched', async () => {
    await world.close();
    const buckets = [{ name: BUCKET }, { name: 'other-bucket' }];
    world = await gcsWorld({ issuer: hmacIssuer, storage: { buckets } });
    const { clock, location, storage } = world;
    const elsewhere = createHmacKeyIssuer({
      location: { ...location, bucket: 'other-bucket' },
      credential: ownerCredential(),
      clock,
      endpoints: endpointsOf(storage),
    });
    const credential = await issue(world.issuer);
    expect(await elsewhere.removeLeftovers?.(new Set())).toEqual([]);
    elsewhere.close();
    const { bindings, keys } = await made();
    expect(keys).toEqual([credential.keyId]);
    expect(bindings).toHaveLength(2);
  });
});
