import { Secret } from '../../../machines/ports/secret.ts';
import type { S3Keys } from '../../../machines/ports/storage-credential.ts';
import { DAY_MS } from '../../../machines/rules/time.ts';
import { STORAGE_OPERATIONS } from '../../scenario/types.ts';
import { startStorage } from '../../storage/index.ts';
import type { OwnerKey } from '../owner-key.ts';
import { type FaultWords, storageFaults } from './fault-table.ts';
import type { LabStorage, LabStorageOptions } from './lab-storage.ts';

const ACCOUNT = '000000000014';
const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/fortnight-tenants`;
const REGION = 'us-east-1';
/** What MinIO issues at most; AWS's own limits are the issuers' business. */
const LONGEST_SESSION_MS = 365 * DAY_MS;

const ISSUER_OPERATIONS = new Set(['AssumeRole', 'GetFederationToken', 'CreateAccessKey']);

const WORDS: FaultWords = {
  operationOf: (operation) =>
    ISSUER_OPERATIONS.has(operation)
      ? 'AssumeRole'
      : (STORAGE_OPERATIONS.find((known) => known === operation) ?? null),
  errors: {
    SlowDown: { code: 'SlowDown', status: 503 },
    InternalError: { code: 'InternalError', status: 500 },
    ExpiredToken: { code: 'ExpiredToken', status: 400 },
    AccessDenied: { code: 'AccessDenied', status: 403 },
    InvalidAccessKeyId: { code: 'InvalidAccessKeyId', status: 403 },
    RequestTimeTooSkewed: { code: 'RequestTimeTooSkewed', status: 403 },
  },
};

export function ownerS3Keys(key: OwnerKey): S3Keys {
  return {
    kind: 's3-keys',
    keyId: key.accessKeyId,
    secretKey: new Secret(key.secretAccessKey),
    sessionToken: null,
    generation: 0,
    expiresAt: null,
  };
}

/** S3 with STS and IAM: for storages of kind `aws` and `s3-compatible`. */
export async function startS3Storage(
  options: LabStorageOptions,
  kind: 'aws' | 's3-compatible',
): Promise<LabStorage> {
  const { storage, owner, clock, board, onJump } = options;
  const faults = storageFaults({ storage: storage.name, clock, board, onJump, words: WORDS });
  const longestSessionMs = storage.longestSessionMs ?? LONGEST_SESSION_MS;
  const running = await startStorage({
    clock,
    state: options.state,
    region: REGION,
    longestSessionMs,
    identities: [{ userName: 'service-provider', ...owner, policy: 'full' }],
    roles: [
      {
        name: 'fortnight-tenants',
        arn: ROLE_ARN,
        trustedUserNames: ['service-provider'],
        policy: 'full',
        maxSessionMs: longestSessionMs,
      },
    ],
    buckets: options.buckets,
    faults: faults.table,
    wait: faults.wait,
  });
  return {
    name: storage.name,
    ownerCredential: ownerS3Keys(owner),
    issuerAccess: { family: 's3', roleArn: ROLE_ARN },
    locate: (bucket) => ({ storage: kind, endpoint: running.endpoint, region: REGION, bucket }),
    close: () => running.close(),
  };
}
