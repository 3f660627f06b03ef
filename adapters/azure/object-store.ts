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
import { FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import { cutIntoParts, sliceIntoParts } from '../common-store/parts.ts';
import { BLOCKS_MAX, putInBlocks } from './blocks.ts';
import { collect, download } from './download.ts';
import { isHidden } from './hidden-blobs.ts';
import { listObjects } from './listing.ts';
import { type AzureRequests, createAzureRequests } from './requests.ts';
import { plainEtag, putWhole } from './single-put.ts';
import { discardUncommitted } from './uncommitted.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const PART_BYTES_MIN = 64 * KIB;
/** Azure's own limit for a block. */
const PART_BYTES_MAX = 4000 * MIB;
/** A SAS cannot batch, so a batch is single requests, some at a time. */
const PARALLEL_DELETES = 16;
const DELETE_BATCH_MAX = 256;

export interface AzureObjectStoreOptions {
  readonly location: StorageLocation;
  /** The account key (SP) or the two SAS of a scope (tenant). Read at each request, never copied. */
  readonly credential: StorageCredential;
  /** Signing dates and expiry (C16) follow this clock. */
  readonly clock: Clock;
  /** Default 16 MiB, at least 64 KiB. */
  readonly partBytes?: number;
  /** Default 4. Memory of one put is at most `partBytes * parallelParts`. */
  readonly parallelParts?: number;
  /** Size of the keep-alive pool; default 32. */
  readonly socketsMax?: number;
  /**
   * C16: refuse to start any request (also each block and each page of a listing) at or after the
   * credential's end, default true. `false` leaves the refusal to the storage.
   */
  readonly refusesExpired?: boolean;
}

/** An `ObjectStore` on the block blobs of Azure, on the official SDK. */
export function createAzureObjectStore(options: AzureObjectStoreOptions): ObjectStore {
  const { partBytes = 16 * MIB, parallelParts = 4, socketsMax = 32 } = options;
  const isPartSize = partBytes >= PART_BYTES_MIN && partBytes <= PART_BYTES_MAX;
  if (!Number.isSafeInteger(partBytes) || !isPartSize) {
    throw new RangeError(`partBytes is ${partBytes}; it must be at least ${PART_BYTES_MIN}`);
  }
  if (!Number.isSafeInteger(parallelParts) || parallelParts < 1) {
    throw new RangeError(`parallelParts is ${parallelParts}; it must be at least 1`);
  }
  const refusesExpired = options.refusesExpired ?? true;
  const requests = createAzureRequests({ ...options, socketsMax, refusesExpired });
  const properties: ObjectStoreProperties = {
    name: 'azure',
    partBytes,
    parallelParts,
    hasConditionalWrites: true,
    deleteBatchMax: DELETE_BATCH_MAX,
  };
  const directories = directoryQuestion(requests);

  return {
    properties,
    put: (key, body, putOptions) => put(requests, properties, key, body, putOptions),
    putStream: (key, body, putOptions) => putStream(requests, properties, key, body, putOptions),
    async get(key, getOptions?: GetOptions) {
      return collect(await download(requests, key, getOptions));
    },
    async getStream(key, getOptions) {
      return (await download(requests, key, getOptions)).chunks;
    },
    head: (key) => head(requests, key),
    async *list(prefix, listOptions) {
      const hasDirectories = await directories(prefix);
      yield* listObjects(requests, prefix, { ...listOptions, hasDirectories });
    },
    remove: (keys) => remove(requests, keys),
    abortUploads: (prefix) => discardUncommitted(requests, prefix),
    close: () => requests.close(),
  };
}

async function put(
  requests: AzureRequests,
  { partBytes, parallelParts }: ObjectStoreProperties,
  key: string,
  body: Uint8Array,
  options?: PutOptions,
): Promise<ObjectInfo> {
  if (body.byteLength < partBytes) return putWhole(requests, key, body, options);
  const fittingBytes = Math.max(partBytes, Math.ceil(body.byteLength / BLOCKS_MAX));
  await refuseExisting(requests, key, options);
  return putInBlocks(requests, key, sliceIntoParts(body, fittingBytes), parallelParts, options);
}

async function putStream(
  requests: AzureRequests,
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
      return await putWhole(requests, key, held[0] ?? new Uint8Array(0), options);
    }
    await refuseExisting(requests, key, options);
    return await putInBlocks(requests, key, withHeld(held, parts), parallelParts, options);
  } catch (thrown) {
    // An error of the source is not an error of the storage; it keeps its own code.
    throw toFortnightError(thrown);
  } finally {
    await parts.return().catch(() => undefined);
  }
}

