/** Bytes on their way into a blob. Exactly one of `finish` and `discard` ends it. */
export interface BlobWriter {
  /**
   * Takes a chunk over (the caller must not reuse it). A promise asks the caller to wait; it
   * settles after those given before it.
   */
  write(chunk: Buffer): Promise<void> | undefined;
  /** Makes the blob durable under its id. Until then nothing of it survives a restart. */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/** Immutable blobs by number. The numbers are chosen by the object core and never used twice. */
export interface BlobStore {
  create(blob: number): BlobWriter;
  /** Bytes `offset` to `offset + length` of a blob, in chunks of bounded size. */
  read(blob: number, offset: number, length: number): AsyncIterable<Buffer>;
  remove(blob: number): void;
}

/** Blobs in memory: they end with the process. */
export function createMemoryBlobStore(): BlobStore {
  const blobs = new Map<number, Buffer[]>();
  return {
    create: (blob) => {
      const chunks: Buffer[] = [];
      return {
        write: (chunk) => {
          chunks.push(chunk);
          return undefined;
        },
        finish: async () => {
          blobs.set(blob, chunks);
        },
        discard: async () => {
          chunks.length = 0;
        },
      };
    },
    read: (blob, offset, length) => readChunks(blobs.get(blob), offset, length),
    remove: (blob) => void blobs.delete(blob),
  };
}

async function* readChunks(
  chunks: readonly Buffer[] | undefined,
  offset: number,
  length: number,
): AsyncGenerator<Buffer> {
  if (chunks === undefined) throw new Error('a blob is read that is not there');
  let position = 0;
  const end = offset + length;
  for (const chunk of chunks) {
    const from = Math.max(offset - position, 0);
    const to = Math.min(end - position, chunk.length);
    if (from < to) yield chunk.subarray(from, to);
    position += chunk.length;
    if (position >= end) return;
  }
}
