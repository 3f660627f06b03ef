import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../machines/ports/object-store.ts';
import { type CredentialScope, scopePrefixes } from '../../machines/rules/scope.ts';
import { HOUR_MS } from '../../machines/rules/time.ts';
import { bytesOf, codeOf, keysOf, pattern } from './store-content.ts';
import type { StoreWorld, StoreWorldFactory } from './store-world.ts';

const TENANT: CredentialScope = { repository: 'vault', tenant: 'T1', subtenant: null };
const SUBTENANT: CredentialScope = { repository: 'vault', tenant: 'T1', subtenant: 'S1' };
const CLIENTS = 'Veeam/Backup/vault/Clients/';
const CONFIG = 'Veeam/Backup/vault/Config/';

/** Keys outside of the folder of T1; each exists, so that a refusal is not about absence. */
export const FOREIGN_KEYS = [
  `${CLIENTS}T10/secret`,
  `${CLIENTS}T1`,
  `${CLIENTS}T1x`,
  `${CLIENTS}T`,
  `${CLIENTS}T2/secret`,
  `${CLIENTS}t1/secret`,
  `${CLIENTS}T1@S1/secret`,
  `${CLIENTS}T1@S10/secret`,
  `${CLIENTS}T1%2F/secret`,
  `${CLIENTS}T%31/secret`,
  `${CLIENTS}/T1/secret`,
  `${CLIENTS}*/secret`,
  `${CLIENTS}T?/secret`,
  `${CLIENTS}$T1/secret`,
  `${CLIENTS}T1'/secret`,
  `${CLIENTS}"T1"/secret`,
  `${CLIENTS}..T1/secret`,
  'Veeam/Backup/vault/Owner',
  'Veeam/Backup/vault2/Clients/T1/secret',
  'Veeam/Backup/other/Clients/T1/secret',
  'Clients/T1/secret',
  'elsewhere',
] as const;

export const FOREIGN_PREFIXES = [
  '',
  'Veeam',
  'Veeam/Backup/vault/',
  CLIENTS,
  `${CLIENTS}T`,
  `${CLIENTS}T1`,
  `${CLIENTS}T10/`,
  `${CLIENTS}T1@S1/`,
  `${CLIENTS}*`,
  `${CLIENTS}T?/`,
  `${CLIENTS}$T1/`,
  `${CLIENTS}T1'/`,
  'Veeam/Backup/other/',
  'Veeam/Backup/vault/Config',
  '*',
  '?',
] as const;

export interface ScopeProbeDivergences {
  /** Keys that the storage's addresses cannot name, so that nobody can reach or harm them. */
  readonly isNameless?: (key: string) => boolean;
  /** Unfinished uploads show up in listings, which a tenant may ask for in its own folder. */
  readonly listsOwnUploads?: boolean;
}

/** A tenant's credential, in its own place and where other scopes' objects lie. */
interface Holder {
  readonly own: ObjectStore;
  /** The same store where all scopes share one bucket. */
  readonly foreign: ObjectStore;
}

