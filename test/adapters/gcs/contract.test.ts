import { describeObjectStoreContract } from '../../contract/object-store.contract.ts';
import { xmlOwnerWorld } from './issuers.ts';
import { gcsWorld } from './world.ts';

describeObjectStoreContract('Cloud Storage over HTTP', () => gcsWorld());
// A condition is another header than S3's, so create-only puts are a look and a put (`gcs-xml`).
describeObjectStoreContract('Cloud Storage by HMAC key and the S3 adapter', xmlOwnerWorld, {
  hasAtomicCreate: false,
});
