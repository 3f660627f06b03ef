import type { ObjectStore } from '../../machines/ports/object-store.ts';
import { S3_DIALECTS } from '../s3/dialects.ts';
import { createS3ObjectStore, type S3ObjectStoreOptions } from '../s3/object-store.ts';

/** Amazon S3. Without an endpoint in the location: the region's own. */
export function createAwsObjectStore(options: Omit<S3ObjectStoreOptions, 'dialect'>): ObjectStore {
  return createS3ObjectStore({ ...options, dialect: S3_DIALECTS.aws });
}
