import type { BlobServiceClient } from '@azure/storage-blob';
import type { Clock } from '../../machines/ports/clock.ts';
import {
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { accountEndpoint, authorizeByKey, createAgent, createServiceClient } from './client.ts';
import { translateAzureError } from './errors.ts';
import { issuerError } from './issuer-errors.ts';

interface Owner {
  readonly credential: StorageCredential;
  readonly clock: Clock;
}

/** That it is there already is as good. */
async function ensureContainer(
  service: BlobServiceClient,
  name: string,
  { credential, clock }: Owner,
): Promise<void> {
  try {
    await service.getContainerClient(name).create();
  } catch (thrown) {
    const context = { operation: 'CreateContainer', credential, sas: null, now: clock.now() };
    const error = translateAzureError(thrown, context);
    if (error.code !== 'object.conflict') throw issuerError(error);
  }
}

/** Both containers of a scope on a flat account, made by the SP before anybody writes. */
export async function ensureScopeContainers(
  service: BlobServiceClient,
  location: StorageLocation,
  owner: Owner,
): Promise<void> {
  const names = new Set([location.bucket, location.configBucket ?? location.bucket]);
  for (const name of names) await ensureContainer(service, name, owner);
}

/** The same for the SP's account key, where no issuer is at hand: gateway sessions, its own work. */
export async function makeScopeContainers(options: {
  /** The scope's own (`scopeLocation`). */
  readonly location: StorageLocation;
  readonly credential: StorageCredential;
  readonly clock: Clock;
}): Promise<void> {
  const { clock, location } = options;
  const credential = requireCredential('azure-account-key', options.credential);
  const endpoint = accountEndpoint(location, credential.keyId);
  const agent = createAgent(endpoint, 1);
  const service = createServiceClient(endpoint, agent, authorizeByKey(credential, clock));
  try {
    await ensureScopeContainers(service, location, { credential, clock });
  } finally {
    agent.destroy();
  }
}

/** A directory SAS opens nothing on a flat account, which is found out before it is given out. */
export async function requireDirectories(
  service: BlobServiceClient,
  account: string,
): Promise<void> {
  const info = await service.getAccountInfo();
  if (info.isHierarchicalNamespaceEnabled === true) return;
  throw new FortnightError(
    'issuer.refused',
    `storage account ${account} has no hierarchical namespace, so no SAS can be bound to a ` +
      'directory: use a container for each tenant (scope kind container)',
  );
}
