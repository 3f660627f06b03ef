import { randomBytes as cryptoRandomBytes } from 'node:crypto';
import type { ConfigDatabase } from '../../machines/ports/config-database.ts';
import type { JsonObject } from '../../machines/ports/event-log.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { QuotaLedger } from '../../machines/rules/quota.ts';
import { createCredentialRows, readSecret, type Sealing, writeSecret } from './credential-rows.ts';
import { KEY_BYTES, readKeyFile } from './key-file.ts';
import { openSchema } from './schema.ts';
import { guarded, inTransaction } from './transactions.ts';

export interface SqliteConfigDatabaseOptions {
  /** A file, created with mode 0600 when missing. */
  readonly path: string;
  /** 32 bytes, or the file (mode 0600) that holds them; see `createKeyFile`. */
  readonly key: { readonly file: string } | { readonly bytes: Uint8Array };
  /** Nonces come from it; default: `node:crypto`. Must never repeat under one key (I68). */
  readonly randomBytes?: (count: number) => Uint8Array;
}

interface RepositoryRow {
  readonly key_id: string;
  readonly generation: number;
  readonly expires_at: number | null;
}

/**
 * The SP's configuration database in SQLite (`node:sqlite`; Node and Bun). Every change is one
 * transaction. Throws at once (`records.failed`) when the file, its version or the key is not
 * right. A row that was changed or moved rejects with `records.failed` when it is opened.
 */
export function openSqliteConfigDatabase(options: SqliteConfigDatabaseOptions): ConfigDatabase {
  const key = 'file' in options.key ? readKeyFile(options.key.file) : options.key.bytes.slice();
  if (key.byteLength !== KEY_BYTES) {
    throw new FortnightError('records.failed', `the key must have ${KEY_BYTES} bytes`);
  }
  const sealing: Sealing = { key, randomBytes: options.randomBytes ?? cryptoRandomBytes };
  const database = openSchema(options.path, key, sealing.randomBytes);
  const rows = createCredentialRows(database, sealing);
  const repositoryIdentity = (repository: string) => JSON.stringify(['repository', repository]);

  const change = <Result>(run: () => Result) => inTransaction(database, run);
  const readText = (sql: string, name: string): Promise<string | null> =>
    guarded(() => {
      const row = database.prepare(sql).get(name) as { readonly text: string } | undefined;
      return row?.text ?? null;
    });

  return {
    recordIntent: (scope, generation, at, endsAt) =>
      change(() => rows.recordIntent(scope, generation, at, endsAt)),
    lastGeneration: (scope) => guarded(() => rows.lastGeneration(scope)),
    saveCredential: (scope, credential, issuedAt) =>
      change(() => rows.save(scope, credential, issuedAt)),
    dropIntent: (scope, generation) => change(() => rows.dropIntent(scope, generation)),
    markCredential: (scope, generation, state) => change(() => rows.mark(scope, generation, state)),
    openCredential: (scope, generation) => guarded(() => rows.open(scope, generation)),
    listCredentials: (scope) => guarded(() => rows.list(scope)),
    purgeExpired: (before) => change(() => rows.purge(before)),

    saveRepositoryCredential: (repository, credential) =>
      change(() => {
        database
          .prepare(
            `INSERT INTO repositories (name, key_id, generation, expires_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET key_id = excluded.key_id,
               generation = excluded.generation, expires_at = excluded.expires_at`,
          )
          .run(repository, credential.keyId, credential.generation, credential.expiresAt);
        writeSecret(database, sealing, repositoryIdentity(repository), credential);
      }),
    openRepositoryCredential: (repository) =>
      guarded(() => {
        const row = database
          .prepare('SELECT key_id, generation, expires_at FROM repositories WHERE name = ?')
          .get(repository) as RepositoryRow | undefined;
        if (row === undefined) return null;
        return readSecret(database, sealing, repositoryIdentity(repository), {
          keyId: row.key_id,
          generation: row.generation,
          expiresAt: row.expires_at,
        });
      }),

    async loadLedger(quotaId) {
      const text = await readText('SELECT ledger AS text FROM ledgers WHERE quota_id = ?', quotaId);
      return text === null ? null : (JSON.parse(text) as QuotaLedger);
    },
    saveLedger: (quotaId, ledger) =>
      change(() => {
        database
          .prepare('INSERT OR REPLACE INTO ledgers (quota_id, ledger) VALUES (?, ?)')
          .run(quotaId, JSON.stringify(ledger));
      }),

    async loadSnapshot(name) {
      const text = await readText('SELECT snapshot AS text FROM snapshots WHERE name = ?', name);
      return text === null ? null : (JSON.parse(text) as JsonObject);
    },
    saveSnapshot: (name, snapshot) =>
      change(() => {
        database
          .prepare('INSERT OR REPLACE INTO snapshots (name, snapshot) VALUES (?, ?)')
          .run(name, JSON.stringify(snapshot));
      }),
    listSnapshots: (prefix) =>
      guarded(() => {
        const names = database.prepare('SELECT name FROM snapshots ORDER BY name').all();
        return (names as unknown as { readonly name: string }[])
          .map(({ name }) => name)
          .filter((name) => name.startsWith(prefix));
      }),
    deleteSnapshot: (name) =>
      change(() => {
        database.prepare('DELETE FROM snapshots WHERE name = ?').run(name);
      }),
    close() {
      database.close();
      key.fill(0);
    },
  };
}
