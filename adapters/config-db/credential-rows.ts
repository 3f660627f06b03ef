import type { DatabaseSync } from 'node:sqlite';
import type { CredentialRecord } from '../../machines/ports/config-database.ts';
import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { CredentialScope } from '../../machines/rules/scope.ts';
import { open, type SealedRow, seal } from './seal.ts';

/** The key and the source of nonces; kept together because every write needs both. */
export interface Sealing {
  readonly key: Uint8Array;
  readonly randomBytes: (count: number) => Uint8Array;
}

/**
 * What a ciphertext is bound to (I67): the table, the scope, the generation and also the fields
 * that are kept in the clear beside it.
 */
function identityOf(scope: CredentialScope, generation: number): string {
  return JSON.stringify([
    'credential',
    scope.repository,
    scope.tenant,
    scope.subtenant,
    generation,
  ]);
}

function boundTo(identity: string, keyId: string, expiresAt: number | null): string {
  return JSON.stringify([identity, keyId, expiresAt]);
}

export function writeSecret(
  database: DatabaseSync,
  sealing: Sealing,
  identity: string,
  credential: StorageCredential,
): void {
  const bound = boundTo(identity, credential.keyId, credential.expiresAt);
  const { nonce, ciphertext } = seal(sealing.key, bound, credential, sealing.randomBytes);
  database
    .prepare(
      `INSERT INTO secrets (identity, nonce, ciphertext) VALUES (?, ?, ?)
       ON CONFLICT (identity) DO UPDATE SET nonce = excluded.nonce, ciphertext = excluded.ciphertext`,
    )
    .run(identity, nonce, ciphertext);
}

export function readSecret(
  database: DatabaseSync,
  sealing: Sealing,
  identity: string,
  clear: Pick<StorageCredential, 'keyId' | 'expiresAt' | 'generation'>,
): StorageCredential {
  const row = database
    .prepare('SELECT nonce, ciphertext FROM secrets WHERE identity = ?')
    .get(identity) as unknown as SealedRow | undefined;
  if (row === undefined) throw new FortnightError('records.failed', 'a secret is missing');
  return open(sealing.key, boundTo(identity, clear.keyId, clear.expiresAt), row, clear);
}

interface CredentialRow {
  readonly repository: string;
  readonly tenant: string;
  readonly subtenant: string;
  readonly generation: number;
  readonly key_id: string;
  readonly issued_at: number;
  readonly expires_at: number;
  readonly state: CredentialRecord['state'];
}

const SCOPE = 'repository = ? AND tenant = ? AND subtenant = ?';

/** No subtenant is stored as the empty name, which no subtenant has, so that it can be compared. */
function scopeValues(scope: CredentialScope): [string, string, string] {
  return [scope.repository, scope.tenant, scope.subtenant ?? ''];
}

function recordOf(row: CredentialRow): CredentialRecord {
  return {
    scope: {
      repository: row.repository,
      tenant: row.tenant,
      subtenant: row.subtenant === '' ? null : row.subtenant,
    },
    generation: row.generation,
    keyId: row.key_id,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    state: row.state,
  };
}

