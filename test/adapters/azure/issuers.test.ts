import { AnonymousCredential, BlobServiceClient } from '@azure/storage-blob';
import { afterEach, describe, expect, test } from 'vitest';
import { createAccountKeySasIssuer } from '../../../adapters/azure/account-key-sas-issuer.ts';
import { scopeLocation } from '../../../adapters/azure/container-names.ts';
import { protocolOf } from '../../../adapters/azure/scope-sas.ts';
import { createUserDelegationSasIssuer } from '../../../adapters/azure/user-delegation-sas-issuer.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import {
  requireCredential,
  type StorageCredential,
} from '../../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { ISSUERS } from '../../../machines/rules/issuers.ts';
import { type CredentialScope, scopePrefixes } from '../../../machines/rules/scope.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import {
  ACCOUNT_KEY,
  type AzureWorld,
  type AzureWorldOptions,
  azureWorld,
} from '../../contract/azure-world.ts';
import { codeOf, keysOf, pattern } from '../../contract/store-content.ts';

const SCOPE: CredentialScope = { repository: 'vault', tenant: 'acme', subtenant: null };
const { fullAccess: OWN, readOnly: CONFIG } = scopePrefixes(SCOPE);

let world: AzureWorld;
const start = async (options: AzureWorldOptions) => {
  world = await azureWorld(options);
  return world;
};
afterEach(async () => world?.close());

function issue(generation = 1, lifetimeMs: number = HOUR_MS, scope = SCOPE) {
  return world.issuer.issue({ scope, generation, lifetimeMs, at: world.clock.now() });
}

function fieldsOf(credential: StorageCredential, which: 'folderSas' | 'configSas') {
  const sas = requireCredential('azure-sas', credential)[which];
  return Object.fromEntries(sas.use((text) => new URLSearchParams(text)));
}

async function refusalOf(call: Promise<unknown>): Promise<FortnightError> {
  const thrown = await call.then(
    () => new Error('it was issued'),
    (error: unknown) => error,
  );
  if (thrown instanceof FortnightError) return thrown;
  throw thrown;
}

