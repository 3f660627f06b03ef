import { expect, test } from 'vitest';
import { createMemoryConfigDatabase } from '../../../adapters/memory/config-database.ts';
import { removeLeftovers } from '../../../adapters/roles/sp-server/leftovers.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { ISSUERS } from '../../../machines/rules/issuers.ts';
import { createEventLog, createVirtualClock } from '../../../sim/kernel/index.ts';

const SCOPE = { tenant: 'acme', subtenant: null, repository: 'vault' };

async function world(removes?: CredentialIssuer['removeLeftovers']) {
  const clock = createVirtualClock(0);
  const log = createEventLog({ clock, keepsEvents: true, sinks: [] });
  const database = createMemoryConfigDatabase();
  for (const generation of [1, 2]) {
    await database.saveCredential(
      SCOPE,
      {
        kind: 's3-keys',
        keyId: `key-${generation}`,
        secretKey: new Secret('secret'),
        sessionToken: null,
        generation,
        expiresAt: 1_000,
      },
      0,
    );
  }
  await database.recordIntent(SCOPE, 3, 0, 1_000);
  const issuer: CredentialIssuer = {
    capabilities: ISSUERS['iam-user'],
    issue: () => Promise.reject(new Error('nothing is issued here')),
    revoke: async () => true,
    close() {},
    ...(removes === undefined ? {} : { removeLeftovers: removes }),
  };
  const isClean = await removeLeftovers('vault', issuer, { database, log });
  return { isClean, facts: log.events.map(({ type, data }) => [type, data]) };
}

test('F3, I74: every key that a record knows is spared, and an intent without a key is none', async () => {
  let heard: readonly string[] = [];
  const { isClean, facts } = await world(async (known) => {
    heard = [...known];
    return ['left-over'];
  });
  expect(heard).toEqual(['key-1', 'key-2']);
  expect(isClean).toBe(true);
  expect(facts).toEqual([['credential.leftoversRemoved', { repository: 'vault', count: 1 }]]);
});

test('an issuer that makes nothing in the storage says nothing about what it has issued', async () => {
  expect(await world()).toEqual({ isClean: false, facts: [] });
});

test('a storage that cannot be asked now is told, and its orphans stay listed', async () => {
  const { isClean, facts } = await world(() =>
    Promise.reject(new FortnightError('issuer.unavailable')),
  );
  expect(isClean).toBe(false);
  expect(facts).toEqual([
    ['credential.leftoversUnknown', { repository: 'vault', code: 'issuer.unavailable' }],
  ]);
});
