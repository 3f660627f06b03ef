import { createHash } from 'node:crypto';
import { HeadBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import {
  type PolicyDocument,
  type RequestRecord,
  type RunningStorage,
  type StorageOptions,
  startStorage,
} from '../../../sim/storage/index.ts';

export const START = Date.UTC(2026, 0, 15, 12, 0, 0);
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const BUCKET = 'backup-bucket';
export const ROLE_ARN = 'arn:aws:iam::123456789012:role/tenant-access';
export const SHORT_ROLE_ARN = 'arn:aws:iam::123456789012:role/short';

export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export const ADMIN: Keys = { accessKeyId: 'AKIAADMIN', secretAccessKey: 'admin-secret' };
export const NOBODY: Keys = { accessKeyId: 'AKIANOBODY', secretAccessKey: 'nobody-secret' };

/** A storage on a movable clock, with real SDK clients whose clock is the same. */
export interface Lab {
  storage: RunningStorage;
  clock: { at: number };
  records: RequestRecord[];
  internalErrors: unknown[];
  s3(keys?: Keys, config?: S3ClientConfig): S3Client;
  sts(keys?: Keys): STSClient;
  /** Issues a session of the tenant role. */
  assume(options?: {
    seconds?: number;
    policy?: PolicyDocument;
    roleArn?: string;
    keys?: Keys;
  }): Promise<Keys & { expiresAt: number }>;
  close(): Promise<void>;
}

/** Counting bytes, so that each run issues the same keys. */
export function countingRandom(): (bytes: number) => Buffer {
  let count = 0;
  return (bytes) => {
    count += 1;
    return createHash('sha512').update(String(count)).digest().subarray(0, bytes);
  };
}

export async function startLab(overrides: Partial<StorageOptions> = {}): Promise<Lab> {
  const clock = { at: START };
  const records: RequestRecord[] = [];
  const internalErrors: unknown[] = [];
  const clients: { destroy(): void }[] = [];
  const storage = await startStorage({
    clock: { now: () => clock.at },
    state: { kind: 'memory' },
    // A profile brings its own limit.
    ...(overrides.profile === undefined ? { longestSessionMs: 365 * DAY_MS } : {}),
    identities: [
      { userName: 'admin', ...ADMIN, policy: 'full' },
      {
        userName: 'nobody',
        ...NOBODY,
        policy: {
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' },
        },
      },
    ],
    roles: [
      {
        name: 'tenant-access',
        arn: ROLE_ARN,
        trustedUserNames: ['admin', ROLE_ARN],
        policy: 'full',
        maxSessionMs: 365 * DAY_MS,
      },
      {
        name: 'short',
        arn: SHORT_ROLE_ARN,
        trustedUserNames: ['admin'],
        policy: 'full',
        maxSessionMs: 2 * HOUR_MS,
      },
    ],
    buckets: [BUCKET],
    random: countingRandom(),
    onRequest: (record) => records.push(record),
    onInternalError: (error) => internalErrors.push(error),
    ...overrides,
  });
  // The SDK signs at Date.now() + offset and would overwrite the offset after each reply.
  const pin = <Client extends S3Client | STSClient>(client: Client): Client => {
    Object.defineProperty(client.config, 'systemClockOffset', {
      get: () => clock.at - Date.now(),
      set: () => undefined,
    });
    clients.push(client);
    return client;
  };
  const base = { endpoint: storage.endpoint, region: 'us-east-1', maxAttempts: 1 };
  const lab: Lab = {
    storage,
    clock,
    records,
    internalErrors,
    s3: (keys = ADMIN, config = {}) =>
      pin(new S3Client({ ...base, forcePathStyle: true, credentials: keys, ...config })),
    sts: (keys = ADMIN) => pin(new STSClient({ ...base, credentials: keys })),
    assume: async ({ seconds, policy, roleArn, keys } = {}) => {
      const { Credentials: issued } = await lab.sts(keys).send(
        new AssumeRoleCommand({
          RoleArn: roleArn ?? ROLE_ARN,
          RoleSessionName: 'acme',
          ...(seconds === undefined ? {} : { DurationSeconds: seconds }),
          ...(policy === undefined ? {} : { Policy: JSON.stringify(policy) }),
        }),
      );
      return {
        accessKeyId: issued!.AccessKeyId!,
        secretAccessKey: issued!.SecretAccessKey!,
        sessionToken: issued!.SessionToken!,
        expiresAt: issued!.Expiration!.getTime(),
      };
    },
    close: async () => {
      for (const client of clients) client.destroy();
      await storage.close();
    },
  };
  return lab;
}

/** Name and status of the error that a request ends with; fails when it succeeds. */
export async function refusal(
  request: Promise<unknown>,
): Promise<{ code: string; status: number; message: string }> {
  try {
    await request;
  } catch (error) {
    const found = error as {
      name: string;
      message: string;
      $metadata?: { httpStatusCode?: number };
    };
    return {
      code: found.name,
      status: found.$metadata?.httpStatusCode ?? 0,
      message: found.message,
    };
  }
  throw new Error('the request succeeded although it must be refused');
}

/** A cheap request that needs nothing but a valid credential. */
export function ping(client: S3Client): Promise<unknown> {
  return client.send(new HeadBucketCommand({ Bucket: BUCKET }));
}

/** The tenant policy of reference/providers.md §2. */
export function tenantPolicy(tenant: string, repository = 'Veeam/Backup/repo'): PolicyDocument {
  const bucket = `arn:aws:s3:::${BUCKET}`;
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'TenantObjects',
        Effect: 'Allow',
        Action: [
          's3:GetObject',
          's3:PutObject',
          's3:DeleteObject',
          's3:AbortMultipartUpload',
          's3:ListMultipartUploadParts',
        ],
        Resource: `${bucket}/${repository}/Clients/${tenant}/*`,
      },
      {
        Sid: 'ConfigRead',
        Effect: 'Allow',
        Action: ['s3:GetObject'],
        Resource: `${bucket}/${repository}/Config/*`,
      },
      {
        Sid: 'List',
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: bucket,
        Condition: {
          StringLike: {
            's3:prefix': [`${repository}/Clients/${tenant}/*`, `${repository}/Config/*`],
          },
        },
      },
      {
        Sid: 'Bucket',
        Effect: 'Allow',
        Action: ['s3:GetBucketLocation', 's3:GetBucketVersioning'],
        Resource: bucket,
      },
    ],
  };
}
