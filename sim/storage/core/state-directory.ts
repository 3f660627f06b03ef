import {
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
import { join, resolve } from 'node:path';

const FORMAT = 'fortnight-storage';
const VERSION = 1;

export type StateErrorCode =
  | 'state.foreign'
  | 'state.version'
  | 'state.in-use'
  | 'state.corrupt'
  | 'state.unreachable';

/** The state folder cannot be used. The message names the folder and what to do. */
export class StateError extends Error {
  readonly code: StateErrorCode;

  constructor(code: StateErrorCode, message: string) {
    super(message);
    this.name = 'StateError';
    this.code = code;
  }
}

/** Folders that this very process serves; a pid in a lock file cannot tell that. */
const heldHere = new Set<string>();

/**
 * Opens (or makes) a state folder of this format and locks it for this process.
 * Throws StateError: not ours, of another version, or served by another living process.
 */
export function openStateDirectory(
  directory: string,
  format = FORMAT,
): { path: string; release(): void } {
  const path = resolve(directory);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StateError(
      'state.unreachable',
      `cannot make the state folder ${path}: ${(error as Error).message}`,
    );
  }
  checkFormat(path, format);
  const lock = join(path, 'lock');
  takeLock(path, lock);
  heldHere.add(path);
  return {
    path,
    release: () => {
      heldHere.delete(path);
      rmSync(lock, { force: true });
    },
  };
}

function checkFormat(path: string, format: string): void {
  const file = join(path, 'format.json');
  if (!existsSync(file)) {
    const strangers = readdirSync(path).filter((name) => name !== 'format.json.new');
    if (strangers.length > 0) {
      throw new StateError(
        'state.foreign',
        `${path} is not empty and is no storage state folder; name another folder`,
      );
    }
    writeAtomically(file, `${JSON.stringify({ format, version: VERSION })}\n`);
    return;
  }
  const found = readFormat(file);
  if (found.format !== format) {
    throw new StateError('state.foreign', `${path} is no storage state folder; name another`);
  }
  if (found.version !== VERSION) {
    throw new StateError(
      'state.version',
      `${path} has state version ${String(found.version)}, this program reads version ` +
        `${VERSION}; use the program that wrote it, or name another folder`,
    );
  }
}

function readFormat(file: string): { format?: unknown; version?: unknown } {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof found === 'object' && found !== null ? found : {};
  } catch {
    return {};
  }
}

/** Replaces a file as a whole: a kill leaves the old or the new one, never a mixture. */
export function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}

function takeLock(path: string, lock: string): void {
  if (heldHere.has(path)) throw inUse(path, process.pid);
  const own = `${process.pid} ${processStart(process.pid)}\n`;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      const descriptor = openSync(lock, 'wx', 0o600);
      writeSync(descriptor, own);
      closeSync(descriptor);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    }
    const [pid, start] = readFileSync(lock, 'utf8').trim().split(' ');
    if (isAlive(Number(pid), start ?? '')) throw inUse(path, Number(pid));
    // The holder was killed: its lock says nothing any more.
    rmSync(lock, { force: true });
  }
  throw inUse(path, 0);
}

function inUse(path: string, pid: number): StateError {
  const holder = pid > 0 ? `process ${pid}` : 'another process';
  return new StateError('state.in-use', `${path} is served by ${holder}; stop that one first`);
}

function isAlive(pid: number, start: string): boolean {
  // Our own pid that is not in heldHere belonged to an earlier process: numbers come back.
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EPERM') return false;
  }
  return processStart(pid) === start;
}

/** Start tick of a process on Linux; `-` elsewhere, where the pid alone must do. */
function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
  } catch {
    return '-';
  }
}
