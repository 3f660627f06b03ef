import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import { createS3ObjectStore } from '../../../../adapters/s3/object-store.ts';
import { createS3CompatibleIssuer } from '../../../../adapters/s3-compatible/assume-role-issuer.ts';
import { S3_COMPATIBLE_ASSUME_ROLE } from '../../../../adapters/s3-compatible/capabilities.ts';
import { SERVER_DIALECTS } from '../../../../adapters/s3-compatible/object-store.ts';
import { Secret } from '../../../../machines/ports/secret.ts';
import type { StorageCredential } from '../../../../machines/ports/storage-credential.ts';
import { HOUR_MS } from '../../../../machines/rules/time.ts';
import { createVirtualClock, type VirtualClock } from '../../../../sim/kernel/virtual-clock.ts';
import { describeIssuerContract } from '../../../contract/issuer.contract.ts';
import { describeObjectStoreContract } from '../../../contract/object-store.contract.ts';
import { describeScopeProbes } from '../../../contract/scope-probes.contract.ts';
import { PART_BYTES, type StoreWorld } from '../../../contract/store-world.ts';
import { type CephServer, startCeph } from '../../servers/ceph.ts';

/** The contracts of the ports, with the real adapters in front of a real Ceph RGW. */
let ceph: CephServer;
let worlds = 0;
beforeAll(async () => {
  ceph = await startCeph(() => undefined);
});
afterAll(() => ceph.stop());

/** One clock for the adapters and the server, to the millisecond: it stands until it is moved. */
function sharedClock(): VirtualClock {
  const clock = createVirtualClock(Date.now());
  ceph.stopClock(clock.now());
  return {
    ...clock,
    advanceTo: (at) => {
      clock.advanceTo(at);
      ceph.stopClock(at);
    },
  };
}

async function cephWorld(): Promise<StoreWorld> {
  worlds += 1;
  const bucket = `world-${worlds}`;
  await makeBucket(bucket);
  const clock = sharedClock();
  const ownerCredential: StorageCredential = {
    kind: 's3-keys',
    keyId: ceph.credentials.accessKeyId,
    secretKey: new Secret(ceph.credentials.secretAccessKey),
    sessionToken: null,
    generation: 0,
    expiresAt: null,
  };
  const { endpoint, region } = ceph;
  const location = { storage: 's3-compatible', endpoint, region, bucket } as const;
  const closers: (() => void)[] = [];
  const storeFor = (credential: StorageCredential) => {
    const store = createS3ObjectStore({
      location,
      credential,
      clock,
      dialect: SERVER_DIALECTS.ceph,
      partBytes: PART_BYTES,
      parallelParts: 3,
      refusesExpired: false,
    });
    closers.push(() => store.close());
    return store;
  };
  const issuer = createS3CompatibleIssuer({
    location,
    roleArn: ceph.roles.twelveHours,
    credential: ownerCredential,
    clock,
    capabilities: { ...S3_COMPATIBLE_ASSUME_ROLE, lifetimeMaxMs: 12 * HOUR_MS },
  });
  return {
    clock,
    owner: storeFor(ownerCredential),
    ownerCredential,
    issuer,
    storeFor,
    async close() {
      for (const close of closers) close();
      issuer.close();
    },
  };
}

async function makeBucket(name: string): Promise<void> {
  const { endpoint, region, credentials } = ceph;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: name }));
  client.destroy();
}

describeObjectStoreContract('Ceph RGW', cephWorld);
describeIssuerContract('Ceph RGW', cephWorld);
describeScopeProbes('Ceph RGW', cephWorld);
