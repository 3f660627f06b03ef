import type { ChecksumAlgorithm, ChecksumType } from './checksums.ts';

/** A piece of an object: a whole immutable blob. A completed multipart upload has one a part. */
export interface Segment {
  readonly blob: number;
  readonly size: number;
}

/** What a client may attach to an object. System headers have their lower-case HTTP name. */
export interface ObjectAttributes {
  readonly systemHeaders: Readonly<Record<string, string>>;
  readonly userMetadata: Readonly<Record<string, string>>;
}

/** A checksum in base64, with `-N` at its end when it is composed of N part checksums. */
export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  readonly value: string;
}

export interface ObjectRecord extends ObjectAttributes {
  readonly key: string;
  readonly size: number;
  /** Without quotes: MD5 in hex, or `md5-N` for N parts. */
  readonly etag: string;
  readonly modifiedAt: number;
  readonly segments: readonly Segment[];
  readonly checksum?: StoredChecksum;
  /** When the key came to be, where the protocol tells that apart from `modifiedAt`. */
  readonly createdAt?: number;
  /** Azure block names, one for each segment, when the object was made of named blocks. */
  readonly blockNames?: readonly string[];
  /** Google: the number of this version of the object, and of its metadata. */
  readonly generation?: number;
  readonly metageneration?: number;
  /** Google: of how many objects it was composed. */
  readonly componentCount?: number;
}

export interface PartRecord {
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: number;
  readonly segments: readonly Segment[];
  readonly checksum?: StoredChecksum;
  /** The client's own name of the part, where parts are named (Azure block ids). */
  readonly name?: string;
}

/** An open multipart upload. It belongs to bucket and key, not to the session that began it. */
export interface UploadRecord extends ObjectAttributes {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiatedAt: number;
  readonly initiatorArn: string;
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly checksumType?: ChecksumType;
}

/** Remembered so that a repeated CompleteMultipartUpload, whose reply was lost, succeeds again. */
export interface CompletionRecord {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
}

/** Every change of the object core, as it is journaled and replayed. */
export type CoreChange =
  | { readonly type: 'bucket.created'; readonly bucket: string; readonly at: number }
  | { readonly type: 'bucket.deleted'; readonly bucket: string }
  | { readonly type: 'object.put'; readonly bucket: string; readonly object: ObjectRecord }
  | { readonly type: 'object.deleted'; readonly bucket: string; readonly key: string }
  | { readonly type: 'upload.created'; readonly upload: UploadRecord }
  | { readonly type: 'part.put'; readonly uploadId: string; readonly part: PartRecord }
  | { readonly type: 'upload.aborted'; readonly uploadId: string }
  | {
      readonly type: 'upload.completed';
      readonly completion: CompletionRecord;
      /** Absent only in a compacted journal, where the object has its own record. */
      readonly object?: ObjectRecord;
    }
  | { readonly type: 'sequence.reached'; readonly next: number };
