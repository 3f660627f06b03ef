import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { Secret } from '../../machines/ports/secret.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { open, type SealedRow, seal } from './seal.ts';
import { loadSqlite } from './sqlite-module.ts';

export const SCHEMA_VERSION = 3;
/** `PRAGMA application_id`: "FORT". */
const APPLICATION_ID = 0x464f5254;

const TABLES = `
  CREATE TABLE credentials (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    repository TEXT NOT NULL,
    tenant TEXT NOT NULL,
    subtenant TEXT NOT NULL,
    generation INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    UNIQUE (repository, tenant, subtenant, generation)
  ) STRICT;
  CREATE TABLE generations (
    repository TEXT NOT NULL,
    tenant TEXT NOT NULL,
    subtenant TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (repository, tenant, subtenant)
  ) STRICT;
  CREATE TABLE repositories (
    name TEXT PRIMARY KEY,
    key_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    expires_at INTEGER
  ) STRICT;
  CREATE TABLE secrets (
    identity TEXT PRIMARY KEY,
    nonce BLOB NOT NULL UNIQUE,
    ciphertext BLOB NOT NULL
  ) STRICT;
  CREATE TABLE ledgers (quota_id TEXT PRIMARY KEY, ledger TEXT NOT NULL) STRICT;
  CREATE TABLE snapshots (name TEXT PRIMARY KEY, snapshot TEXT NOT NULL) STRICT;
`;

const CANARY_IDENTITY = 'key-check';
const CANARY_TEXT = 'fortnight';

function refusal(path: string, text: string): FortnightError {
  return new FortnightError('records.failed', `configuration database ${path}: ${text}`);
}

function readPragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, unknown> | undefined;
  return Number(row?.[name] ?? 0);
}

/**
 * Opens or creates the file (mode 0600) in WAL mode with full synchronisation: an intent that was
 * recorded is on the disk before the issuer is called (I74). Throws `records.failed` for a file of
 * something else, for another schema version and for a wrong key.
 */
export function openSchema(
  path: string,
  key: Uint8Array,
  randomBytes: (count: number) => Uint8Array,
): DatabaseSync {
  const { DatabaseSync: Database } = loadSqlite();
  let database: DatabaseSync | null = null;
  try {
    if (path !== ':memory:' && !existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    else if (path !== ':memory:' && process.platform !== 'win32') chmodSync(path, 0o600);
    database = new Database(path);
    database.exec('PRAGMA busy_timeout = 10000');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    // Freed pages are overwritten: a purged credential must not stay in the file.
    database.exec('PRAGMA secure_delete = ON');
    database.exec('BEGIN IMMEDIATE');
    createTables(database, path, key, randomBytes);
    checkKey(database, path, key);
    database.exec('COMMIT');
    return database;
  } catch (thrown) {
    database?.close();
    if (thrown instanceof FortnightError) throw thrown;
    const { errstr, code } = thrown as { readonly errstr?: string; readonly code?: string };
    throw refusal(path, `cannot be opened (${errstr ?? code ?? 'unknown error'})`);
  }
}

function createTables(
  database: DatabaseSync,
  path: string,
  key: Uint8Array,
  randomBytes: (count: number) => Uint8Array,
): void {
  const count = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
  if (count.n > 0) {
    if (readPragma(database, 'application_id') !== APPLICATION_ID) {
      throw refusal(path, 'the file belongs to another program');
    }
    const version = readPragma(database, 'user_version');
    if (version !== SCHEMA_VERSION) {
      const remedy = version > SCHEMA_VERSION ? 'use a newer fortnight' : 'use the older fortnight';
      throw refusal(
        path,
        `schema version ${version}, this program has ${SCHEMA_VERSION}: ${remedy}`,
      );
    }
    return;
  }
  database.exec(TABLES);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  const canary = {
    kind: 's3-keys',
    keyId: CANARY_IDENTITY,
    secretKey: new Secret(CANARY_TEXT),
    sessionToken: null,
    generation: 0,
    expiresAt: null,
  } as const;
  const { nonce, ciphertext } = seal(key, CANARY_IDENTITY, canary, randomBytes);
  database
    .prepare('INSERT INTO secrets (identity, nonce, ciphertext) VALUES (?, ?, ?)')
    .run(CANARY_IDENTITY, nonce, ciphertext);
}

/** A row that every database has tells at once whether the key fits. */
function checkKey(database: DatabaseSync, path: string, key: Uint8Array): void {
  const row = database
    .prepare('SELECT nonce, ciphertext FROM secrets WHERE identity = ?')
    .get(CANARY_IDENTITY) as unknown as SealedRow | undefined;
  try {
    if (row === undefined) throw new Error('no key check');
    open(key, CANARY_IDENTITY, row, { generation: 0, expiresAt: null });
  } catch {
    throw refusal(path, 'the key is not the one that this database was made with');
  }
}
