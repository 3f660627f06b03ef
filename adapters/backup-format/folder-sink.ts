import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { RestoreSink } from '../transfer/types.ts';
import { EntryTree } from './entry-path.ts';
import { systemErrorCode } from './system-error.ts';

export interface FolderSinkOptions {
  readonly folder: string;
  /** Lays the restore over what is there: equal names are replaced, others stay. */
  readonly force: boolean;
  /** Makes the staging folder's name unique: the session's id, from which signs are dropped. */
  readonly stagingSuffix: string;
}

/** The calls of `node:fs/promises` that write; tests put failing ones in their place. */
export interface SinkFileSystem {
  open(path: string, flags: string, mode: number): Promise<FileHandle>;
  mkdir(path: string): Promise<unknown>;
  rename(from: string, to: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
}

const REAL_FILE_SYSTEM: SinkFileSystem = { open, mkdir: (path) => mkdir(path), rename, symlink };

/** Folders whose stored mode closes them are opened again before they are removed. */
const FOLDER_MODE_WHILE_WRITING = 0o700;

/** Nobody else reads a private file between its creation and its `chmod`. */
const FILE_MODE_WHILE_WRITING = 0o600;

/**
 * A folder on disk. Everything is first written to a staging folder on the same file system:
 * `<folder>.partial-<suffix>` when the folder does not exist (then one rename puts it in place),
 * else `.partial-<suffix>` inside it (then each file is renamed to its place). `discard` removes
 * the staging and all that was put in place, except what replaced older files under `force`.
 * Symlinks are made after all files, so nothing can be written through one.
 *
 * Errors: `target.notEmpty`, `disk.full`, `disk.failed`, `manifest.corrupt` (an unsafe path).
 */
export function createFolderSink(
  options: FolderSinkOptions,
  files: SinkFileSystem = REAL_FILE_SYSTEM,
): RestoreSink {
  return new FolderSink(options, files);
}

class FolderSink implements RestoreSink {
  readonly #folder: string;
  readonly #force: boolean;
  readonly #suffix: string;
  readonly #files: SinkFileSystem;
  readonly #tree = new EntryTree();
  readonly #folders: { path: string; mode: number }[] = [];
  readonly #links: { path: string; target: string }[] = [];
  readonly #made: string[] = [];
  #staging: string | null = null;
  #exists = false;

  constructor(options: FolderSinkOptions, files: SinkFileSystem) {
    this.#folder = resolve(options.folder);
    this.#force = options.force;
    this.#suffix = options.stagingSuffix.replaceAll(/[^A-Za-z0-9-]/g, '');
    this.#files = files;
  }

