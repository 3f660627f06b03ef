import { generateKeyPairSync } from 'node:crypto';
import { createGcsObjectStore } from '../../../adapters/gcs/object-store.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type {
  GcsServiceAccount,
  StorageCredential,
  StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import { createVirtualClock, type VirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import {
  type GcsStorageOptions,
  type RunningGcsStorage,
  startGcsStorage,
} from '../../../sim/storage/gcs/index.ts';
import type { RequestRecord } from '../../../sim/storage/index.ts';
import { PART_BYTES, START_AT, type StoreWorld } from '../../contract/store-world.ts';

export const BUCKET = 'vault-bucket';
export const PROJECT = 'sp-project';
export const OWNER = `fortnight@${PROJECT}.iam.gserviceaccount.com`;

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

export const PRIVATE_KEY = privateKey;

export function ownerCredential(): GcsServiceAccount {
  return {
    kind: 'gcs-service-account',
    keyId: OWNER,
    privateKey: new Secret(privateKey),
    generation: 0,
    expiresAt: null,
  };
}

export interface GcsWorld extends StoreWorld {
  readonly clock: VirtualClock;
  readonly storage: RunningGcsStorage;
  readonly location: StorageLocation;
  readonly requests: readonly RequestRecord[];
  readonly internalErrors: readonly unknown[];
}

export interface IssuerSetting {
  readonly storage: RunningGcsStorage;
  readonly location: StorageLocation;
  readonly credential: GcsServiceAccount;
  readonly clock: VirtualClock;
}

export interface GcsWorldOptions {
  readonly issuer?: (setting: IssuerSetting) => CredentialIssuer;
  /** For credentials that are not for the JSON API. */
  readonly storeFor?: (setting: IssuerSetting, credential: StorageCredential) => ObjectStore | null;
  readonly storage?: Partial<GcsStorageOptions>;
  /** Of the owner's tokens; default 12 h. */
  readonly longestTokenMs?: number;
}

const NO_ISSUER: CredentialIssuer = {
  get capabilities(): never {
    throw new Error('this world has no issuer');
  },
  issue: () => Promise.reject(new Error('this world has no issuer')),
  revoke: () => Promise.reject(new Error('this world has no issuer')),
  close() {},
};

/** Simulated Cloud Storage over HTTP with the real adapter in front of it, one clock for both. */
export async function gcsWorld(options: GcsWorldOptions = {}): Promise<GcsWorld> {
  const clock = createVirtualClock(START_AT);
  const requests: RequestRecord[] = [];
  const internalErrors: unknown[] = [];
  const owner = `serviceAccount:${OWNER}`;
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
        email: OWNER,
        projectId: PROJECT,
        keys: [{ keyId: 'k1', publicKey }],
        tokenCreators: [owner],
        longestTokenMs: options.longestTokenMs ?? 12 * HOUR_MS,
      },
    ],
    buckets: [{ name: BUCKET }],
    onRequest: (record) => void requests.push(record),
    onInternalError: (error) => void internalErrors.push(error),
    ...options.storage,
  });
  const location: StorageLocation = {
    storage: 'gcs',
    endpoint: storage.endpoint,
    region: '',
    bucket: BUCKET,
  };
  const credential = ownerCredential();
  const setting = { storage, location, credential, clock };
  const closers: (() => void)[] = [];
  const storeFor = (held: StorageCredential): ObjectStore => {
    const store =
      options.storeFor?.(setting, held) ??
      createGcsObjectStore({
        location,
        credential: held,
        clock,
        partBytes: PART_BYTES,
        tokenUrl: storage.tokenUrl,
        refusesExpired: false,
      });
    closers.push(() => store.close());
    return store;
  };
  const issuer = options.issuer?.(setting) ?? NO_ISSUER;
  return {
    clock,
    storage,
    location,
    requests,
    internalErrors,
    owner: storeFor(credential),
    ownerCredential: credential,
    issuer,
    storeFor,
    async close() {
      for (const close of closers) close();
      issuer.close();
      await storage.close();
    },
  };
}
