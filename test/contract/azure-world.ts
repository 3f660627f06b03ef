import { createAccountKeySasIssuer } from '../../adapters/azure/account-key-sas-issuer.ts';
import { type SasScopeKind, scopeLocation } from '../../adapters/azure/container-names.ts';
import { createAzureObjectStore } from '../../adapters/azure/object-store.ts';
import { createUserDelegationSasIssuer } from '../../adapters/azure/user-delegation-sas-issuer.ts';
import type { CredentialIssuer } from '../../machines/ports/credential-issuer.ts';
import { Secret } from '../../machines/ports/secret.ts';
import type {
  AzureApplication,
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import type { CredentialScope } from '../../machines/rules/scope.ts';
import { createVirtualClock } from '../../sim/kernel/virtual-clock.ts';
import {
  type AzureStorageOptions,
  type RunningAzureStorage,
  startAzureStorage,
} from '../../sim/storage/azure/index.ts';
import type { RequestRecord } from '../../sim/storage/index.ts';
import { PART_BYTES, START_AT, type StoreWorld } from './store-world.ts';

export const ACCOUNT = 'fortnightazure';
export const ACCOUNT_KEY = Buffer.from('the key of the account/with+odd=bytes').toString('base64');
const DIRECTORY = '99999999-9999-4999-8999-999999999999';
const APPLICATION_SECRET = 'secret of the application';

export interface AzureWorld extends StoreWorld {
  readonly storage: RunningAzureStorage;
  /** The repository's own, before a scope says its containers. */
  readonly location: StorageLocation;
  readonly requests: readonly RequestRecord[];
  readonly application: AzureApplication;
}

export interface AzureWorldOptions {
  /** A container for each tenant on a flat account, or directories in one container. */
  readonly scopeKind: SasScopeKind;
  readonly issuer?: 'account key' | 'stored policy' | 'user delegation';
  /** Whose container the owner's store looks into, where each has its own. */
  readonly home?: CredentialScope;
  readonly account?: Partial<AzureStorageOptions['accounts'][number]>;
  /** How far the storage's clock is ahead of everybody else's. */
  readonly storageAheadMs?: number;
}

const HOME: CredentialScope = { repository: 'vault', tenant: 'acme', subtenant: null };

/** Azure Blob over HTTP, the official SDK in front of it, one clock for both sides. */
export async function azureWorld(options: AzureWorldOptions): Promise<AzureWorld> {
  const { home = HOME, scopeKind, storageAheadMs = 0 } = options;
  const clock = createVirtualClock(START_AT);
  const requests: RequestRecord[] = [];
  const ownerCredential: StorageCredential = {
    kind: 'azure-account-key',
    keyId: ACCOUNT,
    accountKey: new Secret(ACCOUNT_KEY),
    generation: 0,
    expiresAt: null,
  };
  const application: AzureApplication = {
    kind: 'azure-application',
    keyId: 'client-owner',
    directory: DIRECTORY,
    clientSecret: new Secret(APPLICATION_SECRET),
    generation: 0,
    expiresAt: null,
  };
  const repository: StorageLocation = {
    storage: 'azure',
    endpoint: null,
    region: '',
    bucket: 'vault',
  };
  const { bucket, configBucket = bucket } = scopeLocation(repository, home, scopeKind);
  const storage = await startAzureStorage({
    clock: { now: () => clock.now() + storageAheadMs },
    state: { kind: 'memory' },
    accounts: [
      {
        name: ACCOUNT,
        key: ACCOUNT_KEY,
        hierarchicalNamespace: scopeKind === 'directory',
        containers: [...new Set(['vault', 'elsewhere', bucket, configBucket])],
        ...options.account,
      },
    ],
    entra: {
      tenantId: DIRECTORY,
      signingSecret: 'signs the tokens',
      applications: [
        {
          clientId: 'client-owner',
          clientSecret: APPLICATION_SECRET,
          objectId: '11111111-1111-4111-8111-111111111111',
          roles: ['Storage Blob Data Contributor'],
        },
      ],
    },
    onRequest: (record) => void requests.push(record),
  });
  const location = { ...repository, endpoint: `${storage.endpoint}/${ACCOUNT}` };
  const closers: (() => void)[] = [];
  const scopes = new Map<string, CredentialScope>();
  const open = (at: StorageLocation, credential: StorageCredential) => {
    const store = createAzureObjectStore({
      location: at,
      credential,
      clock,
      partBytes: PART_BYTES,
      parallelParts: 3,
      refusesExpired: false,
    });
    closers.push(() => store.close());
    return store;
  };
  const storeFor = (credential: StorageCredential) => {
    const scope = scopes.get(credential.keyId) ?? home;
    return open(scopeLocation(location, scope, scopeKind), credential);
  };
  const elsewhere = { ...location, bucket: 'elsewhere', configBucket: 'elsewhere' };
  const bare = createIssuer(options, { location, ownerCredential, application, clock, storage });
  const issuer: CredentialIssuer = {
    ...bare,
    async issue(request) {
      const credential = await bare.issue(request);
      scopes.set(credential.keyId, request.scope);
      return credential;
    },
  };
  return {
    clock,
    owner: storeFor(ownerCredential),
    ownerCredential,
    issuer,
    storeFor,
    ...(scopeKind === 'directory'
      ? {}
      : {
          foreign: {
            owner: open(elsewhere, ownerCredential),
            storeFor: (credential) => open(elsewhere, credential),
          },
        }),
    storage,
    location,
    requests,
    application,
    async close() {
      for (const close of closers) close();
      bare.close();
      await storage.close();
    },
  };
}

function createIssuer(
  { issuer = 'account key', scopeKind }: AzureWorldOptions,
  parts: Pick<AzureWorld, 'location' | 'ownerCredential' | 'application' | 'clock' | 'storage'>,
): CredentialIssuer {
  const { application, clock, location, ownerCredential, storage } = parts;
  if (issuer === 'user delegation') {
    const authority = storage.endpoint;
    const credential = application;
    return createUserDelegationSasIssuer({ location, credential, clock, scopeKind, authority });
  }
  return createAccountKeySasIssuer({
    location,
    credential: ownerCredential,
    clock,
    scopeKind,
    storedAccessPolicy: issuer === 'stored policy',
  });
}
