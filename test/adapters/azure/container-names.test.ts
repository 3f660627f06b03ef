import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  configContainerName,
  scopeLocation,
  tenantContainerName,
} from '../../../adapters/azure/container-names.ts';
import { makeScopeContainers } from '../../../adapters/azure/containers.ts';
import { createAzureObjectStore } from '../../../adapters/azure/object-store.ts';
import { type CredentialScope, scopePrefixes } from '../../../machines/rules/scope.ts';
import { azureWorld } from '../../contract/azure-world.ts';
import { pattern } from '../../contract/store-content.ts';
import { property } from '../../support/seed.ts';

describe('container names', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,78}[A-Za-z0-9])?$/);
  const scope = fc.record({ repository: name, tenant: name, subtenant: fc.option(name) });

  property('always: a name that Azure takes', [scope], (drawn) => {
    for (const text of [tenantContainerName(drawn), configContainerName(drawn.repository)]) {
      expect(text).toMatch(/^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/);
    }
  });

  test('scopes that look alike have containers of their own', () => {
    const base = { repository: 'vault', tenant: 'T1', subtenant: null };
    const scopes: CredentialScope[] = [
      base,
      { ...base, tenant: 't1' },
      { ...base, tenant: 'T10' },
      { ...base, tenant: 'T.1' },
      { ...base, tenant: 'T-1' },
      { ...base, tenant: 'T1 vault', repository: 'x' },
      { ...base, tenant: 'T1', repository: 'vault x' },
      { ...base, subtenant: 'S' },
      { ...base, tenant: 'T1-S' },
      { ...base, tenant: `T${'1'.repeat(79)}` },
      { ...base, tenant: `T${'1'.repeat(78)}2` },
    ];
    const names = scopes.map(tenantContainerName);
    expect(new Set([...names, configContainerName('vault')]).size).toBe(scopes.length + 1);
    expect(tenantContainerName(base)).toMatch(/^fn-t1-vault-[0-9a-f]{32}$/);
    expect(tenantContainerName(base)).toBe(tenantContainerName({ ...base }));
  });

  test('the containers of a scope are made once and again without harm', async () => {
    const world = await azureWorld({ scopeKind: 'container' });
    const other = { repository: 'vault', tenant: 'fresh', subtenant: null };
    const location = scopeLocation(world.location, other, 'container');
    const { clock, ownerCredential: credential } = world;
    await makeScopeContainers({ location, credential, clock });
    await makeScopeContainers({ location, credential, clock });
    const store = createAzureObjectStore({ location, credential, clock });
    await store.put(`${scopePrefixes(other).fullAccess}a`, pattern(1));
    await store.put(`${scopePrefixes(other).readOnly}Owner`, pattern(1));
    expect(world.storage.bucketNames().join(' ')).toContain(tenantContainerName(other));
    store.close();
    await world.close();
  });
});
