import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigDatabase } from '../../machines/ports/config-database.ts';
import { Secret } from '../../machines/ports/secret.ts';
import {
  requireCredential,
  type StorageCredential,
} from '../../machines/ports/storage-credential.ts';
import type { CredentialScope } from '../../machines/rules/scope.ts';
import { seeded } from '../support/seed.ts';
import { codeOf } from './store-content.ts';

export const SCOPE: CredentialScope = { repository: 'vault', tenant: 'acme', subtenant: null };
const BRANCH: CredentialScope = { ...SCOPE, subtenant: 'branch' };

export function credentialOf(generation: number, expiresAt = 1_000_000) {
  return {
    kind: 's3-keys',
    keyId: `KEY-${generation}`,
    secretKey: new Secret(`secret-canary-${generation}-ü`),
    sessionToken: generation % 2 === 0 ? null : new Secret(`token-canary-${generation}`),
    generation,
    expiresAt,
  } as const;
}

/** What a credential holds, for comparison; only tests open secrets like this. */
export function opened(credential: StorageCredential | null) {
  if (credential === null) return null;
  const { secretKey, sessionToken, ...clear } = requireCredential('s3-keys', credential);
  return {
    ...clear,
    secret: secretKey.use((text) => text),
    token: sessionToken === null ? null : sessionToken.use((text) => text),
  };
}

