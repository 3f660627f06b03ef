import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createKeyFile } from '../../../adapters/config-db/key-file.ts';
import { SCHEMA_VERSION } from '../../../adapters/config-db/schema.ts';
import { openSqliteConfigDatabase } from '../../../adapters/config-db/sqlite.ts';
import { loadSqlite } from '../../../adapters/config-db/sqlite-module.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import {
  credentialOf,
  describeConfigDatabaseContract,
  opened,
  SCOPE,
} from '../../contract/config-database.contract.ts';
import { codeOf } from '../../contract/store-content.ts';

const KEY = Buffer.alloc(32, 7);
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fortnight-db-'));
  path = join(folder, 'config.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (bytes: Uint8Array = KEY) => openSqliteConfigDatabase({ path, key: { bytes } });

/** Changes the file behind the adapter's back. */
function tamper(sql: string): void {
  const { DatabaseSync } = loadSqlite();
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

function refusalOf(run: () => unknown): FortnightError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof FortnightError) return thrown;
    throw thrown;
  }
  throw new Error('it was not refused');
}

describeConfigDatabaseContract('SQLite', async () => open());

describe('openSqliteConfigDatabase', () => {
  test('everything is there after a restart', async () => {
    const first = open();
    await first.recordIntent(SCOPE, 1, 1, 1);
    await first.saveCredential(SCOPE, credentialOf(1), 2);
    await first.recordIntent(SCOPE, 2, 3, 3);
    await first.saveSnapshot('s', { a: 1 });
    first.close();
    const second = open();
    expect(opened(await second.openCredential(SCOPE, 1))).toEqual(opened(credentialOf(1)));
    expect((await second.listCredentials()).map(({ state }) => state)).toEqual(['live', 'intent']);
    expect(await second.loadSnapshot('s')).toEqual({ a: 1 });
    second.close();
  });

  test('two processes may have it open (backup and warp as separate commands)', async () => {
    const first = open();
    const second = open();
    await first.saveLedger('q', { quotaBytes: 1, usedBytes: 0, reserved: {} });
    expect(await second.loadLedger('q')).toEqual({ quotaBytes: 1, usedBytes: 0, reserved: {} });
    await second.saveSnapshot('s', {});
    expect(await first.listSnapshots('')).toEqual(['s']);
    first.close();
    second.close();
  });

  test('I60 no file holds a secret in plain, base64 or hex, also not after a purge', async () => {
    const database = open();
    await database.saveCredential(SCOPE, credentialOf(1), 1);
    await database.saveRepositoryCredential('vault', credentialOf(3));
    const check = () => {
      for (const name of readdirSync(folder)) {
        const bytes = readFileSync(join(folder, name));
        for (const canary of ['secret-canary', 'token-canary']) {
          expect(bytes.includes(canary), name).toBe(false);
          expect(bytes.includes(Buffer.from(canary).toString('base64').slice(0, 12))).toBe(false);
          expect(bytes.includes(Buffer.from(canary).toString('hex'))).toBe(false);
        }
      }
    };
    check();
    await database.purgeExpired(2_000_000);
    check();
    database.close();
    check();
  });

  test.skipIf(process.platform === 'win32')('the files are for their owner only', async () => {
    const database = open();
    await database.saveSnapshot('s', {});
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
    }
    database.close();
  });

  test('I67 a ciphertext that is moved to another row does not open', async () => {
    const database = open();
    await database.saveCredential(SCOPE, credentialOf(1), 1);
    await database.saveCredential({ ...SCOPE, tenant: 'evil' }, credentialOf(1), 1);
    database.close();
    tamper(`
      CREATE TEMP TABLE swap AS SELECT * FROM secrets WHERE identity LIKE '%acme%';
      DELETE FROM secrets WHERE identity LIKE '%acme%';
      UPDATE secrets SET nonce = (SELECT nonce FROM swap), ciphertext = (SELECT ciphertext FROM swap)
        WHERE identity LIKE '%evil%';`);
    const again = open();
    const evil = again.openCredential({ ...SCOPE, tenant: 'evil' }, 1);
    expect(await codeOf(evil)).toBe('records.failed');
    expect(await codeOf(again.openCredential(SCOPE, 1))).toBe('records.failed');
    again.close();
  });

  test.each([
    ['a flipped bit', `UPDATE secrets SET ciphertext = zeroblob(60) WHERE identity LIKE '%acme%'`],
    ['a short row', `UPDATE secrets SET ciphertext = x'00' WHERE identity LIKE '%acme%'`],
    ['another nonce', `UPDATE secrets SET nonce = zeroblob(12) WHERE identity LIKE '%acme%'`],
    ['a longer life', 'UPDATE credentials SET expires_at = expires_at + 1'],
    ['another key id', `UPDATE credentials SET key_id = 'other'`],
    ['another generation', 'UPDATE credentials SET generation = 9'],
  ])('F22 %s is refused, never a foreign credential', async (_name, sql) => {
    const database = open();
    await database.saveCredential(SCOPE, credentialOf(1), 1);
    database.close();
    tamper(sql);
    const again = open();
    const [record] = await again.listCredentials();
    expect(await codeOf(again.openCredential(SCOPE, record?.generation ?? 0))).toBe(
      'records.failed',
    );
    again.close();
  });

  test('I68 each write takes a fresh nonce; a repeated one is refused', async () => {
    const nonces: string[] = [];
    const counting = (count: number) => {
      const bytes = randomBytes(count);
      nonces.push(bytes.toString('hex'));
      return bytes;
    };
    const database = openSqliteConfigDatabase({ path, key: { bytes: KEY }, randomBytes: counting });
    await database.saveCredential(SCOPE, credentialOf(1), 1);
    await database.saveRepositoryCredential('vault', credentialOf(1));
    await database.saveRepositoryCredential('vault', credentialOf(1));
    expect(nonces).toHaveLength(4);
    expect(new Set(nonces).size).toBe(4);
    database.close();
    const stuck = openSqliteConfigDatabase({
      path,
      key: { bytes: KEY },
      randomBytes: (count) => Buffer.alloc(count, 1),
    });
    await stuck.saveCredential(SCOPE, credentialOf(2), 1);
    expect(await codeOf(stuck.saveCredential(SCOPE, credentialOf(3), 1))).toBe('records.failed');
    const states = (await stuck.listCredentials()).map((record) => record.state);
    expect(states, 'and nothing of that write stays').toEqual(['superseded', 'live']);
    stuck.close();
  });

  test('F20 a full disk is disk.full, nothing is kept, and the database goes on', async () => {
    const database = open();
    await database.saveCredential(SCOPE, credentialOf(1), 1);
    await database.saveSnapshot('old', { kept: true });
    // The page limit is SQLite's own full disk; it is a property of one connection.
    const { DatabaseSync } = loadSqlite();
    const prepare = DatabaseSync.prototype.exec;
    DatabaseSync.prototype.exec = function limited(sql: string) {
      return prepare.call(
        this,
        sql === 'BEGIN IMMEDIATE' ? `PRAGMA max_page_count = 1; ${sql}` : sql,
      );
    };
    try {
      const large = { text: 'x'.repeat(200_000) };
      expect(await codeOf(database.saveSnapshot('large', large))).toBe('disk.full');
    } finally {
      DatabaseSync.prototype.exec = prepare;
    }
    expect(await database.loadSnapshot('large')).toBeNull();
    expect(await database.loadSnapshot('old')).toEqual({ kept: true });
    expect(opened(await database.openCredential(SCOPE, 1))?.keyId).toBe('KEY-1');
    await database.saveSnapshot('small', {});
    database.close();
  });

  test('another key is refused at once, in words', () => {
    open().close();
    const error = refusalOf(() => open(Buffer.alloc(32, 8)));
    expect(error.code).toBe('records.failed');
    expect(error.message).toContain('the key is not the one that this database was made with');
    expect(refusalOf(() => open(Buffer.alloc(31))).message).toContain('32 bytes');
    open().close();
  });

  test.each([
    ['a newer version', `PRAGMA user_version = ${SCHEMA_VERSION + 1}`, 'use a newer fortnight'],
    ['an older version', 'PRAGMA user_version = 1', 'use the older fortnight'],
    ['another program', 'PRAGMA application_id = 1', 'belongs to another program'],
  ])('%s of the file is refused in words', (_name, sql, text) => {
    open().close();
    tamper(sql);
    expect(refusalOf(() => open()).message).toContain(text);
  });

  test('a file that is no database, and a folder that is not there, are refused in words', () => {
    writeFileSync(path, 'this is not a database, it is a text of some length '.repeat(50));
    expect(refusalOf(() => open()).message).toContain('cannot be opened');
    path = join(folder, 'none', 'config.db');
    expect(refusalOf(() => open()).message).toContain('ENOENT');
  });
});

