import type { EpochMs } from '../rules/time.ts';

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly modifiedAt: EpochMs;
}

export interface PutOptions {
  /** Create only: an existing object answers `object.conflict`. */
  readonly ifAbsent?: boolean;
  readonly signal?: AbortSignal;
}

export interface GetOptions {
  /** Bytes `start` to `endInclusive`. */
  readonly range?: { readonly start: number; readonly endInclusive: number };
  readonly signal?: AbortSignal;
}

/** How stores differ, as data (architecture, decision 6). */
export interface ObjectStoreProperties {
  readonly name: string;
  /** From this size on a put goes up in parts of this size. */
  readonly partBytes: number;
  readonly parallelParts: number;
  readonly hasConditionalWrites: boolean;
  readonly deleteBatchMax: number;
}

/**
 * Objects under keys, on one bucket. Contract (suite: `test/contract/object-store.contract.ts`):
 *
 * - `put` and `putStream` are atomic: the object is there whole, with its checksum confirmed by
 *   the storage (I73), or not at all. A failed large put aborts its upload.
 * - Memory stays bounded by `partBytes * parallelParts` whatever the object's size.
 * - Every rejection is a `FortnightError` with a code from the catalogue and no secret in it.
 * - `list` gives keys in UTF-8 order, each once, with everything that was put before it began.
 * - `remove` of a missing key succeeds.
 * - Nothing retries inside: retry is a decorator (`adapters/wrap`).
 */
export interface ObjectStore {
  readonly properties: ObjectStoreProperties;
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<ObjectInfo>;
  putStream(
    key: string,
    body: AsyncIterable<Uint8Array>,
    options?: PutOptions,
  ): Promise<ObjectInfo>;
  /** Rejects with `object.missing`; a short or long body rejects with `object.corrupt`. */
  get(key: string, options?: GetOptions): Promise<Uint8Array>;
  getStream(key: string, options?: GetOptions): Promise<AsyncIterable<Uint8Array>>;
  /** `null` when there is no such object. */
  head(key: string): Promise<ObjectInfo | null>;
  list(prefix: string, options?: { readonly startAfter?: string }): AsyncIterable<ObjectInfo>;
  remove(keys: readonly string[]): Promise<void>;
  /** Aborts unfinished multipart uploads below the prefix (I75); returns how many. SP side only:
   *  a tenant's credential does not cover the listing of uploads (providers §2 e). */
  abortUploads(prefix: string): Promise<number>;
  close(): void;
}
