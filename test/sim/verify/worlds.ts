import { generateKeyPairSync } from 'node:crypto';
import { createRealClock } from '../../../adapters/clock/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import { createVirtualClock, type VirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { startAzureStorage } from '../../../sim/storage/azure/index.ts';
import { startGcsStorage } from '../../../sim/storage/gcs/index.ts';
import {
  type FaultTable,
  PROFILES,
  type ProfileName,
  startStorage,
} from '../../../sim/storage/index.ts';
import type { PointReport } from '../../../sim/verify/outcome.ts';
import { runVerify, type VerifyReport } from '../../../sim/verify/run.ts';
import { parseTarget } from '../../../sim/verify/target/load.ts';
import { readSecrets } from '../../../sim/verify/target/secrets.ts';
import { START_AT } from '../../contract/store-world.ts';

export const ENVIRONMENT = {
  SP_KEY: 'AKIAOWNEROWNEROWNER1',
  SP_SECRET: 'owner-secret-key/with+odd=characters&<>',
  SP_ACCOUNT_KEY: Buffer.from('the key of the account/with+odd=bytes').toString('base64'),
  SP_CLIENT_SECRET: 'secret of the application',
} as const;

const ACCOUNT = 'fortnightazure';
const DIRECTORY = '99999999-9999-4999-8999-999999999999';
const CLIENT = '22222222-2222-4222-8222-222222222222';
const PROJECT = 'sp-project';
const EMAIL = `fortnight@${PROJECT}.iam.gserviceaccount.com`;

/** A simulated storage with what a target file of it says. */
export interface VerifyWorld {
  readonly clock: VirtualClock;
  readonly lines: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** All objects and containers that there are, as `bucket` names; empty of the run's when it is done. */
  bucketNames(): readonly string[];
  /** Of the storage; faults that a test adds while it runs. */
  readonly faults: FaultTable;
  close(): Promise<void>;
}

export interface S3WorldOptions {
  readonly kind?: 'aws' | 's3-compatible';
  readonly profile?: ProfileName;
  readonly issuer: 'iam-user' | 'federation-token' | 'assume-role';
  readonly longestSessionMs?: number;
  /** Of the storage; default: the world's, which stands still. */
  readonly storageNow?: () => number;
}

export async function s3World(options: S3WorldOptions): Promise<VerifyWorld> {
  const { issuer, kind = 's3-compatible', profile = 'aws' } = options;
  const clock = createVirtualClock(START_AT);
  const maxSessionMs = options.longestSessionMs ?? 365 * 24 * HOUR_MS;
  const arn = 'arn:aws:iam::000000000000:role/fortnight';
  const storage = await startStorage({
    clock: { now: options.storageNow ?? (() => clock.now()) },
    state: { kind: 'memory' },
    profile: PROFILES[profile],
    longestSessionMs: maxSessionMs,
    identities: [
      {
        userName: 'owner',
        accessKeyId: ENVIRONMENT.SP_KEY,
        secretAccessKey: ENVIRONMENT.SP_SECRET,
        policy: 'full',
      },
    ],
    roles: [{ name: 'fortnight', arn, trustedUserNames: ['owner'], policy: 'full', maxSessionMs }],
    buckets: ['vault'],
  });
  return {
    clock,
    lines: [
      `kind: ${kind}`,
      `endpoint: ${storage.endpoint}`,
      'region: us-east-1',
      'bucket: vault',
      `issuer: ${issuer}`,
      ...(issuer === 'assume-role' ? [`roleArn: ${arn}`] : []),
      'credentials:',
      '  environment: { accessKeyId: SP_KEY, secretAccessKey: SP_SECRET }',
    ],
    environment: ENVIRONMENT,
    bucketNames: () => storage.bucketNames(),
    faults: storage.faults,
    close: () => storage.close(),
  };
}

export interface AzureWorldOptions {
  readonly hasDirectories: boolean;
  readonly issuer?: 'account-key-sas' | 'user-delegation-sas';
  readonly storedAccessPolicy?: boolean;
  readonly sasSpanMaxMs?: number;
}