type PartSource = AsyncGenerator<Uint8Array, void, undefined>;

/** The first part, or none of an empty source, in a box that `withHeld` empties. */
async function takeFirst(parts: PartSource): Promise<Uint8Array[]> {
  const first = await parts.next();
  return first.done === true ? [] : [first.value];
}

/** The box is emptied, so that the first part is not kept in memory until the end. */
async function* withHeld(held: Uint8Array[], rest: PartSource): PartSource {
  const first = held.pop();
  if (first !== undefined) yield first;
  yield* rest;
}

/**
 * The commit decides (`If-None-Match: *`). This is asked before so that no block goes up in vain and
 * stays behind a name that has an object, where no sweep finds it.
 */
async function refuseExisting(requests: AzureRequests, key: string, options?: PutOptions) {
  if (options?.ifAbsent !== true) return;
  if ((await head(requests, key)) !== null) {
    throw new FortnightError('object.conflict', 'the object exists already');
  }
}

async function head(requests: AzureRequests, key: string): Promise<ObjectInfo | null> {
  const blob = requests.blob(key);
  try {
    const answer = await requests.send('GetBlobProperties', requests.placeOf(key), (sdkOptions) =>
      blob.getProperties(sdkOptions),
    );
    if (isHidden(answer)) return null;
    return {
      key,
      sizeBytes: answer.contentLength ?? 0,
      etag: plainEtag(answer.etag),
      modifiedAt: answer.lastModified?.getTime() ?? 0,
    };
  } catch (thrown) {
    const error = toFortnightError(thrown);
    if (error.code === 'object.missing') return null;
    throw error;
  }
}

async function remove(requests: AzureRequests, keys: readonly string[]): Promise<void> {
  const waiting = [...new Set(keys)];
  const failures: FortnightError[] = [];
  const work = async () => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      await removeOne(requests, key).catch((thrown: unknown) => {
        failures.push(toFortnightError(thrown));
        waiting.length = 0;
      });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_DELETES }, work));
  if (failures[0] !== undefined) throw failures[0];
}

async function removeOne(requests: AzureRequests, key: string): Promise<void> {
  const blob = requests.blob(key);
  try {
    await requests.send('DeleteBlob', requests.placeOf(key), (sdkOptions) =>
      blob.delete(sdkOptions),
    );
  } catch (thrown) {
    const error = toFortnightError(thrown);
    if (error.code !== 'object.missing') throw error;
  }
}

/**
 * Whether the account has a hierarchical namespace, which lists in another order. A directory SAS
 * says so, a container SAS says no; the owner asks the account, once.
 */
function directoryQuestion(requests: AzureRequests): (prefix: string) => Promise<boolean> {
  let answer: Promise<boolean> | null = null;
  const ask = async (prefix: string) => {
    const place = requests.placeOf(prefix);
    const info = await requests.send('GetAccountInfo', place, (sdkOptions) =>
      place.service.getAccountInfo(sdkOptions),
    );
    return info.isHierarchicalNamespaceEnabled === true;
  };
  return (prefix) => {
    const { sas } = requests.placeOf(prefix);
    if (sas !== null) return Promise.resolve(sas.resource === 'd');
    answer ??= ask(prefix).catch((thrown: unknown) => {
      answer = null;
      throw thrown;
    });
    return answer;
  };
}