describe('key file', () => {
  const openWith = (file: string) => openSqliteConfigDatabase({ path, key: { file } });

  test('is created once with mode 0600 and opens the database', () => {
    const file = join(folder, 'key');
    createKeyFile(file, randomBytes);
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    openWith(file).close();
    openWith(file).close();
    expect(refusalOf(() => createKeyFile(file, randomBytes)).message).toContain('exists already');
  });

  test.skipIf(process.platform === 'win32')('that others may read is refused', () => {
    const file = join(folder, 'key');
    createKeyFile(file, randomBytes);
    chmodSync(file, 0o640);
    expect(refusalOf(() => openWith(file)).message).toContain('chmod 600');
  });

  test('of another size, or missing, is refused', () => {
    const file = join(folder, 'key');
    writeFileSync(file, Buffer.alloc(33), { mode: 0o600 });
    expect(refusalOf(() => openWith(file)).message).toContain('exactly 32 bytes');
    expect(refusalOf(() => openWith(join(folder, 'none'))).message).toContain('ENOENT');
  });
});

test('loading SQLite prints nothing', () => {
  const module = new URL('../../../adapters/config-db/sqlite-module.ts', import.meta.url).href;
  const program = join(folder, 'program.ts');
  writeFileSync(
    program,
    `import { loadSqlite } from ${JSON.stringify(module)};
     const emit = process.emitWarning;
     loadSqlite();
     if (process.emitWarning !== emit) throw new Error('not put back');`,
  );
  const output = execFileSync('sh', ['-c', `"${process.execPath}" "${program}" 2>&1`]);
  expect(output.toString()).toBe('');
});
