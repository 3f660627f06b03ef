import { mkdirSync, readdirSync, rmSync, unlink } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore, BlobWriter } from './blob-store.ts';

const READ_CHUNK_BYTES = 256 * 1024;
const WRITE_BATCH_BYTES = 256 * 1024;

export interface DiskBlobStore extends BlobStore {
  /** Deletes what a killed process left: half-written files and blobs that nothing refers to. */
  sweep(referenced: ReadonlySet<number>): void;
  /** The highest blob number of any file found, 0 for none. */
  highestBlob(): number;
}

/**
 * Blobs as files `blobs/<two hex digits>/<number>`. A blob is written to `incoming/<number>` and
 * renamed when complete, so a kill at any instant leaves no half blob under a final name.
 * File names come from numbers alone: no key of a client ever becomes part of a path.
 */
export function openDiskBlobStore(directory: string): DiskBlobStore {
  const incoming = join(directory, 'incoming');
  const blobs = join(directory, 'blobs');
  mkdirSync(incoming, { recursive: true });
  for (let fan = 0; fan < 256; fan += 1) {
    mkdirSync(join(blobs, fan.toString(16).padStart(2, '0')), { recursive: true });
  }
  const pathOf = (blob: number): string =>
    join(blobs, (blob & 0xff).toString(16).padStart(2, '0'), String(blob));
  return {
    create: (blob) => createWriter(join(incoming, String(blob)), pathOf(blob)),
    read: (blob, offset, length) => readFileRange(pathOf(blob), offset, length),
    // Losing a race against a crash only leaves an orphan, which the next sweep removes.
    remove: (blob) => unlink(pathOf(blob), () => undefined),
    highestBlob: () => Math.max(0, ...blobNumbers(blobs).map((found) => found.blob)),
    sweep: (referenced) => {
      for (const name of readdirSync(incoming)) rmSync(join(incoming, name), { recursive: true });
      for (const found of blobNumbers(blobs)) {
        if (!referenced.has(found.blob)) rmSync(found.path, { force: true });
      }
    },
  };
}

function blobNumbers(blobs: string): { blob: number; path: string }[] {
  return readdirSync(blobs).flatMap((fan) =>
    readdirSync(join(blobs, fan))
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ blob: Number(name), path: join(blobs, fan, name) })),
  );
}

/** Chunks are gathered to batches of 256 KiB: a system call for each 64 KiB would cost a third. */
function createWriter(temporaryPath: string, finalPath: string): BlobWriter {
  let handle: FileHandle | undefined;
  let batch: Buffer[] = [];
  let batchBytes = 0;
  // One write after the other: two at once could land in either order.
  let flushed: Promise<void> = Promise.resolve();
  const flush = (): Promise<void> => {
    const chunks = batch;
    batch = [];
    batchBytes = 0;
    flushed = flushed.then(async () => {
      handle ??= await open(temporaryPath, 'wx', 0o600);
      await writeAll(handle, chunks);
    });
    return flushed;
  };
  return {
    write: (chunk) => {
      batch.push(chunk);
      batchBytes += chunk.length;
      return batchBytes >= WRITE_BATCH_BYTES ? flush() : undefined;
    },
    finish: async () => {
      await flush();
      await handle?.close();
      await rename(temporaryPath, finalPath);
    },
    discard: async () => {
      batch = [];
      await flushed.catch(() => undefined);
      await handle?.close().catch(() => undefined);
      await rm(temporaryPath, { force: true });
    },
  };
}

async function writeAll(handle: FileHandle, chunks: Buffer[]): Promise<void> {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (bytes === 0) return;
  let { bytesWritten: written } = await handle.writev(chunks);
  // A short write happens only on a nearly full disk; the rest is written or fails for real.
  while (written < bytes) {
    const rest = Buffer.concat(chunks).subarray(written);
    written += (await handle.write(rest)).bytesWritten;
  }
}

async function* readFileRange(
  path: string,
  offset: number,
  length: number,
): AsyncGenerator<Buffer> {
  const handle = await openBlob(path);
  try {
    let position = offset;
    const end = offset + length;
    while (position < end) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(READ_CHUNK_BYTES, end - position));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) throw new Error(`blob file ${path} is shorter than its record`);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function openBlob(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`the blob file ${path} is gone: something else removed it`, { cause: error });
  }
}
