import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseWarpClockState, type WarpClockState } from '../../adapters/clock/index.ts';
import { makeOwnerKey, type OwnerKey, parseOwnerKey } from './owner-key.ts';
import { StateFolderError } from './state-folder-error.ts';

const LAYOUT_VERSION = 1;
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const SECRET_LENGTH_MIN = 16;
/** What a folder may hold before its first file, or after a kill in the middle of making it. */
const OWN_NAMES: readonly string[] = [
  'lock',
  'version.new',
  'provider',
  'storage',
  'tenants',
  'log',
];

/** What a tenant remembers of a session; no secrets, so it may lie on the tenant's disk (C6). */
export interface SessionMemory {
  readonly id: string;
  readonly at: number;
  readonly tenant: string;
  readonly subtenant: string | null;
  readonly repository: string;
  readonly backup: string;
  readonly restorePoint: string | null;
  readonly operation: string;
  readonly state: string;
}

/**
 * The folder of a lab between commands (`--state`):
 *
 * - `lab.yaml` storages, repositories and tenants; yours to edit
 * - `clock.json` the lab's clock
 * - `provider/` the SP: configuration database, its key, the keys of the storages (0600)
 * - `storage/<name>/` the simulated storage systems
 * - `tenants/<name>/` the tenants: their password to the SP and their session history
 * - `log/` one event log a command
 */