/** All of these run inside a transaction of the caller, or only read. */
export function createCredentialRows(database: DatabaseSync, sealing: Sealing) {
  const find = (scope: CredentialScope, generation: number): CredentialRecord | null => {
    const row = database
      .prepare(`SELECT * FROM credentials WHERE ${SCOPE} AND generation = ?`)
      .get(...scopeValues(scope), generation) as unknown as CredentialRow | undefined;
    return row === undefined ? null : recordOf(row);
  };

  const refuseIssued = (scope: CredentialScope, generation: number): void => {
    const existing = find(scope, generation);
    if (existing !== null && existing.state !== 'intent') {
      throw new FortnightError('records.failed', `generation ${generation} is saved already`);
    }
  };

  /** An intent that becomes a credential keeps its place in the order of rows. */
  const upsert = (record: CredentialRecord): void => {
    const { scope, generation, keyId, issuedAt, expiresAt, state } = record;
    database
      .prepare(
        `INSERT INTO credentials
           (repository, tenant, subtenant, generation, key_id, issued_at, expires_at, state)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (repository, tenant, subtenant, generation) DO UPDATE SET
           key_id = excluded.key_id, issued_at = excluded.issued_at,
           expires_at = excluded.expires_at, state = excluded.state`,
      )
      .run(...scopeValues(scope), generation, keyId, issuedAt, expiresAt, state);
  };

  /** C12: outlives the rows, so that no number is given out twice. */
  const noteGeneration = (scope: CredentialScope, generation: number): void => {
    database
      .prepare(
        `INSERT INTO generations (repository, tenant, subtenant, last) VALUES (?, ?, ?, ?)
         ON CONFLICT (repository, tenant, subtenant) DO UPDATE SET
           last = max(last, excluded.last)`,
      )
      .run(...scopeValues(scope), generation);
  };

  const forgetSecret = (scope: CredentialScope, generation: number): void => {
    database.prepare('DELETE FROM secrets WHERE identity = ?').run(identityOf(scope, generation));
  };

  return {
    recordIntent(scope: CredentialScope, generation: number, at: number, endsAt: number): void {
      refuseIssued(scope, generation);
      noteGeneration(scope, generation);
      const keyId = '';
      upsert({ scope, generation, keyId, issuedAt: at, expiresAt: endsAt, state: 'intent' });
    },

    lastGeneration(scope: CredentialScope): number {
      const row = database
        .prepare(`SELECT last FROM generations WHERE ${SCOPE}`)
        .get(...scopeValues(scope)) as { readonly last: number } | undefined;
      return row?.last ?? 0;
    },

    save(
      scope: CredentialScope,
      credential: StorageCredential & { readonly expiresAt: number },
      issuedAt: number,
    ): void {
      const { expiresAt, generation, keyId } = credential;
      refuseIssued(scope, generation);
      noteGeneration(scope, generation);
      // C12: generations only rise, so a late save of an older one is never the live one.
      const newer = database
        .prepare(
          `SELECT 1 FROM credentials WHERE ${SCOPE} AND generation > ? AND state <> 'intent' LIMIT 1`,
        )
        .get(...scopeValues(scope), generation);
      const state = newer === undefined ? 'live' : 'superseded';
      database
        .prepare(
          `UPDATE credentials SET state = 'superseded'
           WHERE ${SCOPE} AND generation < ? AND state = 'live'`,
        )
        .run(...scopeValues(scope), generation);
      upsert({ scope, generation, keyId, issuedAt, expiresAt, state });
      writeSecret(database, sealing, identityOf(scope, generation), credential);
    },

    dropIntent(scope: CredentialScope, generation: number): void {
      database
        .prepare(`DELETE FROM credentials WHERE ${SCOPE} AND generation = ? AND state = 'intent'`)
        .run(...scopeValues(scope), generation);
    },

    mark(scope: CredentialScope, generation: number, state: CredentialRecord['state']): void {
      const { changes } = database
        .prepare(`UPDATE credentials SET state = ? WHERE ${SCOPE} AND generation = ?`)
        .run(state, ...scopeValues(scope), generation);
      if (Number(changes) > 0) forgetSecret(scope, generation);
    },

    open(scope: CredentialScope, generation: number): StorageCredential | null {
      const record = find(scope, generation);
      if (record?.state !== 'live' && record?.state !== 'superseded') return null;
      const { expiresAt, keyId } = record;
      const clear = { keyId, expiresAt, generation };
      return readSecret(database, sealing, identityOf(scope, generation), clear);
    },

    list(scope?: CredentialScope): CredentialRecord[] {
      const rows =
        scope === undefined
          ? database.prepare('SELECT * FROM credentials ORDER BY row').all()
          : database
              .prepare(`SELECT * FROM credentials WHERE ${SCOPE} ORDER BY row`)
              .all(...scopeValues(scope));
      return (rows as unknown as CredentialRow[]).map(recordOf);
    },

    purge(before: number): number {
      const condition = `expires_at < ? AND state <> 'intent'`;
      const rows = database
        .prepare(`SELECT * FROM credentials WHERE ${condition}`)
        .all(before) as unknown as CredentialRow[];
      for (const { scope, generation } of rows.map(recordOf)) forgetSecret(scope, generation);
      database.prepare(`DELETE FROM credentials WHERE ${condition}`).run(before);
      return rows.length;
    },
  };
}
