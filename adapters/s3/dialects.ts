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

export const S3_DIALECTS: Readonly<Record<'aws' | 's3-compatible', S3Dialect>> = {
  aws: AWS,
  's3-compatible': S3_COMPATIBLE,
};
