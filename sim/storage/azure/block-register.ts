import type { ObjectCore } from '../core/object-core.ts';
import type { PartRecord } from '../core/records.ts';
import { compareUtf8 } from '../core/sorted-keys.ts';

const UNCOMMITTED_LIFETIME_MS = 7 * 86_400_000;

interface OpenBlocks {
  readonly numbers: Map<string, number>;
  newestAt: number;
  nextNumber: number;
}

/**
 * The uncommitted blocks of blobs. The core keeps them as the parts of one upload a blob, by
 * number; this is the index by block name, built again from the core when it is missing.
 */
export class BlockRegister {
  readonly #core: ObjectCore;
  readonly #open = new Map<string, OpenBlocks>();

  constructor(core: ObjectCore) {
    this.#core = core;
  }

  /** Uncommitted blocks end a week after the last one came. */
  #find(bucket: string, key: string, at: number): OpenBlocks | undefined {
    const uploadId = uploadIdOf(bucket, key);
    if (this.#core.upload(uploadId) === undefined) {
      this.#open.delete(uploadId);
      return undefined;
    }
    let open = this.#open.get(uploadId);
    if (open === undefined) {
      open = indexOf(this.#core.parts(uploadId));
      this.#open.set(uploadId, open);
    }
    if (at - open.newestAt < UNCOMMITTED_LIFETIME_MS) return open;
    this.discard(bucket, key);
    return undefined;
  }

  count(bucket: string, key: string, at: number): number {
    return this.#find(bucket, key, at)?.numbers.size ?? 0;
  }

  find(bucket: string, key: string, name: string, at: number): PartRecord | undefined {
    const number = this.#find(bucket, key, at)?.numbers.get(name);
    return number === undefined ? undefined : this.#core.part(uploadIdOf(bucket, key), number);
  }

  /** Keys that have uncommitted blocks and no blob, in order. */
  keysWithout(bucket: string, at: number, hasBlob: (key: string) => boolean): string[] {
    return this.#core
      .uploadsOf(bucket)
      .map(({ key }) => key)
      .filter((key) => !hasBlob(key) && this.#find(bucket, key, at) !== undefined)
      .sort(compareUtf8);
  }

  /** One name of the blob's uncommitted blocks: all of them have the same length. */
  anyName(bucket: string, key: string, at: number): string | undefined {
    return this.#find(bucket, key, at)?.numbers.keys().next().value;
  }

  /** By name, as Azure lists them. */
  list(bucket: string, key: string, at: number): PartRecord[] {
    if (this.#find(bucket, key, at) === undefined) return [];
    const parts = this.#core.parts(uploadIdOf(bucket, key));
    return parts.sort((left, right) => (left.name! < right.name! ? -1 : 1));
  }

  /** Adds a block, or replaces the uncommitted one of the same name. */
  put(bucket: string, key: string, block: Omit<PartRecord, 'partNumber'> & { name: string }): void {
    const uploadId = uploadIdOf(bucket, key);
    const at = block.modifiedAt;
    let open = this.#find(bucket, key, at);
    if (open === undefined) {
      const attributes = { systemHeaders: {}, userMetadata: {} };
      const upload = { uploadId, bucket, key, initiatedAt: at, initiatorArn: '', ...attributes };
      this.#core.createUpload(upload);
      open = { numbers: new Map(), newestAt: at, nextNumber: 1 };
      this.#open.set(uploadId, open);
    }
    const partNumber = open.numbers.get(block.name) ?? open.nextNumber;
    this.#core.putPart(uploadId, { ...block, partNumber });
    open.numbers.set(block.name, partNumber);
    open.newestAt = Math.max(open.newestAt, at);
    open.nextNumber = Math.max(open.nextNumber, partNumber + 1);
  }

  /** Forgets the uncommitted blocks of a blob; nothing happens when there are none. */
  discard(bucket: string, key: string): void {
    const uploadId = uploadIdOf(bucket, key);
    this.#open.delete(uploadId);
    if (this.#core.upload(uploadId) !== undefined) this.#core.abortUpload(uploadId);
  }
}

function uploadIdOf(bucket: string, key: string): string {
  return `blocks/${bucket}/${key}`;
}

function indexOf(parts: readonly PartRecord[]): OpenBlocks {
  const open: OpenBlocks = { numbers: new Map(), newestAt: 0, nextNumber: 1 };
  for (const part of parts) {
    open.numbers.set(part.name!, part.partNumber);
    open.newestAt = Math.max(open.newestAt, part.modifiedAt);
    open.nextNumber = Math.max(open.nextNumber, part.partNumber + 1);
  }
  return open;
}
