import { createHash, generateKeyPairSync } from 'node:crypto';
import { Storage, type StorageOptions } from '@google-cloud/storage';
import {
  type AuthClient,
  type CredentialAccessBoundary,
  DownscopedClient,
  gaxios,
  JWT,
  OAuth2Client,
} from 'google-auth-library';
import { vi } from 'vitest';
import {
  type GcsStorageOptions,
  type RunningGcsStorage,
  startGcsStorage,
} from '../../../../sim/storage/gcs/index.ts';
import type { RequestRecord } from '../../../../sim/storage/index.ts';

export const START = Date.UTC(2026, 0, 15, 12, 0, 0);
export const HOUR_MS = 3_600_000;
export const BUCKET = 'backup-bucket';
export const PROJECT = 'lab-project';
export const ADMIN = `admin@${PROJECT}.iam.gserviceaccount.com`;
export const TENANT = `tenant@${PROJECT}.iam.gserviceaccount.com`;
export const HMAC = { accessId: `GOOG1E${'T'.repeat(55)}`, secret: 'tenant-secret' };
export const TENANT_FOLDER = 'Veeam/Backup/R/Clients/T1/';
export const CONFIG_FOLDER = 'Veeam/Backup/R/Config/';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
export const PRIVATE_KEY = privateKey;

export interface Lab {
  readonly server: RunningGcsStorage;
  readonly records: RequestRecord[];
  readonly internalErrors: unknown[];
  now(): number;
  /** Moves the clock of the storage and that of the clients. */
  moveTo(at: number): void;
  token(email?: string, lifetimeMs?: number): string;
  /** The unmodified client with any authentication of Google's library. */
  storage(auth: AuthClient, options?: StorageOptions): Storage;
  /** The unmodified client with one token. */
  withToken(token?: string): Storage;
  jwt(email?: string): JWT;
  downscoped(source: AuthClient, boundary: CredentialAccessBoundary): DownscopedClient;
  fetch(path: string, init?: RequestInit & { token?: string }): Promise<Response>;
  close(): Promise<void>;
}

export async function startLab(overrides: Partial<GcsStorageOptions> = {}): Promise<Lab> {
  vi.useFakeTimers({ toFake: ['Date'], now: START });
  const records: RequestRecord[] = [];
  const internalErrors: unknown[] = [];
  let at = START;
  let count = 0;
  const server = await startGcsStorage({
    clock: { now: () => at },
    state: { kind: 'memory' },
    projects: [
      {
        projectId: PROJECT,
        bindings: [
          {
            role: 'roles/storage.admin',
            members: [`serviceAccount:${ADMIN}`],
          },
          { role: 'roles/storage.hmacKeyAdmin', members: [`serviceAccount:${ADMIN}`] },
        ],
      },
    ],
    serviceAccounts: [
      {
        email: ADMIN,
        projectId: PROJECT,
        keys: [{ keyId: 'k1', publicKey }],
        longestTokenMs: 12 * HOUR_MS,
      },
      {
        email: TENANT,
        projectId: PROJECT,
        hmacKeys: [HMAC],
        tokenCreators: [`serviceAccount:${ADMIN}`],
      },
    ],
    buckets: [{ name: BUCKET }],
    random: (bytes) => {
      count += 1;
      return createHash('sha512').update(String(count)).digest().subarray(0, bytes);
    },
    onRequest: (record) => records.push(record),
    onInternalError: (error) => internalErrors.push(error),
    ...overrides,
  });
  const token = (email = ADMIN, lifetimeMs = HOUR_MS): string =>
    server.issueAccessToken({ email, lifetimeMs }).token;
  const storage = (auth: AuthClient, options: StorageOptions = {}): Storage =>
    new Storage({
      apiEndpoint: server.endpoint,
      useAuthWithCustomEndpoint: true,
      projectId: PROJECT,
      authClient: auth,
      retryOptions: { autoRetry: false },
      ...options,
    });
  return {
    server,
    records,
    internalErrors,
    now: () => at,
    moveTo: (to) => {
      at = to;
      vi.setSystemTime(to);
    },
    token,
    storage,
    withToken: (given = token()) => storage(clientOf(given)),
    jwt: (email = ADMIN) =>
      new JWT({
        email,
        key: PRIVATE_KEY,
        scopes: ['https://www.googleapis.com/auth/cloud-platform'],
        transporter: redirected(server.tokenUrl),
      }),
    downscoped: (source, boundary) => downscopedClient(server, source, boundary),
    fetch: (path, { token: bearer, ...init } = {}) => {
      const headers = new Headers(init.headers);
      if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`);
      return fetch(`${server.endpoint}${path}`, { ...init, headers, redirect: 'manual' });
    },
    close: async () => {
      await server.close();
      vi.useRealTimers();
    },
  };
}

function clientOf(token: string): OAuth2Client {
  const client = new OAuth2Client();
  client.setCredentials({ access_token: token });
  return client;
}

/** The library posts assertions to a fixed address: its transport is pointed at the storage. */
function redirected(tokenUrl: string): gaxios.Gaxios {
  const transport = new gaxios.Gaxios();
  transport.interceptors.request.add({
    resolved: async (config) => {
      if (String(config.url) === 'https://oauth2.googleapis.com/token') {
        config.url = new URL(tokenUrl);
      }
      return config;
    },
  });
  return transport;
}

/** The exchange goes to the public address as well; the library keeps it in one object. */
function downscopedClient(
  server: RunningGcsStorage,
  source: AuthClient,
  boundary: CredentialAccessBoundary,
): DownscopedClient {
  const client = new DownscopedClient({ authClient: source, credentialAccessBoundary: boundary });
  const holder = client as unknown as {
    stsCredential: { constructor: new (options: { tokenExchangeEndpoint: string }) => object };
  };
  const { constructor: StsCredentials } = holder.stsCredential;
  Object.assign(holder, {
    stsCredential: new StsCredentials({ tokenExchangeEndpoint: server.exchangeUrl }),
  });
  return client;
}

/** Full access to one folder and read access to the configuration (C9). */
export function tenantBoundary(
  folder = TENANT_FOLDER,
  quote = (text: string): string => `'${text}'`,
): CredentialAccessBoundary {
  const rule = (role: string, prefix: string) => ({
    availableResource: `//storage.googleapis.com/projects/_/buckets/${BUCKET}`,
    availablePermissions: [`inRole:roles/storage.${role}`],
    availabilityCondition: {
      title: 'folder',
      expression:
        `resource.name.startsWith(${quote(`projects/_/buckets/${BUCKET}/objects/${prefix}`)}) || ` +
        "api.getAttribute('storage.googleapis.com/objectListPrefix','')" +
        `.startsWith(${quote(prefix)})`,
    },
  });
  return {
    accessBoundary: {
      accessBoundaryRules: [rule('objectUser', folder), rule('objectViewer', CONFIG_FOLDER)],
    },
  };
}

/** Status and reason of a refused call of the client. */
export async function failure(
  work: Promise<unknown>,
): Promise<{ code: unknown; reason: unknown; message: string }> {
  try {
    await work;
  } catch (error) {
    const { code, status, errors, message } = error as {
      code?: unknown;
      status?: unknown;
      errors?: { reason?: unknown }[];
      message: string;
    };
    return { code: status ?? code, reason: errors?.[0]?.reason, message };
  }
  throw new Error('the call succeeded');
}
