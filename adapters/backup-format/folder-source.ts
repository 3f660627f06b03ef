import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { BackupSource, SourceEntry } from '../transfer/types.ts';
import { BLOCK_BYTES_DEFAULT } from './block.ts';
import { systemErrorCode } from './system-error.ts';

export interface FolderSourceOptions {
  readonly folder: string;
  /** Length of one read; with the session's block size no byte is copied a second time. */
  readonly readBytes?: number;
}

const PERMISSION_BITS = 0o7777;

/** A symlink put in the place of the file is not followed; a pipe there does not block the open. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Room to notice that a file has grown since its size was read. */
const SMALLEST_READ_BYTES = 4_096;

/**
 * Files, folders and symlinks below a folder, depth first, names in UTF-8 order. Sockets, pipes
 * and devices are left out; what disappears before it is opened is left out as well. A file that
 * changes while it is read is stored as read. Memory: one listing a level and one read.
 *
 * Errors: `source.missing` (no such folder), `source.unreadable`.
 */
export function createFolderSource(options: FolderSourceOptions): BackupSource {
  const readBytes = options.readBytes ?? BLOCK_BYTES_DEFAULT;
  return {
    async *entries() {
      await checkFolder(options.folder);
      yield* walk(options.folder, '', readBytes);
    },
  };
}

async function checkFolder(folder: string): Promise<void> {
  let stats: Stats;
  try {
    stats = await stat(folder);
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new FortnightError('source.missing', `There is no ${JSON.stringify(folder)}.`);
    }
    throw unreadable(folder, thrown);
  }
  if (!stats.isDirectory()) {
    throw new FortnightError('source.missing', `${JSON.stringify(folder)} is not a folder.`);
  }
}

async function* walk(
  folder: string,
  prefix: string,
  readBytes: number,
): AsyncGenerator<SourceEntry, void, undefined> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (thrown) {
    throw unreadable(folder, thrown);
  }
  const ordered = names.map((name) => ({ name, bytes: Buffer.from(name) }));
  ordered.sort((left, right) => Buffer.compare(left.bytes, right.bytes));
  for (const { name } of ordered) {
    const place = join(folder, name);
    const path = prefix + name;
    const stats = await orMissing(place, () => lstat(place));
    if (stats === null) continue;
    if (stats.isDirectory()) {
      yield entryOf(path, 'directory', stats, null, readNothing);
      yield* walk(place, `${path}/`, readBytes);
    } else if (stats.isSymbolicLink()) {
      const target = await orMissing(place, () => readlink(place));
      if (target !== null) yield entryOf(path, 'symlink', stats, target, readNothing);
    } else if (stats.isFile()) {
      yield* fileEntry(place, path, readBytes);
    }
  }
}

/** Opened before it is announced: from then on the content is ours even when it is deleted. */
async function* fileEntry(
  place: string,
  path: string,
  readBytes: number,
): AsyncGenerator<SourceEntry, void, undefined> {
  const file = await orMissing(place, () => open(place, OPEN_FLAGS));
  if (file === null) return;
  try {
    const stats = await file.stat();
    if (stats.isFile()) {
      const read = () => readAll(file, place, stats.size, readBytes);
      yield entryOf(path, 'file', stats, null, read);
    }
  } finally {
    await file.close();
  }
}

async function* readAll(
  file: FileHandle,
  place: string,
  expectedBytes: number,
  readBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = 0;
  for (;;) {
    const wanted = Math.max(SMALLEST_READ_BYTES, expectedBytes - position);
    // A buffer of its own for every read, because the reader keeps what it gets.
    const buffer = Buffer.allocUnsafeSlow(Math.min(readBytes, wanted));
    let bytesRead: number;
    try {
      ({ bytesRead } = await file.read(buffer, 0, buffer.length, position));
    } catch (thrown) {
      throw unreadable(place, thrown);
    }
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function entryOf(
  path: string,
  kind: SourceEntry['kind'],
  stats: Stats,
  linkTarget: string | null,
  read: SourceEntry['read'],
): SourceEntry {
  const modifiedAt = Math.round(stats.mtimeMs);
  return { path, kind, mode: stats.mode & PERMISSION_BITS, modifiedAt, linkTarget, read };
}

async function* readNothing(): AsyncGenerator<Uint8Array> {}

/** `null` when it disappeared since the folder was listed: then it is not part of the backup. */
async function orMissing<Value>(
  place: string,
  action: () => Promise<Value>,
): Promise<Value | null> {
  try {
    return await action();
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return null;
    throw unreadable(place, thrown);
  }
}

function unreadable(place: string, thrown: unknown): FortnightError {
  const code = systemErrorCode(thrown) ?? 'no code';
  return new FortnightError('source.unreadable', `${JSON.stringify(place)} (${code}).`);
}
