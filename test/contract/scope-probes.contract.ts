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

/** The same for every storage and issuer: what a tenant's credential opens, and what not. */
export function describeScopeProbes(name: string, createWorld: StoreWorldFactory): void {
  describe(`scope probes: ${name}`, () => {
    let world: StoreWorld;
    let tenant: ObjectStore;
    let subtenant: ObjectStore;
    const open = async (scope: CredentialScope) => {
      const at = world.clock.now();
      const request = { scope, generation: 1, lifetimeMs: HOUR_MS, at };
      return world.storeFor(await world.issuer.issue(request));
    };

    beforeAll(async () => {
      world = await createWorld();
      const keys = [...FOREIGN_KEYS, `${CONFIG}Repository`, `${CONFIG}Owner`, `${CLIENTS}T1/own`];
      await Promise.all(keys.map((key) => world.owner.put(key, pattern(32))));
      tenant = await open(TENANT);
      subtenant = await open(SUBTENANT);
    });
    afterAll(async () => world.close());

    test.each(FOREIGN_KEYS)('I44 every operation on %s is denied', async (key) => {
      expect(await codeOf(tenant.get(key))).toBe('access.denied');
      const range = { start: 0, endInclusive: 0 };
      expect(await codeOf(tenant.get(key, { range }))).toBe('access.denied');
      expect(await codeOf(tenant.getStream(key))).toBe('access.denied');
      expect(await codeOf(tenant.head(key))).toBe('access.denied');
      expect(await codeOf(tenant.put(key, pattern(1)))).toBe('access.denied');
      expect(await codeOf(tenant.put(key, pattern(1), { ifAbsent: true }))).toBe('access.denied');
      expect(await codeOf(tenant.put(key, new Uint8Array(tenant.properties.partBytes)))).toBe(
        'access.denied',
      );
      expect(await codeOf(tenant.remove([key]))).toBe('access.denied');
      expect(await codeOf(tenant.remove([`${CLIENTS}T1/none`, key]))).toBe('access.denied');
      expect((await world.owner.head(key))?.sizeBytes, 'it is unharmed').toBe(32);
    });

    test.each(FOREIGN_PREFIXES)('I44 listing %j is denied', async (prefix) => {
      expect(await codeOf(keysOf(tenant.list(prefix)))).toBe('access.denied');
    });

    test('a missing foreign key is denied too, not told as missing', async () => {
      expect(await codeOf(tenant.get(`${CLIENTS}T10/none`))).toBe('access.denied');
      expect(await codeOf(tenant.head(`${CLIENTS}T10/none`))).toBe('access.denied');
    });

    test('providers §2 e: the listing of uploads is denied, also of the own folder', async () => {
      expect(await codeOf(tenant.abortUploads(`${CLIENTS}T1/`))).toBe('access.denied');
      expect(await codeOf(tenant.abortUploads(''))).toBe('access.denied');
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
      expect(await keysOf(tenant.list(own))).toEqual(expect.arrayContaining(keys));
      expect(await keysOf(tenant.list(`${own}b/`))).toEqual([keys[1]]);
      await tenant.remove([...keys, `${own}large`, `${own}none`]);
      expect(await keysOf(tenant.list(own))).toEqual([`${own}own`]);
    });

    test('I47 the configuration is read and listed, never written', async () => {
      expect(await tenant.get(`${CONFIG}Repository`)).toHaveLength(32);
      expect((await tenant.head(`${CONFIG}Owner`))?.sizeBytes).toBe(32);
      const keys = [`${CONFIG}Owner`, `${CONFIG}Repository`];
      expect(await keysOf(tenant.list(CONFIG))).toEqual(keys);
      for (const key of [...keys, `${CONFIG}new`]) {
        expect(await codeOf(tenant.put(key, pattern(1)))).toBe('access.denied');
        expect(await codeOf(tenant.remove([key]))).toBe('access.denied');
      }
      expect(await tenant.head(`${CONFIG}new`)).toBeNull();
    });

    test('I45 a subtenant has its own folder and neither the tenant nor its siblings', async () => {
      const own = scopePrefixes(SUBTENANT).fullAccess;
      await subtenant.put(`${own}object`, pattern(5));
      expect(await keysOf(subtenant.list(own))).toContain(`${own}object`);
      const foreign = [`${CLIENTS}T1/own`, `${CLIENTS}T1@S10/secret`, `${CLIENTS}T10/secret`];
      for (const key of foreign) {
        expect(await codeOf(subtenant.get(key))).toBe('access.denied');
        expect(await codeOf(subtenant.put(key, pattern(1)))).toBe('access.denied');
        expect(await codeOf(subtenant.remove([key]))).toBe('access.denied');
      }
      for (const prefix of [`${CLIENTS}T1/`, `${CLIENTS}T1`, `${CLIENTS}T1@`, `${CLIENTS}T1@S1`]) {
        expect(await codeOf(keysOf(subtenant.list(prefix)))).toBe('access.denied');
      }
    });
  });
}
