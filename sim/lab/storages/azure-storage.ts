import { createHmac } from 'node:crypto';
import { Secret } from '../../../machines/ports/secret.ts';
import type {
  AzureAccountKey,
  AzureApplication,
} from '../../../machines/ports/storage-credential.ts';
import { startAzureStorage } from '../../storage/azure/start.ts';
import { type FaultWords, storageFaults } from './fault-table.ts';
import type { LabStorage, LabStorageOptions } from './lab-storage.ts';

const OPERATION_OF: Readonly<Record<string, ReturnType<FaultWords['operationOf']>>> = {
  PutBlob: 'PutObject',
  PutBlock: 'UploadPart',
  PutBlockList: 'CompleteMultipartUpload',
  GetBlob: 'GetObject',
  GetBlobProperties: 'HeadObject',
  ListBlobs: 'ListObjectsV2',
  DeleteBlob: 'DeleteObject',
  CopyBlob: 'CopyObject',
  GetUserDelegationKey: 'AssumeRole',
  SetContainerAcl: 'AssumeRole',
};

const WORDS: FaultWords = {
  operationOf: (operation) => OPERATION_OF[operation] ?? null,
  errors: {
    SlowDown: { code: 'ServerBusy', status: 503 },
    InternalError: { code: 'InternalError', status: 500 },
    ExpiredToken: { code: 'AuthenticationFailed', status: 403 },
    AccessDenied: { code: 'AuthorizationPermissionMismatch', status: 403 },
    InvalidAccessKeyId: { code: 'AuthenticationFailed', status: 403 },
    RequestTimeTooSkewed: { code: 'AuthenticationFailed', status: 403 },
  },
};

/** Azure Blob with one account: the SP's, and one application in Entra ID (C21). */
export async function startAzureLabStorage(options: LabStorageOptions): Promise<LabStorage> {
  const { storage, owner, clock, board, onJump } = options;
  const derive = (purpose: string): Buffer =>
    createHmac('sha512', owner.secretAccessKey).update(`azure ${purpose}`).digest();
  const guid = (purpose: string): string =>
    derive(purpose)
      .toString('hex')
      .slice(0, 32)
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const account = accountName(storage.name);
  const accountKey = derive('account key').toString('base64');
  const directory = guid('directory');
  const clientId = guid('client');
  const clientSecret = derive('client secret').toString('base64url');
  const faults = storageFaults({ storage: storage.name, clock, board, onJump, words: WORDS });
  const running = await startAzureStorage({
    clock,
    state: options.state,
    accounts: [
      {
        name: account,
        key: accountKey,
        hierarchicalNamespace: storage.hasHierarchicalNamespace,
        containers: options.buckets,
      },
    ],
    entra: {
      tenantId: directory,
      signingSecret: derive('token').toString('base64'),
      applications: [
        { clientId, clientSecret, objectId: guid('object'), roles: ['Storage Blob Data Owner'] },
      ],
    },
    faults: faults.table,
    wait: faults.wait,
  });
  const ownerCredential: AzureAccountKey = {
    kind: 'azure-account-key',
    keyId: account,
    accountKey: new Secret(accountKey),
    generation: 0,
    expiresAt: null,
  };
  const application: AzureApplication = {
    kind: 'azure-application',
    keyId: clientId,
    directory,
    clientSecret: new Secret(clientSecret),
    generation: 0,
    expiresAt: null,
  };
  const endpoint = `${running.endpoint}/${account}`;
  return {
    name: storage.name,
    ownerCredential,
    issuerAccess: {
      family: 'azure',
      hasHierarchicalNamespace: storage.hasHierarchicalNamespace,
      application,
      authority: running.endpoint,
    },
    locate: (bucket) => ({ storage: 'azure', endpoint, region: '', bucket }),
    close: () => running.close(),
  };
}

/** 3 to 24 lower-case letters and digits, as Azure wants it. */
function accountName(storage: string): string {
  return `${storage.toLowerCase().replace(/[^a-z0-9]/g, '')}lab`.slice(0, 24).padStart(3, 'x');
}
