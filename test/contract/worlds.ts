import { MemoryBucket } from '../../adapters/memory/bucket.ts';
import { createMemoryIssuer } from '../../adapters/memory/issuer.ts';
import { createMemoryObjectStore } from '../../adapters/memory/object-store.ts';
import type { S3Dialect } from '../../adapters/s3/dialects.ts';
import { S3_DIALECTS } from '../../adapters/s3/dialects.ts';
import { createS3ObjectStore } from '../../adapters/s3/object-store.ts';
import { createS3CompatibleIssuer } from '../../adapters/s3-compatible/assume-role-issuer.ts';
import { Secret } from '../../machines/ports/secret.ts';
import type {
  S3Keys,
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { DAY_MS } from '../../machines/rules/time.ts';
import { createVirtualClock } from '../../sim/kernel/virtual-clock.ts';
import { type RequestRecord, type RunningStorage, startStorage } from '../../sim/storage/index.ts';
import { PART_BYTES, START_AT, type StoreWorld } from './store-world.ts';

export const OWNER_SECRET = 'owner-secret-key/with+odd=characters&<>';
const ROLE_ARN = 'arn:aws:iam::000000000000:role/fortnight';

function ownerCredential(): S3Keys {
  return {
    kind: 's3-keys',
    keyId: 'AKIAOWNEROWNEROWNER1',
    secretKey: new Secret(OWNER_SECRET),
    sessionToken: null,
    generation: 0,
    expiresAt: null,
  };
}

export async function memoryWorld(): Promise<StoreWorld> {
  const clock = createVirtualClock(START_AT);
  const credential = ownerCredential();
  const bucket = new MemoryBucket(credential);
  const storeFor = (held: StorageCredential) =>
    createMemoryObjectStore({ bucket, credential: held, clock, partBytes: PART_BYTES });
  return {
    clock,
    owner: storeFor(credential),
    ownerCredential: credential,
    issuer: createMemoryIssuer({ bucket, clock }),
    storeFor,
    async close() {},
  };
}

export interface HttpStoreWorld extends StoreWorld {
  readonly ownerCredential: S3Keys;
  readonly storage: RunningStorage;
  readonly location: StorageLocation;
  readonly requests: readonly RequestRecord[];
}

/** The simulated storage over HTTP, the official SDKs in front of it, one clock for both sides. */
export async function httpWorld(
  dialect: S3Dialect = S3_DIALECTS['s3-compatible'],
): Promise<HttpStoreWorld> {
  const clock = createVirtualClock(START_AT);
  const credential = ownerCredential();
  const requests: RequestRecord[] = [];
  const storage = await startStorage({
    clock,
    state: { kind: 'memory' },
    longestSessionMs: 365 * DAY_MS,
    identities: [
      {
        userName: 'owner',
        accessKeyId: credential.keyId,
        secretAccessKey: OWNER_SECRET,
        policy: 'full',
      },
    ],
    roles: [
      {
        name: 'fortnight',
        arn: ROLE_ARN,
        trustedUserNames: ['owner'],
        policy: 'full',
        maxSessionMs: 365 * DAY_MS,
      },
    ],
    buckets: ['vault'],
    onRequest: (record) => void requests.push(record),
  });
  const location = {
    storage: 's3-compatible',
    endpoint: storage.endpoint,
    region: 'us-east-1',
    bucket: 'vault',
  } as const;
  const closers: (() => void)[] = [];
  const storeFor = (held: StorageCredential) => {
    const store = createS3ObjectStore({
      location,
      credential: held,
      clock,
      dialect,
      partBytes: PART_BYTES,
      parallelParts: 3,
      refusesExpired: false,
    });
    closers.push(() => store.close());
    return store;
  };
  const issuer = createS3CompatibleIssuer({ location, roleArn: ROLE_ARN, credential, clock });
  return {
    clock,
    owner: storeFor(credential),
    ownerCredential: credential,
    issuer,
    storeFor,
    storage,
    location,
    requests,
    async close() {
      for (const close of closers) close();
      issuer.close();
      await storage.close();
    },
  };
}
