import type { BlobStore, BlobWriter } from './blob-store.ts';
import type {
  CompletionRecord,
  CoreChange,
  ObjectRecord,
  PartRecord,
  Segment,
  UploadRecord,
} from './records.ts';
import { SortedKeys } from './sorted-keys.ts';

interface Bucket {
  readonly createdAt: number;
  readonly keys: SortedKeys;
  readonly objects: Map<string, ObjectRecord>;
}

interface OpenUpload {
  readonly upload: UploadRecord;
  readonly parts: Map<number, PartRecord>;
}

const COMPLETIONS_MAX = 10_000;
const NUMBERS_A_RUN = 1_000_000;

/**
 * Buckets, objects and open multipart uploads, independent of any wire protocol.
 * The index is in memory; every change goes through `#commit`, which journals it and then applies
 * it, so a replay of the journal gives the same index. Bytes are immutable numbered blobs that
 * several records may share; a blob goes when its last reference (or reader) is gone.
 */
export class ObjectCore {
  readonly #blobs: BlobStore;
  readonly #buckets = new Map<string, Bucket>();
  readonly #uploads = new Map<string, OpenUpload>();
  readonly #completions = new Map<string, CompletionRecord>();
  readonly #references = new Map<number, number>();
  #journal: (change: CoreChange) => void = () => undefined;
  #nextNumber = 1;
  #replaying = true;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /**
   * Ends the replay: from here on changes are journaled and unreferenced blobs are deleted.
   * Numbers given but never journaled (a refused upload) must not come again after a restart,
   * so each start of a lasting state leaves a gap behind everything that it found.
   */
  startServing(journal: (change: CoreChange) => void, highestBlob?: number): void {
    this.#journal = journal;
    this.#replaying = false;
    if (highestBlob === undefined) return;
    const next = Math.max(this.#nextNumber, highestBlob + 1) + NUMBERS_A_RUN;
    this.#commit({ type: 'sequence.reached', next });
  }

  /** A number that this state never gave before; for blobs and to make identifiers unique. */
  nextNumber(): number {
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    return number;
  }

  bucketNames(): string[] {
    return [...this.#buckets.keys()].sort();
  }

  bucketCreatedAt(bucket: string): number | undefined {
    return this.#buckets.get(bucket)?.createdAt;
  }

  hasBucket(bucket: string): boolean {
    return this.#buckets.has(bucket);
  }

  createBucket(bucket: string, at: number): void {
    if (!this.hasBucket(bucket)) this.#commit({ type: 'bucket.created', bucket, at });
  }

  /** Removes a bucket that holds no object; its open uploads end with it. */
  deleteBucket(bucket: string): void {
    if (this.#bucket(bucket).objects.size > 0) throw new Error(`bucket ${bucket} is not empty`);
    this.#commit({ type: 'bucket.deleted', bucket });
  }

  object(bucket: string, key: string): ObjectRecord | undefined {
    return this.#buckets.get(bucket)?.objects.get(key);
  }

  /** Keys in UTF-8 order from `start` (inclusive). The walk must end before the next change. */
  keysFrom(bucket: string, start: string): Generator<string> {
    return this.#bucket(bucket).keys.from(start);
  }

  putObject(bucket: string, object: ObjectRecord): void {
    this.#commit({ type: 'object.put', bucket, object });
  }

  /** Deletes an object; nothing happens when there is none. */
  deleteObject(bucket: string, key: string): void {
    if (this.object(bucket, key) !== undefined) {
      this.#commit({ type: 'object.deleted', bucket, key });
    }
  }

  createUpload(upload: UploadRecord): void {
    this.#commit({ type: 'upload.created', upload });
  }

  upload(uploadId: string): UploadRecord | undefined {
    return this.#uploads.get(uploadId)?.upload;
  }

  /** The open uploads of a bucket in no particular order. */
  uploadsOf(bucket: string): UploadRecord[] {
    const all = Array.from(this.#uploads.values(), (open) => open.upload);
    return all.filter((upload) => upload.bucket === bucket);
  }

  part(uploadId: string, partNumber: number): PartRecord | undefined {
    return this.#uploads.get(uploadId)?.parts.get(partNumber);
  }

  /** The parts of an upload by rising number. */
  parts(uploadId: string): PartRecord[] {
    const parts = [...(this.#uploads.get(uploadId)?.parts.values() ?? [])];
    return parts.sort((left, right) => left.partNumber - right.partNumber);
  }

  putPart(uploadId: string, part: PartRecord): void {
    this.#commit({ type: 'part.put', uploadId, part });
  }

  abortUpload(uploadId: string): void {
    this.#commit({ type: 'upload.aborted', uploadId });
  }

  /** Makes the object out of parts of the upload and forgets the upload with its other parts. */
  completeUpload(completion: CompletionRecord, object: ObjectRecord): void {
    this.#commit({ type: 'upload.completed', completion, object });
  }

  /** What an upload that is no longer open became, while that is remembered. */
  completion(uploadId: string): CompletionRecord | undefined {
    return this.#completions.get(uploadId);
  }

  /** A writer for a new blob, and its number. */
  createBlob(): { blob: number; writer: BlobWriter } {
    const blob = this.nextNumber();
    return { blob, writer: this.#blobs.create(blob) };
  }

  /** Deletes a finished blob that no record came to refer to, because the request was refused. */
  dropUnreferenced(segments: readonly Segment[]): void {
    for (const { blob } of segments) if (!this.#references.has(blob)) this.#blobs.remove(blob);
  }

  /** Bytes `offset` to `offset + length` of an object; its blobs live at least until the end. */
  async *read(
    segments: readonly Segment[],
    offset: number,
    length: number,
  ): AsyncGenerator<Buffer> {
    this.#refer(segments, 1);
    try {
      let position = 0;
      const end = offset + length;
      for (const segment of segments) {
        const from = Math.max(offset - position, 0);
        const to = Math.min(end - position, segment.size);
        if (from < to) yield* this.#blobs.read(segment.blob, from, to - from);
        position += segment.size;
        if (position >= end) return;
      }
    } finally {
      this.#refer(segments, -1);
    }
  }

  /** The numbers of all blobs in use. */
  referencedBlobs(): ReadonlySet<number> {
    return new Set(this.#references.keys());
  }

  /** The changes that would make this state out of nothing. */
  *snapshot(): Generator<CoreChange> {
    yield { type: 'sequence.reached', next: this.#nextNumber };
    for (const [bucket, { createdAt, objects }] of this.#buckets) {
      yield { type: 'bucket.created', bucket, at: createdAt };
      for (const object of objects.values()) yield { type: 'object.put', bucket, object };
    }
    for (const { upload, parts } of this.#uploads.values()) {
      yield { type: 'upload.created', upload };
      for (const part of parts.values()) {
        yield { type: 'part.put', uploadId: upload.uploadId, part };
      }
    }
    for (const completion of this.#completions.values()) {
      yield { type: 'upload.completed', completion };
    }
  }

  /** Applies one change without journaling it: the replay of a journal. */
  apply(change: CoreChange): void {
    switch (change.type) {
      case 'bucket.created':
        this.#buckets.set(change.bucket, {
          createdAt: change.at,
          keys: new SortedKeys(),
          objects: new Map(),
        });
        return;
      case 'bucket.deleted':
        for (const upload of this.uploadsOf(change.bucket)) this.#removeUpload(upload.uploadId);
        this.#buckets.delete(change.bucket);
        return;
      case 'object.put':
        this.#setObject(change.bucket, change.object);
        return;
      case 'object.deleted':
        this.#removeObject(change.bucket, change.key);
        return;
      case 'upload.created':
        this.#uploads.set(change.upload.uploadId, { upload: change.upload, parts: new Map() });
        return;
      case 'part.put': {
        const parts = this.#uploads.get(change.uploadId)!.parts;
        const before = parts.get(change.part.partNumber);
        this.#refer(change.part.segments, 1);
        parts.set(change.part.partNumber, change.part);
        if (before !== undefined) this.#refer(before.segments, -1);
        return;
      }
      case 'upload.aborted':
        this.#removeUpload(change.uploadId);
        return;
      case 'upload.completed':
        if (change.object !== undefined) this.#setObject(change.completion.bucket, change.object);
        this.#removeUpload(change.completion.uploadId);
        this.#remember(change.completion);
        return;
      case 'sequence.reached':
        this.#nextNumber = Math.max(this.#nextNumber, change.next);
        return;
      default:
        throw new Error(`unknown change: ${JSON.stringify(change satisfies never)}`);
    }
  }

  #commit(change: CoreChange): void {
    this.#journal(change);
    this.apply(change);
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new Error(`no bucket ${name}`);
    return bucket;
  }

  #setObject(bucketName: string, object: ObjectRecord): void {
    const bucket = this.#bucket(bucketName);
    const before = bucket.objects.get(object.key);
    // New references come first: the old and the new record may share blobs (copy onto itself).
    this.#refer(object.segments, 1);
    bucket.objects.set(object.key, object);
    bucket.keys.add(object.key);
    if (before !== undefined) this.#refer(before.segments, -1);
  }

  #removeObject(bucketName: string, key: string): void {
    const bucket = this.#bucket(bucketName);
    const before = bucket.objects.get(key);
    bucket.objects.delete(key);
    bucket.keys.delete(key);
    if (before !== undefined) this.#refer(before.segments, -1);
  }

  #removeUpload(uploadId: string): void {
    const open = this.#uploads.get(uploadId);
    this.#uploads.delete(uploadId);
    for (const part of open?.parts.values() ?? []) this.#refer(part.segments, -1);
  }

  #remember(completion: CompletionRecord): void {
    this.#completions.set(completion.uploadId, completion);
    if (this.#completions.size > COMPLETIONS_MAX) {
      const oldest = this.#completions.keys().next().value;
      if (oldest !== undefined) this.#completions.delete(oldest);
    }
  }

  #refer(segments: readonly Segment[], by: 1 | -1): void {
    for (const { blob } of segments) {
      const count = (this.#references.get(blob) ?? 0) + by;
      if (count > 0) this.#references.set(blob, count);
      else {
        this.#references.delete(blob);
        if (!this.#replaying) this.#blobs.remove(blob);
      }
      if (blob >= this.#nextNumber) this.#nextNumber = blob + 1;
    }
  }
}