export async function azureWorld(options: AzureWorldOptions): Promise<VerifyWorld> {
  const { hasDirectories, issuer = 'account-key-sas', storedAccessPolicy = false } = options;
  const clock = createVirtualClock(START_AT);
  const storage = await startAzureStorage({
    clock,
    state: { kind: 'memory' },
    accounts: [
      {
        name: ACCOUNT,
        key: ENVIRONMENT.SP_ACCOUNT_KEY,
        hierarchicalNamespace: hasDirectories,
        containers: ['vault'],
        ...(options.sasSpanMaxMs === undefined ? {} : { sasSpanMaxMs: options.sasSpanMaxMs }),
      },
    ],
    entra: {
      tenantId: DIRECTORY,
      signingSecret: 'signs the tokens',
      applications: [
        {
          clientId: CLIENT,
          clientSecret: ENVIRONMENT.SP_CLIENT_SECRET,
          objectId: '11111111-1111-4111-8111-111111111111',
          roles: ['Storage Blob Data Contributor'],
        },
      ],
    },
  });
  const hasApplication = issuer === 'user-delegation-sas';
  return {
    clock,
    lines: [
      'kind: azure',
      `endpoint: ${storage.endpoint}/${ACCOUNT}`,
      'bucket: vault',
      `issuer: ${issuer}`,
      `hierarchicalNamespace: ${hasDirectories}`,
      `storedAccessPolicy: ${storedAccessPolicy}`,
      ...(hasApplication
        ? [`directory: ${DIRECTORY}`, `clientId: ${CLIENT}`, `authority: ${storage.endpoint}`]
        : []),
      'credentials:',
      '  environment:',
      '    accountKey: SP_ACCOUNT_KEY',
      ...(hasApplication ? ['    clientSecret: SP_CLIENT_SECRET'] : []),
    ],
    environment: ENVIRONMENT,
    bucketNames: () => storage.bucketNames(),
    faults: storage.faults,
    close: () => storage.close(),
  };
}

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

export async function gcsWorld(issuer: 'downscoped-token' | 'hmac-key'): Promise<VerifyWorld> {
  const clock = createVirtualClock(START_AT);
  const owner = `serviceAccount:${EMAIL}`;
  const roles = ['roles/storage.admin', 'roles/storage.hmacKeyAdmin'];
  const storage = await startGcsStorage({
    clock,
    state: { kind: 'memory' },
    projects: [
      {
        projectId: PROJECT,
        bindings: roles.map((role) => ({ role, members: [owner] })),
        accountAdmins: [owner],
      },
    ],
    serviceAccounts: [
      {
        email: EMAIL,
        projectId: PROJECT,
        keys: [{ keyId: 'k1', publicKey }],
        tokenCreators: [owner],
        longestTokenMs: 12 * HOUR_MS,
      },
    ],
    buckets: [{ name: 'vault-bucket' }],
  });
  const key = JSON.stringify({ client_email: EMAIL, private_key: privateKey });
  return {
    clock,
    lines: [
      'kind: gcs',
      `endpoint: ${storage.endpoint}`,
      'bucket: vault-bucket',
      `issuer: ${issuer}`,
      `tokenUrl: ${storage.tokenUrl}`,
      `exchangeUrl: ${storage.exchangeUrl}`,
      `iamUrl: ${storage.endpoint}`,
      `iamCredentialsUrl: ${storage.endpoint}`,
      'credentials: { environment: { serviceAccountKey: SP_KEY_FILE } }',
    ],
    environment: { SP_KEY_FILE: key },
    bucketNames: () => storage.bucketNames(),
    faults: storage.faults,
    close: () => storage.close(),
  };
}

export interface RunOptions {
  /** Lines that are added to the target file. */
  readonly lines?: readonly string[];
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly onPoint?: (point: PointReport) => void;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Verifies the world's storage; waiting moves its clock. */
export function verifyWorld(world: VerifyWorld, options: RunOptions = {}): Promise<VerifyReport> {
  const text = [...world.lines, ...(options.lines ?? [])].join('\n');
  const result = parseTarget(text, 'target.yaml');
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.text).join('; '));
  const { target } = result;
  return runVerify({
    target,
    secrets: readSecrets(target, options.environment ?? world.environment),
    clock: options.clock ?? world.clock,
    waitUntil: async (at) => {
      if (at > world.clock.now()) world.clock.advanceTo(at);
    },
    limitClock: createRealClock(),
    signal: options.signal ?? new AbortController().signal,
    runId: 'test',
    onPoint: options.onPoint ?? (() => undefined),
  });
}

export function verdicts(report: VerifyReport): Readonly<Record<string, string>> {
  return Object.fromEntries(report.points.map(({ id, verdict }) => [id, verdict]));
}

/** Points that did not pass, as one line each: what a failed test shows. */
export function troubles(report: VerifyReport): readonly string[] {
  return report.points
    .filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')
    .map(({ answered, id, verdict }) => `${id} ${verdict}: ${answered}`);
}
