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
import { toFortnightError } from '../../machines/rules/errors.ts';
import { cutIntoParts, sliceIntoParts } from '../common-store/parts.ts';
import { createS3Client } from './client.ts';
import { dialectOf, type S3Dialect } from './dialects.ts';
import { collect, download } from './download.ts';
import { findObject, refuseIfThere } from './find-object.ts';
import { listObjects, reasonOf } from './listing.ts';
import { PARTS_MAX, putInParts } from './multipart.ts';
import { createRemoval } from './removal.ts';
import { createS3Requests, type S3Requests } from './requests.ts';
import { putWhole } from './single-put.ts';
import { abortUploadsBelow } from './unfinished-uploads.ts';

const MIB = 1024 * 1024;
/** S3 refuses smaller parts (`EntityTooSmall`), except as the last one. */
const PART_BYTES_MIN = 5 * MIB;

export interface S3ObjectStoreOptions {
  readonly location: StorageLocation;
  /** Read at each signature; never copied into the store. Wiping it is its owner's business. */
  readonly credential: StorageCredential;
  /** Signing dates and expiry (C16) follow this clock. */
  readonly clock: Clock;
  /** Default: the dialect of `location.storage`. */
  readonly dialect?: S3Dialect;
  /** Default 16 MiB, at least 5 MiB. */
  readonly partBytes?: number;
  /** Default 4. Memory of one put is at most `partBytes * parallelParts`. */
  readonly parallelParts?: number;
  /** Size of the keep-alive pool; default 32. */
  readonly socketsMax?: number;
  /**
   * C16: refuse to start any request (also each part and each page of a listing) at or after the
   * credential's end, default true. `false` leaves the refusal to the storage.
   */
  readonly refusesExpired?: boolean;
}

/** An `ObjectStore` on one bucket of an S3 server, on the official SDK. */
export function createS3ObjectStore(options: S3ObjectStoreOptions): ObjectStore {
  const { clock, credential, location } = options;
  const dialect = options.dialect ?? dialectOf(location.storage);
  const partBytes = options.partBytes ?? 16 * MIB;
  const parallelParts = options.parallelParts ?? 4;
  if (!Number.isSafeInteger(partBytes) || partBytes < PART_BYTES_MIN) {
    throw new RangeError(`partBytes is ${partBytes}; it must be at least ${PART_BYTES_MIN}`);
  }
  if (!Number.isSafeInteger(parallelParts) || parallelParts < 1) {
    throw new RangeError(`parallelParts is ${parallelParts}; it must be at least 1`);
  }
  const socketsMax = options.socketsMax ?? 32;
  const requests = createS3Requests({
    client: createS3Client({ location, credential, clock, dialect, socketsMax }),
    bucket: location.bucket,
    dialect,
    credential,
    clock,
    refusesExpired: options.refusesExpired ?? true,
  });
  const properties: ObjectStoreProperties = {
    name: dialect.name,
    partBytes,
    parallelParts,
    hasConditionalWrites: dialect.hasConditionalWrites,
    deleteBatchMax: dialect.deleteBatchMax,
  };

  return {
    properties,
    put: (key, body, putOptions) => put(requests, properties, key, body, putOptions),
    putStream: (key, body, putOptions) => putStream(requests, properties, key, body, putOptions),
    async get(key, getOptions) {
      return collect(await open(requests, key, getOptions));
    },
    async getStream(key, getOptions) {
      return (await open(requests, key, getOptions)).chunks;
    },
    head: (key) => findObject(requests, key),
    list: (prefix, listOptions) => listObjects(requests, prefix, listOptions?.startAfter),
    remove: createRemoval(requests),
    abortUploads: (prefix) => abortUploadsBelow(requests, prefix),
    close: () => requests.close(),
  };
}

async function put(
  requests: S3Requests,
  { partBytes, parallelParts }: ObjectStoreProperties,
  key: string,
  body: Uint8Array,
  options?: PutOptions,
): Promise<ObjectInfo> {
  await refuseExisting(requests, key, options);
  if (body.byteLength < partBytes) return putWhole(requests, key, body, options);
  const fittingBytes = Math.max(partBytes, Math.ceil(body.byteLength / PARTS_MAX));
  const parts = sliceIntoParts(body, fittingBytes);
  return putInParts(requests, key, parts, parallelParts, options);
}

async function putStream(
  requests: S3Requests,
  { partBytes, parallelParts }: ObjectStoreProperties,
  key: string,
  body: AsyncIterable<Uint8Array>,
  options?: PutOptions,
): Promise<ObjectInfo> {
  const parts = cutIntoParts(body, partBytes);
  try {
    await refuseExisting(requests, key, options);
    const held = await takeFirst(parts);
    const firstBytes = held[0]?.byteLength ?? 0;
    if (firstBytes < partBytes) {
      return await putWhole(requests, key, held[0] ?? new Uint8Array(0), options);
    }
    return await putInParts(requests, key, withHeld(held, parts), parallelParts, options);
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

/** For servers without conditional writes: not atomic, and `properties` says so. */
async function refuseExisting(requests: S3Requests, key: string, options?: PutOptions) {
  if (options?.ifAbsent !== true || requests.dialect.hasConditionalWrites) return;
  await refuseIfThere(requests, key);
}

/** `download`, with the reason of a refusal found out. */
async function open(requests: S3Requests, key: string, options?: GetOptions) {
  try {
    return await download(requests, key, options);
  } catch (thrown) {
    throw await reasonOf(requests, key, thrown, false);
  }
}
