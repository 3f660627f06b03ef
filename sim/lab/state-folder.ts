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
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseWarpClockState, type WarpClockState } from '../../adapters/clock/index.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { makeOwnerKey, type OwnerKey } from './owner-key.ts';

const LAYOUT_VERSION = 1;
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

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

  /** Opens or makes the folder and keeps others out until `close`. */
  static open(path: string, labFile: string): StateFolder {
    const folder = new StateFolder(path);
    folder.#create(labFile);
    folder.#lock();
    return folder;
  }

  static exists(path: string): boolean {
    return existsSync(join(path, 'lab.yaml'));
  }

  #create(labFile: string): void {
    const isNew = !existsSync(this.path);
    if (!isNew && !StateFolder.exists(this.path)) {
      const entries = readdirSync(this.path);
      if (entries.length > 0) {
        throw new FortnightError(
          'request.invalid',
          `${this.path} holds other files: name an empty or missing folder with --state.`,
        );
      }
    }
    for (const name of ['provider', 'storage', 'tenants', 'log']) {
      mkdirSync(join(this.path, name), { recursive: true, mode: PRIVATE_FOLDER });
    }
    const versionFile = join(this.path, 'version');
    if (!existsSync(versionFile)) this.#write('version', `${LAYOUT_VERSION}\n`);
    const version = readFileSync(versionFile, 'utf8').trim();
    if (version !== String(LAYOUT_VERSION)) {
      throw new FortnightError(
        'request.invalid',
        `${this.path} was made by another version (layout ${version}, this one knows ${LAYOUT_VERSION}): name another folder with --state.`,
      );
    }
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
        throw new FortnightError(
          'disk.failed',
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
    return this.#secret('provider/database.key', () => randomBytes(32));
  }

  ownerKey(storage: string): OwnerKey {
    const made = this.#secret(`provider/storage-${storage}.key.json`, () =>
      Buffer.from(JSON.stringify(makeOwnerKey())),
    );
    return JSON.parse(Buffer.from(made).toString('utf8')) as OwnerKey;
  }

  tenantSecret(tenant: string): string {
    mkdirSync(join(this.path, 'tenants', tenant), { recursive: true, mode: PRIVATE_FOLDER });
    const made = this.#secret(`tenants/${tenant}/provider-password`, () =>
      Buffer.from(randomBytes(24).toString('base64url')),
    );
    return Buffer.from(made).toString('utf8');
  }

  #secret(name: string, make: () => Uint8Array): Uint8Array {
    const file = join(this.path, name);
    if (!existsSync(file)) this.#write(name, make());
    return readFileSync(file);
  }

  storageFolder(storage: string): string {
    return join(this.path, 'storage', storage);
  }

  /** The clock as the last command left it; `null` in a new lab. */
  clockState(): WarpClockState | null {
    const file = join(this.path, 'clock.json');
    if (!existsSync(file)) return null;
    try {
      return parseWarpClockState(JSON.parse(readFileSync(file, 'utf8')));
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw new FortnightError('disk.failed', `${file} cannot be read: ${problem}.`);
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

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