describe('account-key SAS', () => {
  test('C9 directories: the least letters, the depth, the pinned version, an early start', async () => {
    await start({ scopeKind: 'directory' });
    const credential = await issue(1, 30 * DAY_MS);
    const common = { sv: '2022-11-02', spr: 'https,http', se: '2030-01-31T00:00:00Z' };
    expect(fieldsOf(credential, 'folderSas')).toMatchObject({
      ...common,
      sr: 'd',
      sdd: '5',
      sp: 'rcwdl',
      st: '2029-12-31T23:44:59Z',
    });
    expect(fieldsOf(credential, 'configSas')).toMatchObject({ ...common, sdd: '4', sp: 'rl' });
    expect(credential.keyId).toMatch(/^sas-[0-9a-f]{12}$/);
  });

  test('C9 a container for each tenant, and one for the configuration', async () => {
    await start({ scopeKind: 'container' });
    const credential = await issue();
    expect(fieldsOf(credential, 'folderSas')).toMatchObject({ sr: 'c', sp: 'rcwdl' });
    expect(fieldsOf(credential, 'configSas')).toMatchObject({ sr: 'c', sp: 'rl' });
    expect(fieldsOf(credential, 'folderSas')).not.toHaveProperty('sdd');
  });

  test.each([
    ['https://a.blob.core.windows.net', 'https'],
    ['http://127.0.0.1:1/a', 'https,http'],
  ])('%s: %s', (endpoint, protocol) => {
    expect(protocolOf(endpoint)).toBe(protocol);
  });

  test.each([
    ['* as tenant', { ...SCOPE, tenant: '*' }],
    ['a quote', { ...SCOPE, tenant: "a'b" }],
    ['dots', { ...SCOPE, repository: 'a..b' }],
    ['a slash', { ...SCOPE, subtenant: 'a/b' }],
    ['a control character', { ...SCOPE, tenant: 'a\nb' }],
  ])('§6 %s is refused before anything is asked', async (_name, scope) => {
    await start({ scopeKind: 'container' });
    expect((await refusalOf(issue(1, HOUR_MS, scope))).code).toBe('issuer.refused');
    expect(world.requests).toEqual([]);
  });

  test('an account without directories is refused with the way out', async () => {
    await start({ scopeKind: 'directory', account: { hierarchicalNamespace: false } });
    const refusal = await refusalOf(issue());
    expect(refusal.code).toBe('issuer.refused');
    expect(refusal.detail).toContain('has no hierarchical namespace');
    expect(refusal.detail).toContain('a container for each tenant');
  });

  test('a container that is not there is refused, and is not made', async () => {
    await start({ scopeKind: 'directory', account: { containers: [] } });
    const refusal = await refusalOf(issue());
    expect([refusal.code, refusal.detail]).toEqual([
      'issuer.refused',
      expect.stringContaining('ContainerNotFound'),
    ]);
    expect(world.storage.bucketNames()).toEqual([]);
  });

  test.each([
    ['ahead', 16 * MINUTE_MS],
    ['behind', -16 * MINUTE_MS],
  ])('16 minutes %s: issuer.unavailable, and nothing is made', async (_name, storageAheadMs) => {
    const names = { account: { containers: ['vault'] } };
    await start({ scopeKind: 'container', storageAheadMs, ...names });
    expect((await refusalOf(issue())).code).toBe('issuer.unavailable');
    expect(world.storage.bucketNames()).toHaveLength(1);
  });

  test.each([-14, 14])('%d minutes of difference do no harm', async (minutes) => {
    await start({ scopeKind: 'directory', storageAheadMs: minutes * MINUTE_MS });
    expect(await codeOf(world.storeFor(await issue()).put(`${OWN}a`, pattern(1)))).toBe('resolved');
  });

  test('a wrong key is issuer.refused and is not told', async () => {
    await start({ scopeKind: 'container' });
    const wrong = Buffer.from('a wrong key of the account').toString('base64');
    const { clock, location, ownerCredential } = world;
    const credential = { ...ownerCredential, accountKey: new Secret(wrong) } as StorageCredential;
    const issuer = createAccountKeySasIssuer({
      location,
      credential,
      clock,
      scopeKind: 'container',
    });
    const at = clock.now();
    const refusal = await refusalOf(
      issuer.issue({ scope: SCOPE, generation: 1, lifetimeMs: HOUR_MS, at }),
    );
    expect(refusal.code).toBe('issuer.refused');
    for (const secret of [wrong, ACCOUNT_KEY]) expect(refusal.message).not.toContain(secret);
    issuer.close();
  });

  test('nobody answers: issuer.unavailable', async () => {
    await start({ scopeKind: 'directory' });
    await world.storage.close();
    expect((await refusalOf(issue())).code).toBe('issuer.unavailable');
  });
});

describe('a SAS policy on the account (sasExpirationPeriod, Block)', () => {
  const policy = { sasSpanMaxMs: 30 * DAY_MS };
  test.each(['account key', 'user delegation'] as const)(
    'by %s: what it allows is issued, also when it is just the lifetime',
    async (issuer) => {
      const longMs = issuer === 'account key' ? 30 * DAY_MS : 6 * DAY_MS;
      await start({ scopeKind: 'directory', issuer, account: { sasSpanMaxMs: longMs } });
      const credential = await issue(1, longMs);
      expect(credential.expiresAt).toBe(world.clock.now() + longMs);
      expect(
        fieldsOf(credential, 'folderSas'),
        'a start would make it too long',
      ).not.toHaveProperty('st');
      await world.storeFor(credential).put(`${OWN}a`, pattern(1));
      const shorter = await issue(2, longMs - DAY_MS);
      expect(fieldsOf(shorter, 'folderSas')).toHaveProperty('st');
    },
  );

  test.each(['directory', 'container'] as const)(
    'C4 a longer override is issuer.limit with the reason (%s)',
    async (scopeKind) => {
      await start({ scopeKind, account: policy });
      const refusal = await refusalOf(issue(1, 31 * DAY_MS));
      expect(refusal.code).toBe('issuer.limit');
      expect(refusal.detail).toContain('a SAS of 31.00 days');
      expect(refusal.detail).toContain('sasExpirationPeriod');
    },
  );
});

