import type { StorageKind } from '../../machines/rules/settings.ts';

/** How S3 servers differ on the wire, as data (architecture, decision 6). */
export interface S3Dialect {
  readonly name: string;
  /** Bucket in the path instead of in the host name. */
  readonly isPathStyle: boolean;
  /**
   * How the storage confirms bytes (I73). `crc32`: it checks `x-amz-checksum-crc32` and repeats it
   * in the answer. `content-md5`: it refuses a body that does not match `Content-MD5`; for servers
   * that ignore the newer headers (Ceph before 18).
   */
  readonly integrity: 'crc32' | 'content-md5';
  /**
   * Codes other than `ExpiredToken` by which an ended session is answered (providers §1.2). They
   * mean expiry only when the credential's own end has passed; else they mean what they say.
   */
  readonly endedSessionCodes: readonly string[];
  readonly hasConditionalWrites: boolean;
  /**
   * Whether the completion of an upload heeds `If-None-Match`; default: as a put does. Where it does
   * not there is a look before it, and who completes the same key between the two replaces what the
   * other has made.
   */
  readonly hasConditionalCompletion?: boolean;
  /** 1: there are no batches. */
  readonly deleteBatchMax: number;
}

const AWS: S3Dialect = {
  name: 'aws',
  isPathStyle: false,
  integrity: 'crc32',
  endedSessionCodes: [],
  hasConditionalWrites: true,
  deleteBatchMax: 1000,
};

/** MinIO says `InvalidAccessKeyId` or `InvalidTokenId`, older Ceph `AccessDenied`. */
const S3_COMPATIBLE: S3Dialect = {
  name: 's3-compatible',
  isPathStyle: true,
  integrity: 'crc32',
  endedSessionCodes: ['InvalidAccessKeyId', 'InvalidTokenId', 'AccessDenied'],
  hasConditionalWrites: true,
  deleteBatchMax: 1000,
};

/**
 * The XML API of Google, for HMAC keys. Its condition is a header of its own, which the signature of
 * S3 may not be mixed with, so create-only puts are a look and a put.
 */
const GCS_XML: S3Dialect = {
  name: 'gcs-xml',
  isPathStyle: true,
  integrity: 'content-md5',
  endedSessionCodes: [],
  hasConditionalWrites: false,
  deleteBatchMax: 1,
};

export const S3_DIALECTS = {
  aws: AWS,
  's3-compatible': S3_COMPATIBLE,
  'gcs-xml': GCS_XML,
} as const satisfies Readonly<Record<string, S3Dialect>>;

/** What a storage of this kind speaks when nothing else is known of it. */
export function dialectOf(storage: StorageKind): S3Dialect {
  if (storage === 'gcs') return GCS_XML;
  return storage === 'aws' ? AWS : S3_COMPATIBLE;
}
