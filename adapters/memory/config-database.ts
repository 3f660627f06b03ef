import type { ConfigDatabase, CredentialRecord } from '../../machines/ports/config-database.ts';
import type { JsonObject } from '../../machines/ports/event-log.ts';
import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { QuotaLedger } from '../../machines/rules/quota.ts';
import { scopeId } from '../../machines/rules/scope.ts';

interface Row {
  record: CredentialRecord;
  credential: StorageCredential | null;
}

/** The configuration database of simulated runs. Plain values are kept as JSON text. */
export function createMemoryConfigDatabase(): ConfigDatabase {
  const rows = new Map<string, Row>();
  const repositories = new Map<string, StorageCredential>();
  const lastGenerations = new Map<string, number>();
  const ledgers = new Map<string, string>();
  const snapshots = new Map<string, string>();
  const rowId = (scope: CredentialRecord['scope'], generation: number) =>
    `${scopeId(scope)} ${generation}`;
  const hasIssued = (row: Row | undefined) => row !== undefined && row.record.state !== 'intent';

  const refuseIssued = (scope: CredentialRecord['scope'], generation: number): void => {
    if (hasIssued(rows.get(rowId(scope, generation)))) {
      throw new FortnightError('records.failed', `generation ${generation} is saved already`);
    }
  };

  return {
    async recordIntent(scope, generation, at, endsAt) {
      refuseIssued(scope, generation);
      const id = scopeId(scope);
      lastGenerations.set(id, Math.max(generation, lastGenerations.get(id) ?? 0));
      rows.set(rowId(scope, generation), {
        record: { scope, generation, keyId: '', issuedAt: at, expiresAt: endsAt, state: 'intent' },
        credential: null,
      });
    },

    async lastGeneration(scope) {
      return lastGenerations.get(scopeId(scope)) ?? 0;
    },

    async saveCredential(scope, credential, issuedAt) {
      const { expiresAt, generation, keyId } = credential;
      refuseIssued(scope, generation);
      const id = scopeId(scope);
      lastGenerations.set(id, Math.max(generation, lastGenerations.get(id) ?? 0));
      let state: CredentialRecord['state'] = 'live';
      for (const row of rows.values()) {
        const { record } = row;
        if (scopeId(record.scope) !== scopeId(scope) || record.state === 'intent') continue;
        // C12: generations only rise, so a late save of an older one is never the live one.
        if (record.generation > generation) state = 'superseded';
        else if (record.state === 'live') row.record = { ...record, state: 'superseded' };
      }
      const record = { scope, generation, keyId, issuedAt, expiresAt, state };
      rows.set(rowId(scope, generation), { record, credential });
    },

    async dropIntent(scope, generation) {
      const id = rowId(scope, generation);
      if (!hasIssued(rows.get(id))) rows.delete(id);
    },

    async markCredential(scope, generation, state) {
      const row = rows.get(rowId(scope, generation));
      if (row === undefined) return;
      row.record = { ...row.record, state };
      row.credential = null;
    },

    async openCredential(scope, generation) {
      return rows.get(rowId(scope, generation))?.credential ?? null;
    },

    async listCredentials(scope) {
      const records = [...rows.values()].map((row) => row.record);
      return scope === undefined
        ? records
        : records.filter((record) => scopeId(record.scope) === scopeId(scope));
    },

    async purgeExpired(before) {
      let purged = 0;
      for (const [id, { record }] of rows) {
        if (record.state === 'intent' || record.expiresAt >= before) continue;
        rows.delete(id);
        purged += 1;
      }
      return purged;
    },

    async saveRepositoryCredential(repository, credential) {
      repositories.set(repository, credential);
    },
    async openRepositoryCredential(repository) {
      return repositories.get(repository) ?? null;
    },

    async loadLedger(quotaId) {
      const text = ledgers.get(quotaId);
      return text === undefined ? null : (JSON.parse(text) as QuotaLedger);
    },
    async saveLedger(quotaId, ledger) {
      ledgers.set(quotaId, JSON.stringify(ledger));
    },

    async loadSnapshot(name) {
      const text = snapshots.get(name);
      return text === undefined ? null : (JSON.parse(text) as JsonObject);
    },
    async saveSnapshot(name, snapshot) {
      snapshots.set(name, JSON.stringify(snapshot));
    },
    async listSnapshots(prefix) {
      return [...snapshots.keys()].filter((name) => name.startsWith(prefix)).sort();
    },
    async deleteSnapshot(name) {
      snapshots.delete(name);
    },
    close() {},
  };
}