describe('SAS by a stored access policy', () => {
  const options = { scopeKind: 'container', issuer: 'stored policy' } as const;

  test('needs a container for each tenant: Azure keeps five policies a container', async () => {
    await start(options);
    const { clock, location, ownerCredential: credential } = world;
    const open = () =>
      createAccountKeySasIssuer({
        location,
        credential,
        clock,
        scopeKind: 'directory',
        storedAccessPolicy: true,
      });
    expect(open).toThrow(RangeError);
  });

  test('says so in its capabilities; without the option nothing is revoked', async () => {
    await start(options);
    expect(world.issuer.capabilities).toMatchObject({
      kind: 'account-key-sas',
      scopeKind: 'container',
      revocation: 'delayed',
      propagationMaxMs: 30 * SECOND_MS,
      liveGenerationsMax: 5,
    });
    await world.close();
    await start({ scopeKind: 'container' });
    expect(world.issuer.capabilities).toEqual({
      ...ISSUERS['account-key-sas'],
      scopeKind: 'container',
    });
    expect(world.issuer.removeLeftovers).toBeUndefined();
  });

  test('C13, C22 one generation is revoked, the other goes on; revoked twice is no error', async () => {
    await start(options);
    const [first, second] = [await issue(1), await issue(2)];
    expect(await world.issuer.revoke(SCOPE, 1, first.keyId)).toBe(true);
    expect(await world.issuer.revoke(SCOPE, 1, first.keyId)).toBe(true);
    const put = (held: StorageCredential) => world.storeFor(held).put(`${OWN}a`, pattern(1));
    expect(await codeOf(put(first))).toBe('credential.unknownKey');
    expect(await codeOf(put(second))).toBe('resolved');
    const gone = { ...SCOPE, tenant: 'gone' };
    expect(await world.issuer.revoke(gone, 1, 'fn-of-a-container-that-is-gone')).toBe(true);
  });

  test('C22 reading the configuration goes on to its own end: that SAS has no policy', async () => {
    await start(options);
    await world.owner.put(`${CONFIG}Owner`, pattern(3));
    const credential = await issue();
    await world.issuer.revoke(SCOPE, 1, credential.keyId);
    expect(await world.storeFor(credential).get(`${CONFIG}Owner`)).toHaveLength(3);
  });

  test('C19 a policy that is not known yet is credential.unknownKey, 30 s later it works', async () => {
    await start(options);
    const ms = 30 * SECOND_MS;
    world.storage.faults.add({
      kind: 'delayKeyPropagation',
      operation: 'SetContainerAcl',
      nth: 1,
      ms,
    });
    const store = world.storeFor(await issue());
    expect(await codeOf(store.put(`${OWN}a`, pattern(1)))).toBe('credential.unknownKey');
    world.clock.advanceTo(world.clock.now() + ms);
    expect(await codeOf(store.put(`${OWN}a`, pattern(1)))).toBe('resolved');
  });

  test('policies that have ended make room; a sixth that lives is issuer.limit', async () => {
    await start(options);
    for (let generation = 1; generation <= 5; generation += 1) await issue(generation);
    expect((await refusalOf(issue(6))).code).toBe('issuer.limit');
    world.clock.advanceTo(world.clock.now() + HOUR_MS);
    const sixth = await issue(6);
    expect(await codeOf(world.storeFor(sixth).put(`${OWN}a`, pattern(1)))).toBe('resolved');
  });

  test('I74 what a crash has left is found and removed, and nothing else', async () => {
    await start(options);
    const [kept, lost] = [await issue(1), await issue(2)];
    const other = await issue(1, HOUR_MS, { ...SCOPE, tenant: 'other' });
    const known = new Set([kept.keyId, other.keyId]);
    const removed = await world.issuer.removeLeftovers?.(known);
    expect(removed).toEqual([lost.keyId]);
    expect(new Set([kept.keyId, lost.keyId, other.keyId]).size).toBe(3);
    const put = (held: StorageCredential) => world.storeFor(held).put(`${OWN}a`, pattern(1));
    expect(await codeOf(put(kept))).toBe('resolved');
    expect(await codeOf(put(lost))).toBe('credential.unknownKey');
    expect(await world.issuer.removeLeftovers?.(known)).toEqual([]);
  });
});