export class StateFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens or makes the folder and keeps others out until `close`. Throws StateFolderError, and
   * then has made nothing.
   */
  static open(path: string, labFile: string): StateFolder {
    const folder = new StateFolder(path);
    try {
      folder.#check();
      mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
      folder.#lock();
    } catch (error) {
      throw unusable(path, error);
    }
    try {
      folder.#create(labFile);
    } catch (error) {
      folder.close();
      throw unusable(path, error);
    }
    return folder;
  }

  static exists(path: string): boolean {
    return existsSync(join(path, 'lab.yaml'));
  }

  /** A folder that is there is a lab's, and of this version. */
  #check(): void {
    const found = statSync(this.path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isDirectory()) {
      throw new StateFolderError(
        'foreign',
        `${this.path} is not a folder: name another one with --state.`,
      );
    }
    const versionFile = join(this.path, 'version');
    if (existsSync(versionFile)) {
      const version = readFileSync(versionFile, 'utf8').trim();
      if (version === String(LAYOUT_VERSION)) return;
      throw new StateFolderError(
        'version',
        `${this.path} has layout ${JSON.stringify(version)}, this program knows layout ${LAYOUT_VERSION}: use the program that made it, or name another folder with --state.`,
      );
    }
    const strangers = readdirSync(this.path).filter((name) => !OWN_NAMES.includes(name));
    if (strangers.length === 0) return;
    throw new StateFolderError(
      'foreign',
      `${this.path} holds other files (${JSON.stringify(strangers[0])}): name an empty or new folder with --state.`,
    );
  }

  #create(labFile: string): void {
    for (const name of ['provider', 'storage', 'tenants', 'log']) {
      mkdirSync(join(this.path, name), { recursive: true, mode: PRIVATE_FOLDER });
    }
    if (!existsSync(join(this.path, 'version'))) this.#write('version', `${LAYOUT_VERSION}\n`);
    if (!StateFolder.exists(this.path)) this.#write('lab.yaml', labFile);
  }

  #lock(): void {
    const file = join(this.path, 'lock');
    try {
      const handle = openSync(file, 'wx', PRIVATE_FILE);
      writeSync(handle, String(process.pid));
      closeSync(handle);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const pid = Number(readFileSync(file, 'utf8'));
      if (isAlive(pid)) {
        throw new StateFolderError(
          'inUse',
          `${this.path} is used by process ${pid}: wait for it, or name another folder with --state.`,
        );
      }
      rmSync(file, { force: true });
      this.#lock();
    }
  }

  close(): void {
    rmSync(join(this.path, 'lock'), { force: true });
  }

  /** Whole or not at all. */
  #write(name: string, content: string | Uint8Array): void {
    const file = join(this.path, name);
    writeFileSync(`${file}.new`, content, { mode: PRIVATE_FILE });
    renameSync(`${file}.new`, file);
  }

  get labFile(): string {
    return join(this.path, 'lab.yaml');
  }

  get databasePath(): string {
    return join(this.path, 'provider', 'config.sqlite');
  }

  databaseKey(): Uint8Array {
    const file = join(this.path, 'provider', 'database.key');
    if (existsSync(this.databasePath) && !existsSync(file)) {
      // A new key would open nothing and would hide that the old one is lost.
      throw new StateFolderError(
        'damaged',
        `${file} is gone, and ${this.databasePath} cannot be read without it: put it back, or name another folder with --state.`,
      );
    }
    return this.#secret('provider/database.key', () => randomBytes(32));
  }

  ownerKey(storage: string): OwnerKey {
    const made = this.#secret(`provider/storage-${storage}.key.json`, () =>
      Buffer.from(JSON.stringify(makeOwnerKey())),
    );
    const name = `${this.path}/provider/storage-${storage}.key.json`;
    try {
      return parseOwnerKey(Buffer.from(made).toString('utf8'));
    } catch {
      // What the parser says may quote the file, and the file is a key.
      throw new StateFolderError(
        'damaged',
        `${name} is not a key file: put back a good copy of it, or name another folder with --state.`,
      );
    }
  }

  tenantSecret(tenant: string): string {
    mkdirSync(join(this.path, 'tenants', tenant), { recursive: true, mode: PRIVATE_FOLDER });
    const made = this.#secret(`tenants/${tenant}/provider-password`, () =>
      Buffer.from(randomBytes(24).toString('base64url')),
    );
    const secret = Buffer.from(made).toString('utf8');
    if (secret.length >= SECRET_LENGTH_MIN) return secret;
    throw new StateFolderError(
      'damaged',
      `${this.path}/tenants/${tenant}/provider-password is too short for a password: remove it, and a new one is made.`,
    );
  }

  #secret(name: string, make: () => Uint8Array): Uint8Array {
    const file = join(this.path, name);
    if (!existsSync(file)) this.#write(name, make());
    return readFileSync(file);
  }

  /** Asked for before `ownerKey`: a storage that has a key and no folder has lost its folder. */
  storageFolder(storage: string): string {
    const folder = join(this.path, 'storage', storage);
    const keyFile = join(this.path, 'provider', `storage-${storage}.key.json`);
    if (existsSync(folder) || !existsSync(keyFile)) return folder;
    throw new StateFolderError(
      'damaged',
      `${folder} is gone, and the backups in it with it: put it back, or name another folder with --state.`,
    );
  }

  /** The clock as the last command left it; `null` in a new lab. */
  clockState(): WarpClockState | null {
    const file = join(this.path, 'clock.json');
    if (!existsSync(file)) return null;
    try {
      return parseWarpClockState(JSON.parse(readFileSync(file, 'utf8')));
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw new StateFolderError(
        'damaged',
        `${file} cannot be read (${problem}): put back a good copy, or remove it, and the lab's clock starts again at the real time.`,
      );
    }
  }

  saveClockState(state: WarpClockState): void {
    this.#write('clock.json', `${JSON.stringify(state)}\n`);
  }

  logFile(at: number, command: string): string {
    const stamp = new Date(at).toISOString().replaceAll(':', '');
    return join(this.path, 'log', `${stamp}-${process.pid}-${command}.ndjson`);
  }

  remember(memory: SessionMemory): void {
    const folder = join(this.path, 'tenants', memory.tenant);
    mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER });
    appendFileSync(join(folder, 'sessions.ndjson'), `${JSON.stringify(memory)}\n`, {
      mode: PRIVATE_FILE,
    });
  }

  /** Oldest first within each tenant; a line that was torn by a crash is passed over. */
  memories(): readonly SessionMemory[] {
    const folder = join(this.path, 'tenants');
    if (!existsSync(folder)) return [];
    return readdirSync(folder).flatMap((tenant) => {
      const file = join(folder, tenant, 'sessions.ndjson');
      if (!existsSync(file)) return [];
      return readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line) => {
          try {
            return line === '' ? [] : [JSON.parse(line) as SessionMemory];
          } catch {
            return [];
          }
        });
    });
  }
}

/** What the disk refuses, in words of this folder; everything else as it is. */
function unusable(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof StateFolderError || typeof code !== 'string') return error;
  const remedy =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'the disk is full: make room'
      : 'check its permissions and its disk';
  return new StateFolderError(
    'damaged',
    `${path} cannot be used as state folder (${code}): ${remedy}, or name another folder with --state.`,
  );
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
