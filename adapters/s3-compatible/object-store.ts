import type { ObjectStore } from '../../machines/ports/object-store.ts';
import { S3_DIALECTS, type S3Dialect } from '../s3/dialects.ts';
import { createS3ObjectStore, type S3ObjectStoreOptions } from '../s3/object-store.ts';

/** Differences of servers that are known (real-servers). */
export const SERVER_DIALECTS = {
  default: S3_DIALECTS['s3-compatible'],
  /**
   * Ceph before 18 ignores `x-amz-checksum-*`; it checks `Content-MD5`. It heeds `If-None-Match` of a
   * put, and not of a completed upload.
   */
  ceph: {
    ...S3_DIALECTS['s3-compatible'],
    name: 'ceph',
    integrity: 'content-md5',
    hasConditionalCompletion: false,
  },
} as const satisfies Record<string, S3Dialect>;

/** Any other S3 server; path-style. */
export function createS3CompatibleObjectStore(
  options: Omit<S3ObjectStoreOptions, 'dialect'> & {
    readonly server?: keyof typeof SERVER_DIALECTS;
  },
): ObjectStore {
  const { server = 'default', ...rest } = options;
  return createS3ObjectStore({ ...rest, dialect: SERVER_DIALECTS[server] });
}