describe('user-delegation SAS (C21)', () => {
  const options = { scopeKind: 'directory', issuer: 'user delegation' } as const;

  test('the longest: seven days from the start that lies 20 minutes back', async () => {
    await start(options);
    const credential = await issue(1, 30 * DAY_MS);
    expect(credential.expiresAt).toBe(world.clock.now() + 7 * DAY_MS - 20 * MINUTE_MS);
    expect(fieldsOf(credential, 'folderSas')).toMatchObject({
      skt: '2029-12-31T23:40:00Z',
      ske: '2030-01-07T23:40:00Z',
      sr: 'd',
      sdd: '5',
    });
    world.clock.advanceTo(credential.expiresAt - 1);
    const store = world.storeFor(credential);
    expect(await codeOf(store.put(`${OWN}a`, pattern(1)))).toBe('resolved');
    world.clock.advanceTo(credential.expiresAt);
    expect(await codeOf(store.put(`${OWN}a`, pattern(1)))).toBe('credential.expired');
  });

  test.each([-15, 15])('%d minutes between the clocks do no harm', async (minutes) => {
    await start({ ...options, storageAheadMs: minutes * MINUTE_MS });
    const store = world.storeFor(await issue(1, 30 * DAY_MS));
    expect(await codeOf(store.put(`${OWN}a`, pattern(1)))).toBe('resolved');
  });

  const openIssuer = (change: { authority?: string; endpoint?: string; secret?: string }) => {
    const { application, clock, location } = world;
    return createUserDelegationSasIssuer({
      location: { ...location, endpoint: change.endpoint ?? location.endpoint },
      credential:
        change.secret === undefined
          ? application
          : { ...application, clientSecret: new Secret(change.secret) },
      clock,
      scopeKind: 'directory',
      authority: change.authority ?? world.storage.endpoint,
    });
  };

  test.each([
    ['a wrong secret', { secret: 'a wrong secret' }, 'issuer.refused', 'invalid_client'],
    ['no token issuer', { authority: 'http://127.0.0.1:1' }, 'issuer.unavailable', 'token: '],
    [
      'a token issuer without TLS',
      { authority: 'http://login.example' },
      'issuer.refused',
      'http://login.example must be https',
    ],
    [
      'a storage without TLS',
      { endpoint: 'http://blob.example/account' },
      'issuer.refused',
      'http://blob.example/account must be https',
    ],
  ])('%s', async (_name, change, code, text) => {
    await start(options);
    const issuer = openIssuer(change);
    const at = world.clock.now();
    const request = { scope: SCOPE, generation: 1, lifetimeMs: HOUR_MS, at };
    const refusal = await refusalOf(issuer.issue(request));
    expect([refusal.code, refusal.detail]).toEqual([code, expect.stringContaining(text)]);
    expect(refusal.message).not.toContain('wrong secret');
    issuer.close();
  });

  test('it is not revoked one by one', async () => {
    await start(options);
    const credential = await issue();
    expect(await world.issuer.revoke(SCOPE, 1, credential.keyId)).toBe(false);
  });
});

describe('what a SAS does not open', () => {
  test.each(['directory', 'container'] as const)(
    'I44 copying from outside into the own folder is refused (%s)',
    async (scopeKind) => {
      await start({ scopeKind });
      const foreignOwner = world.foreign?.owner ?? world.owner;
      const foreignKey = 'Veeam/Backup/vault/Clients/other/secret';
      await foreignOwner.put(foreignKey, pattern(32));
      const foreignContainer = String(world.requests.at(-1)?.bucket);
      const credential = requireCredential('azure-sas', await issue());
      const endpoint = String(world.location.endpoint);
      const own = scopeLocation(world.location, SCOPE, scopeKind).bucket;
      const sas = credential.folderSas.use((text) => text);
      const service = new BlobServiceClient(`${endpoint}?${sas}`, new AnonymousCredential(), {
        retryOptions: { maxTries: 1 },
      });
      const target = service.getContainerClient(own).getBlobClient(`${OWN}copy`);
      const source = `${endpoint}/${foreignContainer}/${foreignKey}`;
      const config = credential.configSas.use((text) => text);
      for (const address of [source, `${source}?${sas}`, `${source}?${config}`]) {
        await expect(target.syncCopyFromURL(address)).rejects.toMatchObject({ statusCode: 404 });
        await expect(target.beginCopyFromURL(address)).rejects.toThrow();
      }
      expect(await keysOf(world.storeFor(credential).list(OWN))).toEqual([]);
    },
  );
});