/** The same for every storage and issuer: what a tenant's credential opens, and what not. */
export function describeScopeProbes(
  name: string,
  createWorld: StoreWorldFactory,
  divergences: ScopeProbeDivergences = {},
): void {
  const { isNameless = () => false, listsOwnUploads = false } = divergences;
  const foreignKeys = FOREIGN_KEYS.filter((key) => !isNameless(key));

  describe(`scope probes: ${name}`, () => {
    let world: StoreWorld;
    let tenant: ObjectStore;
    let tenantForeign: ObjectStore;
    let subtenant: Holder;
    const open = async (scope: CredentialScope): Promise<Holder> => {
      const at = world.clock.now();
      const request = { scope, generation: 1, lifetimeMs: HOUR_MS, at };
      const credential = await world.issuer.issue(request);
      const own = world.storeFor(credential);
      return { own, foreign: world.foreign?.storeFor(credential) ?? own };
    };
    /**
     * What a foreign key answers: `access.denied`. To another bucket than the credential's own the
     * signature itself may be wrong, where the storage takes the bucket for a part of it.
     */
    const deniedOf = async (call: Promise<unknown>) => {
      const code = await codeOf(call);
      const isOtherBucket = world.foreign !== undefined && code === 'credential.invalid';
      return isOtherBucket ? 'access.denied' : code;
    };
    /** What is listed below an own prefix; where a credential lists nothing, the owner's view. */
    const listed = async (store: ObjectStore, prefix: string): Promise<string[]> => {
      if (world.issuer.capabilities.listing !== 'none') return keysOf(store.list(prefix));
      expect(await codeOf(keysOf(store.list(prefix)))).toBe('access.denied');
      return keysOf(world.owner.list(prefix));
    };

    beforeAll(async () => {
      world = await createWorld();
      const foreignOwner = world.foreign?.owner ?? world.owner;
      await Promise.all(foreignKeys.map((key) => foreignOwner.put(key, pattern(32))));
      const keys = [`${CONFIG}Repository`, `${CONFIG}Owner`, `${CLIENTS}T1/own`];
      await Promise.all(keys.map((key) => world.owner.put(key, pattern(32))));
      ({ own: tenant, foreign: tenantForeign } = await open(TENANT));
      subtenant = await open(SUBTENANT);
    });
    afterAll(async () => world.close());

    test.each(foreignKeys)('I44 every operation on %s is denied', async (key) => {
      expect(await deniedOf(tenantForeign.get(key))).toBe('access.denied');
      const range = { start: 0, endInclusive: 0 };
      expect(await deniedOf(tenantForeign.get(key, { range }))).toBe('access.denied');
      expect(await deniedOf(tenantForeign.getStream(key))).toBe('access.denied');
      expect(await deniedOf(tenantForeign.head(key))).toBe('access.denied');
      expect(await deniedOf(tenantForeign.put(key, pattern(1)))).toBe('access.denied');
      expect(await deniedOf(tenantForeign.put(key, pattern(1), { ifAbsent: true }))).toBe(
        'access.denied',
      );
      expect(
        await deniedOf(tenantForeign.put(key, new Uint8Array(tenantForeign.properties.partBytes))),
      ).toBe('access.denied');
      expect(await deniedOf(tenantForeign.remove([key]))).toBe('access.denied');
      expect(await deniedOf(tenantForeign.remove([`${CLIENTS}T1/none`, key]))).toBe(
        'access.denied',
      );
      expect(
        (await (world.foreign?.owner ?? world.owner).head(key))?.sizeBytes,
        'it is unharmed',
      ).toBe(32);
    });

    test.each(FOREIGN_PREFIXES)('I44 listing %j is denied', async (prefix) => {
      expect(await deniedOf(keysOf(tenantForeign.list(prefix)))).toBe('access.denied');
    });

    test('a missing foreign key is denied too, not told as missing', async () => {
      expect(await deniedOf(tenantForeign.get(`${CLIENTS}T10/none`))).toBe('access.denied');
      expect(await deniedOf(tenantForeign.head(`${CLIENTS}T10/none`))).toBe('access.denied');
    });

    test('providers §2 e: the listing of uploads is denied, where it is one also of the own folder', async () => {
      const own = codeOf(tenant.abortUploads(`${CLIENTS}T1/`));
      expect(await own).toBe(listsOwnUploads ? 'resolved' : 'access.denied');
      expect(await deniedOf(tenantForeign.abortUploads(''))).toBe('access.denied');
    });

    test('I46 all of it succeeds in the own folder', async () => {
      const own = scopePrefixes(TENANT).fullAccess;
      const keys = [`${own}a`, `${own}b/c d+é`, `${own}*?$`, `${own}T10/x`];
      for (const key of keys) await tenant.put(key, pattern(100));
      const large = pattern(tenant.properties.partBytes + 1);
      await tenant.put(`${own}large`, large);
      expect(Buffer.compare(await tenant.get(`${own}large`), large)).toBe(0);
      expect((await tenant.head(keys[1] ?? ''))?.sizeBytes).toBe(100);
      expect(await bytesOf(await tenant.getStream(keys[2] ?? ''))).toHaveLength(100);
      expect(await tenant.head(`${own}none`)).toBeNull();
      expect(await codeOf(tenant.get(`${own}none`))).toBe('object.missing');
      expect(await listed(tenant, own)).toEqual(expect.arrayContaining(keys));
      expect(await listed(tenant, `${own}b/`)).toEqual([keys[1]]);
      await tenant.remove([...keys, `${own}large`, `${own}none`]);
      expect(await listed(tenant, own)).toEqual([`${own}own`]);
    });

    test('I47 the configuration is read and listed, never written', async () => {
      expect(await tenant.get(`${CONFIG}Repository`)).toHaveLength(32);
      expect((await tenant.head(`${CONFIG}Owner`))?.sizeBytes).toBe(32);
      const keys = [`${CONFIG}Owner`, `${CONFIG}Repository`];
      expect(await listed(tenant, CONFIG)).toEqual(keys);
      for (const key of [...keys, `${CONFIG}new`]) {
        expect(await codeOf(tenant.put(key, pattern(1)))).toBe('access.denied');
        expect(await codeOf(tenant.remove([key]))).toBe('access.denied');
      }
      expect(await tenant.head(`${CONFIG}new`)).toBeNull();
    });

    test('I45 a subtenant has its own folder and neither the tenant nor its siblings', async () => {
      const own = scopePrefixes(SUBTENANT).fullAccess;
      await subtenant.own.put(`${own}object`, pattern(5));
      expect(await listed(subtenant.own, own)).toContain(`${own}object`);
      const foreign = [`${CLIENTS}T1/own`, `${CLIENTS}T1@S10/secret`, `${CLIENTS}T10/secret`];
      for (const key of foreign) {
        expect(await deniedOf(subtenant.foreign.get(key))).toBe('access.denied');
        expect(await deniedOf(subtenant.foreign.put(key, pattern(1)))).toBe('access.denied');
        expect(await deniedOf(subtenant.foreign.remove([key]))).toBe('access.denied');
      }
      for (const prefix of [`${CLIENTS}T1/`, `${CLIENTS}T1`, `${CLIENTS}T1@`, `${CLIENTS}T1@S1`]) {
        expect(await deniedOf(keysOf(subtenant.foreign.list(prefix)))).toBe('access.denied');
      }
    });
  });
}
