import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { startAzurite } from '../servers/azurite.ts';
import { startCeph } from '../servers/ceph.ts';

/** A real server with what a target file of it says. */
export interface RealTarget {
  readonly name: string;
  readonly lines: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const BUCKET = 'verify-target';

export async function cephTarget(write: (line: string) => void): Promise<RealTarget> {
  const ceph = await startCeph(write, { movableClock: false });
  const { credentials, endpoint, region, roles } = ceph;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return {
    name: `Ceph RGW ${ceph.version} by AssumeRole`,
    lines: [
      'kind: s3-compatible',
      `endpoint: ${endpoint}`,
      `region: ${region}`,
      `bucket: ${BUCKET}`,
      'issuer: assume-role',
      `roleArn: ${roles.twelveHours}`,
      'longestSession: 12h',
      'credentials: { environment: { accessKeyId: SP_KEY, secretAccessKey: SP_SECRET } }',
    ],
    environment: { SP_KEY: credentials.accessKeyId, SP_SECRET: credentials.secretAccessKey },
    stop: () => ceph.stop(),
  };
}

export async function azuriteTarget(write: (line: string) => void): Promise<RealTarget> {
  const azurite = await startAzurite(write, { movableClock: false });
  const { accountKey, accountName } = azurite.credentials;
  const key = new StorageSharedKeyCredential(accountName, accountKey);
  await new BlobServiceClient(azurite.endpoint, key).createContainer(BUCKET);
  return {
    name: `Azurite ${azurite.version} by account-key SAS`,
    lines: [
      'kind: azure',
      `endpoint: ${azurite.endpoint}`,
      `bucket: ${BUCKET}`,
      'hierarchicalNamespace: false',
      'credentials: { environment: { accountKey: SP_ACCOUNT_KEY } }',
    ],
    environment: { SP_ACCOUNT_KEY: accountKey },
    stop: () => azurite.stop(),
  };
}