/** Every implementation of the ConfigDatabase port runs this. */
export function describeConfigDatabaseContract(
  name: string,
  open: () => Promise<ConfigDatabase>,
): void {
  describe(`configuration database contract: ${name}`, () => {
    let database: ConfigDatabase;
    const states = async (scope?: CredentialScope) =>
      (await database.listCredentials(scope)).map(
        ({ generation, state }) => `${generation} ${state}`,
      );

    beforeEach(async () => {
      database = await open();
    });
    afterEach(() => database.close());

    test('C5 a saved credential opens as it was', async () => {
      for (const generation of [1, 2]) {
        await database.saveCredential(SCOPE, credentialOf(generation), 5);
        const stored = await database.openCredential(SCOPE, generation);
        expect(opened(stored)).toEqual(opened(credentialOf(generation)));
      }
    });

    test('I74 an intent is listed, opens nothing, and is replaced by its credential', async () => {
      await database.recordIntent(SCOPE, 1, 77, 77);
      expect(await database.listCredentials()).toEqual([
        { scope: SCOPE, generation: 1, keyId: '', issuedAt: 77, expiresAt: 77, state: 'intent' },
      ]);
      expect(await database.openCredential(SCOPE, 1)).toBeNull();
      await database.recordIntent(SCOPE, 1, 78, 78);
      await database.saveCredential(SCOPE, credentialOf(1), 80);
      expect(await database.listCredentials(SCOPE)).toEqual([
        {
          scope: SCOPE,
          generation: 1,
          keyId: 'KEY-1',
          issuedAt: 80,
          expiresAt: 1_000_000,
          state: 'live',
        },
      ]);
    });

    test('dropIntent forgets intents and nothing else', async () => {
      await database.recordIntent(SCOPE, 1, 1, 1);
      await database.dropIntent(SCOPE, 1);
      await database.dropIntent(SCOPE, 9);
      expect(await states()).toEqual([]);
      await database.saveCredential(SCOPE, credentialOf(1), 1);
      await database.dropIntent(SCOPE, 1);
      expect(await states()).toEqual(['1 live']);
    });

    test('C12 a newer generation supersedes; a generation is saved once; order of insertion', async () => {
      await database.saveCredential(SCOPE, credentialOf(1), 50);
      await database.recordIntent(SCOPE, 2, 40, 40);
      await database.saveCredential(BRANCH, credentialOf(1), 30);
      await database.saveCredential(SCOPE, credentialOf(2), 20);
      expect(await states(SCOPE)).toEqual(['1 superseded', '2 live']);
      expect(await states(BRANCH)).toEqual(['1 live']);
      expect(await states()).toEqual(['1 superseded', '2 live', '1 live']);
      expect(opened(await database.openCredential(SCOPE, 1))?.keyId).toBe('KEY-1');
      const again = database.saveCredential(SCOPE, credentialOf(2), 60);
      expect(await codeOf(again)).toBe('records.failed');
      expect(await codeOf(database.recordIntent(SCOPE, 1, 60, 60))).toBe('records.failed');
      expect(await states(SCOPE), 'nothing is kept of what was refused').toEqual([
        '1 superseded',
        '2 live',
      ]);
    });

    test('C12 a late save of an older generation is not the live one', async () => {
      await database.saveCredential(SCOPE, credentialOf(3), 10);
      await database.saveCredential(SCOPE, credentialOf(2), 11);
      expect(await states(SCOPE)).toEqual(['3 live', '2 superseded']);
    });

    test.each(['revoked', 'irrevocable'] as const)(
      'a %s credential opens no more',
      async (state) => {
        await database.saveCredential(SCOPE, credentialOf(1), 1);
        await database.markCredential(SCOPE, 1, state);
        await database.markCredential(SCOPE, 7, state);
        expect(await states()).toEqual([`1 ${state}`]);
        expect(await database.openCredential(SCOPE, 1)).toBeNull();
        await database.saveCredential(SCOPE, credentialOf(2), 2);
        expect(await states(), 'it stays what it is').toEqual([`1 ${state}`, '2 live']);
      },
    );

    test('an intent whose answer was lost is listed until it would have ended (F3, I74)', async () => {
      await database.recordIntent(SCOPE, 1, 10, 900);
      await database.markCredential(SCOPE, 1, 'irrevocable');
      expect(await states()).toEqual(['1 irrevocable']);
      expect((await database.listCredentials(SCOPE))[0]?.expiresAt).toBe(900);
      expect(await database.openCredential(SCOPE, 1)).toBeNull();
    });

    test('a generation number is never given out twice, also when its row is gone (C12)', async () => {
      expect(await database.lastGeneration(SCOPE)).toBe(0);
      await database.recordIntent(SCOPE, 1, 10, 20);
      await database.dropIntent(SCOPE, 1);
      expect(await database.lastGeneration(SCOPE)).toBe(1);
      await database.saveCredential(SCOPE, credentialOf(2), 10);
      await database.purgeExpired(Number.MAX_SAFE_INTEGER);
      expect(await database.lastGeneration(SCOPE)).toBe(2);
    });

    test('what is not there is null', async () => {
      expect(await database.openCredential(SCOPE, 1)).toBeNull();
      expect(await database.openRepositoryCredential('none')).toBeNull();
      expect(await database.loadLedger('none')).toBeNull();
      expect(await database.loadSnapshot('none')).toBeNull();
      expect(await database.listSnapshots('')).toEqual([]);
      await database.deleteSnapshot('none');
    });

    test('I79 purge removes rows that expired before the instant, and no intents', async () => {
      for (const generation of [1, 2, 3]) {
        await database.saveCredential(SCOPE, credentialOf(generation, 1000 * generation), 0);
      }
      await database.recordIntent(BRANCH, 1, 0, 0);
      expect(await database.purgeExpired(1000)).toBe(0);
      expect(await database.purgeExpired(2001)).toBe(2);
      expect(await states()).toEqual(['3 live', '1 intent']);
      expect(await database.openCredential(SCOPE, 2)).toBeNull();
      expect(await database.purgeExpired(2001)).toBe(0);
    });

    test('C7 the repository credential is replaced whole', async () => {
      const first = { ...credentialOf(1), expiresAt: null, generation: 0 };
      await database.saveRepositoryCredential('vault', first);
      await database.saveRepositoryCredential('other', credentialOf(4));
      expect(opened(await database.openRepositoryCredential('vault'))).toEqual(opened(first));
      await database.saveRepositoryCredential('vault', credentialOf(2));
      expect(opened(await database.openRepositoryCredential('vault'))?.keyId).toBe('KEY-2');
      expect(opened(await database.openRepositoryCredential('other'))?.keyId).toBe('KEY-4');
    });

    test('ledgers and snapshots come back as they were', async () => {
      const ledger = { quotaBytes: 2 ** 50, usedBytes: 7, reserved: { 'session "1"': 3 } };
      await database.saveLedger('acme/vault', ledger);
      await database.saveLedger('acme/vault', { ...ledger, usedBytes: 8 });
      expect(await database.loadLedger('acme/vault')).toEqual({ ...ledger, usedBytes: 8 });
      const snapshot = { value: { running: 'x' }, context: { list: [1, null, 'ü'] } };
      for (const name of ['s/2', 's/1', 't%', 's_x', 't/1']) {
        await database.saveSnapshot(name, snapshot);
      }
      expect(await database.loadSnapshot('s/1')).toEqual(snapshot);
      expect(await database.listSnapshots('s/')).toEqual(['s/1', 's/2']);
      expect(await database.listSnapshots('t%')).toEqual(['t%']);
      await database.deleteSnapshot('s/1');
      expect(await database.listSnapshots('s/')).toEqual(['s/2']);
    });

    test('I64 what lists and prints shows no secret', async () => {
      await database.saveCredential(SCOPE, credentialOf(1), 1);
      await database.saveRepositoryCredential('vault', credentialOf(3));
      const values = [
        database,
        await database.listCredentials(),
        await database.openCredential(SCOPE, 1),
        await database.openRepositoryCredential('vault'),
      ];
      for (const value of values) {
        expect(inspect(value, { depth: 12, showHidden: true })).not.toContain('canary');
        expect(JSON.stringify(value) ?? '').not.toContain('canary');
      }
    });

    test('always: at most one generation of a scope is live, and it is the newest issued', async () => {
      const step = fc.record({
        kind: fc.constantFrom('intent', 'save', 'drop', 'revoke', 'purge'),
        generation: fc.integer({ min: 1, max: 6 }),
      });
      const scopes = fc.array(step, { maxLength: 20 });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(scopes, async (steps) => {
          run += 1;
          const scope = { ...SCOPE, tenant: `tenant${run}` };
          for (const { kind, generation } of steps) {
            if (kind === 'intent') await codeOf(database.recordIntent(scope, generation, 1, 1));
            if (kind === 'drop') await database.dropIntent(scope, generation);
            if (kind === 'revoke') await database.markCredential(scope, generation, 'revoked');
            if (kind === 'purge') await database.purgeExpired(generation);
            if (kind === 'save') {
              await codeOf(database.saveCredential(scope, credentialOf(generation, 10), 1));
            }
          }
          const records = await database.listCredentials(scope);
          const live = records.filter((record) => record.state === 'live');
          const issued = records.filter((record) => record.state !== 'intent');
          const newest = Math.max(0, ...issued.map((record) => record.generation));
          expect(live.length).toBeLessThanOrEqual(1);
          for (const record of live) expect(record.generation).toBe(newest);
          const generations = records.map((record) => record.generation);
          expect(new Set(generations).size).toBe(generations.length);
          for (const { generation, state } of records) {
            const isOpen = (await database.openCredential(scope, generation)) !== null;
            expect(isOpen).toBe(state === 'live' || state === 'superseded');
          }
        }),
        seeded({ numRuns: 60 }),
      );
    });
  });
}