  async prepare(): Promise<void> {
    await onDisk(async () => {
      const present = await lstatOrNull(this.#folder);
      this.#exists = present !== null;
      const staging = this.#exists
        ? join(this.#folder, `.partial-${this.#suffix}`)
        : `${this.#folder}.partial-${this.#suffix}`;
      // Left by a mover of this very session that was killed before it could take it back.
      if (present?.isDirectory() !== false) await removeTree(staging);
      if (this.#exists) await this.#checkEmpty();
      else await mkdir(dirname(this.#folder), { recursive: true });
      await this.#files.mkdir(staging);
      this.#staging = staging;
    });
  }

  async #checkEmpty(): Promise<void> {
    const name = JSON.stringify(this.#folder);
    let names: string[];
    try {
      names = await readdir(this.#folder);
    } catch (thrown) {
      if (systemErrorCode(thrown) !== 'ENOTDIR') throw thrown;
      throw new FortnightError('target.notEmpty', `${name} is a file, not a folder.`);
    }
    if (names.length > 0 && !this.#force) {
      throw new FortnightError(
        'target.notEmpty',
        `${name} contains ${JSON.stringify(names[0])}; choose another folder or use --force.`,
      );
    }
  }

  async directory(path: string, mode: number): Promise<void> {
    this.#accept(path, 'directory');
    await onDisk(() => this.#files.mkdir(this.#staged(path)));
    this.#folders.push({ path, mode });
  }

  async symlink(path: string, target: string): Promise<void> {
    this.#accept(path, 'symlink');
    this.#links.push({ path, target });
  }

  async file(
    path: string,
    mode: number,
    modifiedAt: number,
    content: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    this.#accept(path, 'file');
    const handle = await onDisk(() =>
      this.#files.open(this.#staged(path), 'wx', FILE_MODE_WHILE_WRITING),
    );
    try {
      for await (const piece of content) {
        await onDisk(() => writeWhole(handle, piece), this.#folder);
      }
      await onDisk(async () => {
        await handle.chmod(mode);
        await handle.utimes(modifiedAt / 1_000, modifiedAt / 1_000);
      });
    } finally {
      await handle.close();
    }
  }

  async finish(): Promise<void> {
    await onDisk(async () => {
      const staging = this.#staging;
      if (staging === null) throw new Error('finish before prepare');
      for (const { path, target } of this.#links) {
        await this.#files.symlink(target, this.#staged(path));
      }
      if (this.#exists) await this.#merge(staging, this.#folder);
      else await this.#files.rename(staging, this.#folder);
      if (!this.#exists) this.#made.push(this.#folder);
      // Deepest first: a folder that its mode closes must not hide the ones in it.
      for (const { path, mode } of this.#folders.toReversed()) {
        await chmod(join(this.#folder, path), mode);
      }
      if (this.#exists) await rm(staging, { recursive: true });
      this.#staging = null;
    });
  }

  /** Renames file by file; `rename` replaces a symlink in the target and never follows it. */
  async #merge(from: string, to: string): Promise<void> {
    for (const entry of await readdir(from, { withFileTypes: true })) {
      const source = join(from, entry.name);
      const place = join(to, entry.name);
      const present = await lstatOrNull(place);
      if (present?.isDirectory() && entry.isDirectory()) {
        await this.#merge(source, place);
        continue;
      }
      if (present?.isDirectory() || (present !== null && entry.isDirectory())) {
        await rm(place, { recursive: true });
      }
      await this.#files.rename(source, place);
      if (present === null) this.#made.push(place);
    }
  }

  async discard(): Promise<void> {
    await onDisk(async () => {
      for (const place of this.#made.splice(0)) await removeTree(place);
      if (this.#staging !== null) await removeTree(this.#staging);
      this.#staging = null;
    });
  }

  #staged(path: string): string {
    if (this.#staging === null) throw new Error('write before prepare');
    return join(this.#staging, path);
  }

  /** The second guard behind the manifest's own check: a sink never trusts a path. */
  #accept(path: string, kind: 'file' | 'directory' | 'symlink'): void {
    const problem = this.#tree.add(path, kind);
    if (problem !== null) throw new FortnightError('manifest.corrupt', problem);
  }
}

async function writeWhole(handle: FileHandle, piece: Uint8Array): Promise<void> {
  let position = 0;
  while (position < piece.length) {
    const { bytesWritten } = await handle.write(piece, position, piece.length - position);
    position += bytesWritten;
  }
}

async function lstatOrNull(place: string) {
  try {
    return await lstat(place);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}

async function removeTree(place: string): Promise<void> {
  try {
    await rm(place, { recursive: true, force: true });
  } catch (thrown) {
    if (systemErrorCode(thrown) !== 'EACCES') throw thrown;
    await openFolders(place);
    await rm(place, { recursive: true, force: true });
  }
}

async function openFolders(folder: string): Promise<void> {
  await chmod(folder, FOLDER_MODE_WHILE_WRITING);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(folder, entry.name));
  }
}

/** `folder` is told where the system names no path: a write knows its handle only. */
async function onDisk<Value>(action: () => Promise<Value>, folder = ''): Promise<Value> {
  try {
    return await action();
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    if (code === null || thrown instanceof FortnightError) throw thrown;
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    const place = thrown instanceof Error && 'path' in thrown ? String(thrown.path) : folder;
    throw new FortnightError(isFull ? 'disk.full' : 'disk.failed', `${place} (${code})`.trim());
  }
}
