import type { Clock } from '../../machines/ports/clock.ts';
import type {
  GetOptions,
  ObjectInfo,
  ObjectStore,
  ObjectStoreProperties,
  PutOptions,
} from '../../machines/ports/object-store.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { type FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import { cutIntoParts, type Part, type PartSource, sliceIntoParts } from '../common-store/parts.ts';
import { storageEndpoint } from './addresses.ts';
import { collect, download } from './download.ts';
import { listObjects, reasonOf } from './listing.ts';
import { readObject } from './object-info.ts';
import { createGcsRequests, requireGcsCredential } from './requests.ts';
import { CHUNK_UNIT_BYTES, putInChunks } from './resumable-put.ts';
import { putWhole } from './simple-put.ts';
import { createStorageClient, type StorageClient } from './storage-client.ts';
import { abortUploadsBelow } from './unfinished-uploads.ts';

const MIB = 1024 * 1024;
const PARALLEL_DELETES = 8;

export interface GcsObjectStoreOptions {
  readonly location: StorageLocation;
  /** A token (tenants), or a service account (SP). Read at each request; wiping it is its owner's. */
  readonly credential: StorageCredential;
  /** The dates of grants and expiry (C16) follow this clock. */
  readonly clock: Clock;
  /** Default 8 MiB, which Google calls a good size; a multiple of 256 KiB. */
  readonly partBytes?: number;
  /**
   * Parts of one put in memory at once, default 2. The chunks of an upload session go one after the
   * other; the further ones are read while one is on its way.
   */
  readonly parallelParts?: number;
  /** Size of the keep-alive pool; default 32. */
  readonly socketsMax?: number;
  /** Where a service account asks for tokens; default: Google's. */
  readonly tokenUrl?: string;
  /**
   * C16: refuse to start any request (also each chunk and each page of a listing) at or after the
   * credential's end, default true. `false` leaves the refusal to the storage.
   */
  readonly refusesExpired?: boolean;
}

/** An `ObjectStore` on one bucket of Google Cloud Storage, on the official SDK (JSON API). */
export function createGcsObjectStore(options: GcsObjectStoreOptions): ObjectStore {
  const { clock, location } = options;
  const partBytes = options.partBytes ?? 8 * MIB;
  const parallelParts = options.parallelParts ?? 2;
  if (!Number.isSafeInteger(partBytes) || partBytes < 1 || partBytes % CHUNK_UNIT_BYTES !== 0) {
    throw new RangeError(`partBytes is ${partBytes}; it must be a multiple of ${CHUNK_UNIT_BYTES}`);
  }
  if (!Number.isSafeInteger(parallelParts) || parallelParts < 1) {
    throw new RangeError(`parallelParts is ${parallelParts}; it must be at least 1`);
  }
  const requests = createGcsRequests({
    endpoint: storageEndpoint(location.endpoint),
    bucket: location.bucket,
    credential: requireGcsCredential(options.credential),
    clock,
    socketsMax: options.socketsMax ?? 32,
    tokenUrl: options.tokenUrl,
    refusesExpired: options.refusesExpired ?? true,
  });
  const client = createStorageClient(requests);
  const properties: ObjectStoreProperties = {
    name: 'gcs',
    partBytes,
    parallelParts,
    hasConditionalWrites: true,
    deleteBatchMax: 100,
  };

  return {
    properties,
    put: (key, body, putOptions) => put(client, properties, key, body, putOptions),
    putStream: (key, body, putOptions) => putStream(client, properties, key, body, putOptions),
    async get(key, getOptions) {
      return collect(await open(client, key, getOptions));
    },
    async getStream(key, getOptions) {
      return (await open(client, key, getOptions)).chunks;
    },
    head: (key) => head(client, key),
    list: (prefix, listOptions) => listObjects(client, prefix, listOptions?.startAfter),
    remove: (keys) => remove(client, keys),
    abortUploads: (prefix) => abortUploadsBelow(requests, prefix),
    close: () => requests.close(),
  };
}

async function put(
  client: StorageClient,
  { partBytes, parallelParts }: ObjectStoreProperties,
  key: string,
  body: Uint8Array,
  options?: PutOptions,
): Promise<ObjectInfo> {
  if (body.byteLength < partBytes) return putWhole(client, key, body, options);
  const parts = sliceIntoParts(body, partBytes);
  const { byteLength: sizeBytes } = body;
  const large = { parts, partBytes, sizeBytes, partsHeld: parallelParts };
  return putInChunks(client, key, large, options);
}

async function putStream(
  client: StorageClient,
  { partBytes, parallelParts }: ObjectStoreProperties,
  key: string,
  body: AsyncIterable<Uint8Array>,
  options?: PutOptions,
): Promise<ObjectInfo> {
  const parts = cutIntoParts(body, partBytes);
  try {
    const held = await takeFirst(parts);
    const firstBytes = held[0]?.byteLength ?? 0;
    if (firstBytes < partBytes) {
      return await putWhole(client, key, held[0] ?? new Uint8Array(0), options);
    }
    const all = withHeld(held, parts);
    const large = { parts: all, partBytes, sizeBytes: null, partsHeld: parallelParts };
    return await putInChunks(client, key, large, options);
  } catch (thrown) {
    // An error of the source is not an error of the storage; it keeps its own code.
    throw toFortnightError(thrown);
  } finally {
    // Not awaited: a source that is being read ahead may not answer for long.
    parts.return().catch(() => undefined);
  }
}

/** The first part, or none of an empty source, in a box that `withHeld` empties. */
async function takeFirst(parts: PartSource): Promise<Part[]> {
  const first = await parts.next();
  return first.done === true ? [] : [first.value];
}

/** The box is emptied, so that the first part is not kept in memory until the end. */
async function* withHeld(held: Part[], rest: PartSource): PartSource {
  const first = held.pop();
  if (first !== undefined) yield first;
  yield* rest;
}

/** `download`, with the reason of a refusal found out. */
async function open(client: StorageClient, key: string, options?: GetOptions) {
  try {
    return await download(client, key, options);
  } catch (thrown) {
    throw await reasonOf(client, key, thrown);
  }
}

async function head(client: StorageClient, key: string): Promise<ObjectInfo | null> {
  const call = { operation: 'objects.get (metadata)', target: 'object' } as const;
  try {
    const [resource] = await client.file(key, call).getMetadata();
    return { ...readObject(resource).info, key };
  } catch (thrown) {
    const reason = await reasonOf(client, key, thrown);
    if (reason.code === 'object.missing') return null;
    throw reason;
  }
}

/** A request a key, some at once: Google's batches are requests a key as well, in one body. */
async function remove(client: StorageClient, keys: readonly string[]): Promise<void> {
  const waiting = [...new Set(keys)].values();
  const failures: FortnightError[] = [];
  const worker = async (): Promise<void> => {
    for (const key of waiting) {
      if (failures.length > 0) return;
      await removeOne(client, key).catch((thrown) => {
        failures.push(toFortnightError(thrown));
      });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_DELETES }, worker));
  const [first] = failures;
  if (first !== undefined) throw first;
}

async function removeOne(client: StorageClient, key: string): Promise<void> {
  try {
    await client.file(key, { operation: 'objects.delete', target: 'object' }).delete();
  } catch (thrown) {
    const reason = toFortnightError(thrown);
    if (reason.code !== 'object.missing') throw reason;
  }
}
