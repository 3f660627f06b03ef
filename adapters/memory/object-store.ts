import type { Clock } from '../../machines/ports/clock.ts';
import type {
  GetOptions,
  ObjectInfo,
  ObjectStore,
  ObjectStoreProperties,
  PutOptions,
} from '../../machines/ports/object-store.ts';
import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import { FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import { stopped, waitOn } from '../wrap/wait.ts';
import type { MemoryBucket, MemoryRight } from './bucket.ts';

const MIB = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

export interface MemoryObjectStoreOptions {
  readonly bucket: MemoryBucket;
  readonly credential: StorageCredential;
  readonly clock: Clock;
  /** How long each request takes on the clock; default 0, which is one microtask. */
  readonly latencyMs?: number;
  /** Default 16 MiB. */
  readonly partBytes?: number;
}

/**
 * An object store in memory, held to the contract and to the scope probes of the real ones. It uses
 * no randomness and no time but the clock's. A request is authorised when it starts and takes
 * effect, all at once, when its latency is over.
 */
export function createMemoryObjectStore(options: MemoryObjectStoreOptions): ObjectStore {
  const { bucket, clock, credential } = options;
  const latencyMs = options.latencyMs ?? 0;
  const properties: ObjectStoreProperties = {
    name: 'memory',
    partBytes: options.partBytes ?? 16 * MIB,
    parallelParts: 4,
    hasConditionalWrites: true,
    deleteBatchMax: 1000,
  };
  let isClosed = false;

  const request = async (
    right: MemoryRight,
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<void> => {
    if (isClosed) throw new FortnightError('storage.unreachable', 'the store is closed');
    if (signal?.aborted === true) throw stopped(signal);
    const now = clock.now();
    for (const key of keys) bucket.authorize(credential, right, key, now);
    await waitOn(clock, latencyMs, signal);
  };

  const land = (key: string, bytes: Uint8Array, putOptions?: PutOptions): ObjectInfo => {
    if (putOptions?.ifAbsent === true && bucket.object(key) !== undefined) {
      throw new FortnightError('object.conflict', 'the object exists already');
    }
    return bucket.store(key, bytes, clock.now());
  };

  const read = async (key: string, getOptions: GetOptions = {}): Promise<Uint8Array> => {
    await request('read', [key], getOptions.signal);
    const object = bucket.object(key);
    if (object === undefined) throw new FortnightError('object.missing', JSON.stringify(key));
    const { range } = getOptions;
    if (range === undefined) return object.bytes.slice();
    if (range.start >= object.bytes.byteLength || range.endInclusive < range.start) {
      throw new FortnightError('request.invalid', 'the range lies outside of the object');
    }
    return object.bytes.slice(range.start, range.endInclusive + 1);
  };

  return {
    properties,

    async put(key, body, putOptions) {
      const bytes = body.slice();
      await request('write', [key], putOptions?.signal);
      return land(key, bytes, putOptions);
    },

    async putStream(key, body, putOptions) {
      let upload: number | null = null;
      const chunks: Uint8Array[] = [];
      let sizeBytes = 0;
      try {
        for await (const chunk of body) {
          if (putOptions?.signal?.aborted === true) throw stopped(putOptions.signal);
          chunks.push(chunk.slice());
          sizeBytes += chunk.byteLength;
          if (upload === null && sizeBytes >= properties.partBytes) {
            await request('write', [key], putOptions?.signal);
            upload = bucket.beginUpload(key);
          }
        }
        await request('write', [key], putOptions?.signal);
        return land(key, new Uint8Array(Buffer.concat(chunks, sizeBytes)), putOptions);
      } catch (thrown) {
        throw toFortnightError(thrown);
      } finally {
        if (upload !== null) bucket.endUpload(upload);
      }
    },

    get: read,

    async getStream(key, getOptions) {
      const bytes = await read(key, getOptions);
      return chunksOf(bytes, getOptions?.signal);
    },

    async head(key) {
      await request('read', [key]);
      return bucket.object(key)?.info ?? null;
    },

    async *list(prefix, listOptions) {
      await request('list', [prefix]);
      yield* bucket.infosBelow(prefix, listOptions?.startAfter);
    },

    async remove(keys) {
      if (keys.length === 0) return;
      await request('write', keys);
      for (const key of keys) bucket.delete(key);
    },

    async abortUploads(prefix) {
      await request('listUploads', [prefix]);
      const found = bucket.uploadsBelow(prefix);
      for (const uploadId of found) bucket.endUpload(uploadId);
      return found.length;
    },

    close() {
      isClosed = true;
    },
  };
}

async function* chunksOf(bytes: Uint8Array, signal: AbortSignal | undefined) {
  for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES) {
    if (signal?.aborted === true) throw stopped(signal);
    yield bytes.subarray(start, start + CHUNK_BYTES);
  }
}
