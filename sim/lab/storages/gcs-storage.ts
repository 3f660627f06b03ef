import { Secret } from '../../../machines/ports/secret.ts';
import type { GcsServiceAccount } from '../../../machines/ports/storage-credential.ts';
import { startGcsStorage } from '../../storage/gcs/start.ts';
import { type FaultWords, storageFaults } from './fault-table.ts';
import type { LabStorage, LabStorageOptions } from './lab-storage.ts';

const PROJECT = 'fortnight-lab';
const OWNER = `service-provider@${PROJECT}.iam.gserviceaccount.com`;

const OPERATION_OF: Readonly<Record<string, ReturnType<FaultWords['operationOf']>>> = {
  'storage.objects.insert': 'PutObject',
  'storage.objects.insert.start': 'CreateMultipartUpload',
  'storage.objects.insert.chunk': 'UploadPart',
  'storage.objects.insert.cancel': 'AbortMultipartUpload',
  'storage.objects.get': 'GetObject',
  'storage.objects.list': 'ListObjectsV2',
  'storage.objects.delete': 'DeleteObject',
  'storage.objects.rewrite': 'CopyObject',
  'storage.objects.copy': 'CopyObject',
  'sts.token': 'AssumeRole',
  'storage.projects.hmacKeys.create': 'AssumeRole',
};

const WORDS: FaultWords = {
  operationOf: (operation) => OPERATION_OF[operation] ?? null,
  errors: {
    SlowDown: { code: 'rateLimitExceeded', status: 429 },
    InternalError: { code: 'backendError', status: 503 },
    ExpiredToken: { code: 'authError', status: 401 },
    AccessDenied: { code: 'forbidden', status: 403 },
    InvalidAccessKeyId: { code: 'authError', status: 401 },
    RequestTimeTooSkewed: { code: 'authError', status: 401 },
  },
};

/** Cloud Storage with one service account, the SP's, that has all rights in its project. */
export async function startGcsLabStorage(options: LabStorageOptions): Promise<LabStorage> {
  const { storage, clock, board, onJump } = options;
  const faults = storageFaults({ storage: storage.name, clock, board, onJump, words: WORDS });
  const owner = `serviceAccount:${OWNER}`;
  const roles = ['roles/storage.admin', 'roles/storage.hmacKeyAdmin'];
  const longest =
    storage.longestSessionMs === null ? {} : { tokenLifetimeMs: storage.longestSessionMs };
  const running = await startGcsStorage({
    clock,
    state: options.state,
    projects: [
      {
        projectId: PROJECT,
        bindings: roles.map((role) => ({ role, members: [owner] })),
        accountAdmins: [owner],
      },
    ],
    serviceAccounts: [
      { email: OWNER, projectId: PROJECT, generateKey: true, tokenCreators: [owner] },
    ],
    buckets: options.buckets.map((name) => ({ name })),
    ...longest,
    faults: faults.table,
    wait: faults.wait,
  });
  const key = running.serviceAccountKey(OWNER);
  if (key === undefined) throw new Error('the lab made no key for its service account');
  const ownerCredential: GcsServiceAccount = {
    kind: 'gcs-service-account',
    keyId: OWNER,
    privateKey: new Secret(key.private_key),
    generation: 0,
    expiresAt: null,
  };
  const { endpoint } = running;
  return {
    name: storage.name,
    ownerCredential,
    issuerAccess: {
      family: 'gcs',
      endpoints: {
        tokenUrl: running.tokenUrl,
        exchangeUrl: running.exchangeUrl,
        iam: running.endpoint,
        iamCredentials: running.endpoint,
      },
    },
    locate: (bucket) => ({
      storage: 'gcs',
      endpoint,
      region: '',
      bucket,
      tokenUrl: running.tokenUrl,
    }),
    close: () => running.close(),
  };
}
