import type { BlobServiceClient } from '@azure/storage-blob';
import {
  accountEndpoint,
  accountOf,
  authorizeByKey,
  authorizeBySas,
  createAgent,
  createServiceClient,
} from '../../../adapters/azure/client.ts';
import { scopeLocation } from '../../../adapters/azure/container-names.ts';
import { ensureScopeContainers } from '../../../adapters/azure/containers.ts';
import { translateAzureError } from '../../../adapters/azure/errors.ts';
import { createAzureObjectStore } from '../../../adapters/azure/object-store.ts';
import { sasFacts } from '../../../adapters/azure/sas-facts.ts';
import { scopeKindOf } from '../../../adapters/compose/issuers/azure.ts';
import { loadIssuers } from '../../../adapters/compose/issuers/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import {
  type AzureSas,
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import type { CredentialScope } from '../../../machines/rules/scope.ts';
import { type RunNames, TENANT } from '../names.ts';
import type { OwnerSecrets } from '../target/secrets.ts';
import type { AzureTarget } from '../target/types.ts';
import { type Access, Closers, type CopyPlace, type Damage, firstKeyOf } from './access.ts';
import {
  firstContainer,
  nobodysPlace,
  removeContainers,
  removeDirectories,
  scopesOf,
} from './azure-places.ts';
import { signWindow } from './azure-windows.ts';

const PART_BYTES = 1024 * 1024;

/** Azure Blob storage, with directories or with a container for each tenant. */
export async function openAzure(
  target: AzureTarget,
  { owner, application }: OwnerSecrets,
  clock: Clock,
  names: RunNames,
): Promise<Access> {
  const endpoint = accountEndpoint(locationOf(target, target.endpoint), owner.keyId);
  const repository = locationOf(target, endpoint);
  const scopeKind = scopeKindOf(target.hasHierarchicalNamespace);
  const hasOnePlace = scopeKind === 'directory';
  const closers = new Closers();
  const agent = createAgent(endpoint, 4);
  closers.add({ close: () => agent.destroy() });
  const serviceFor = (credential: StorageCredential): BlobServiceClient =>
    createServiceClient(
      endpoint,
      agent,
      credential.kind === 'azure-sas'
        ? authorizeBySas(credential, 'folderSas')
        : authorizeByKey(credential, clock),
    );
  const create = await loadIssuers(new Set(['azure']));
  const issuerWith = (longestSessionMs: number | null) =>
    closers.add(
      create({
        issuer: target.issuer,
        longestSessionMs,
        storedAccessPolicy: target.storedAccessPolicy,
        location: repository,
        access: {
          family: 'azure',
          hasHierarchicalNamespace: target.hasHierarchicalNamespace,
          application,
          ...(target.authority === null ? {} : { authority: target.authority }),
        },
        credential: owner,
        clock,
      }),
    );
  const placeOf = (scope: CredentialScope | null): StorageLocation => {
    if (scope !== null) return scopeLocation(repository, scope, scopeKind);
    return hasOnePlace ? repository : { ...repository, ...nobodysPlace(names) };
  };
  const storeAt = (location: StorageLocation, credential: StorageCredential, at: Clock) =>
    closers.add(
      createAzureObjectStore({
        location,
        credential,
        clock: at,
        partBytes: PART_BYTES,
        refusesExpired: false,
      }),
    );
  const run = async (
    operation: string,
    credential: StorageCredential,
    work: () => Promise<unknown>,
  ): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      const sas = credential.kind === 'azure-sas' ? sasFacts(credential.folderSas) : null;
      throw translateAzureError(thrown, { operation, credential, sas, now: clock.now() });
    }
  };

  return {
    issuer: issuerWith(target.longestSessionMs),
    unlimitedIssuer: issuerWith(null),
    endpoint,
    hasOnePlace,
    store: (place, credential, at = clock) => storeAt(placeOf(place), credential, at),
    occupant: (names) =>
      hasOnePlace
        ? firstKeyOf(storeAt(repository, owner, clock), names)
        : firstContainer(serviceFor(owner), names),
    async prepare(names) {
      if (hasOnePlace) return;
      for (const scope of scopesOf(names)) {
        const location = scopeLocation(repository, scope, scopeKind);
        await ensureScopeContainers(serviceFor(owner), location, { credential: owner, clock });
      }
    },
    removePlaces: (names) =>
      hasOnePlace
        ? removeDirectories(serviceFor(owner).getContainerClient(target.bucket), names.prefixes)
        : removeContainers(serviceFor(owner), names),
    isNameless: (key) => isNameless(key, target.hasHierarchicalNamespace),
    windowProblem: () => null,
    window: (scope, generation, window) =>
      signWindow({
        target,
        endpoint,
        account: accountOf(endpoint),
        location: placeOf(scope),
        owner,
        application,
        clock,
        scope,
        generation,
        window,
        scopeKind,
      }),
    damages: damagedSas,
    // A SAS says for itself when it is valid; requests that are signed by the key are dated.
    datedBy: 'owner',
    copies: (credential, from, to) => [
      {
        name: 'Copy Blob From URL',
        run: () =>
          run('CopyBlob', credential, () => {
            const target = blobOf(serviceFor(credential), placeOf(to.place), to);
            const source = blobOf(serviceFor(credential), placeOf(from.place), from);
            return target.syncCopyFromURL(withSas(source.url, credential));
          }),
      },
    ],
    listUploads: (place, credential, prefix) =>
      run('ListBlobs', credential, () =>
        serviceFor(credential)
          .getContainerClient(placeOf(place).bucket)
          .listBlobsFlat({ includeUncommitedBlobs: true, prefix })
          .byPage({ maxPageSize: 1 })
          .next(),
      ),
    listsUploadsWithObjects: true,
    close: () => closers.close(),
  };
}

function locationOf(target: AzureTarget, endpoint: string | null): StorageLocation {
  return { storage: 'azure', endpoint, region: '', bucket: target.bucket };
}

function blobOf(service: BlobServiceClient, location: StorageLocation, { key }: CopyPlace) {
  return service.getContainerClient(location.bucket).getBlockBlobClient(key);
}

/** The source of a copy is opened by what its address says. */
function withSas(url: string, credential: StorageCredential): string {
  if (credential.kind !== 'azure-sas') return url;
  return credential.folderSas.use((text) => `${url}?${text}`);
}

/** No account names dot segments; one with directories has no empty names either. */
function isNameless(key: string, hasDirectories: boolean): boolean {
  const names = key.split('/');
  if (names.some((name) => name === '.' || name === '..')) return true;
  // The tenant's directory itself, where no file can be.
  if (hasDirectories && key.endsWith(`/Clients/${TENANT}`)) return true;
  return hasDirectories && names.slice(0, -1).includes('');
}

function damagedSas(credential: StorageCredential): readonly Damage[] {
  const sas = requireCredential('azure-sas', credential);
  const spoil = (secret: Secret) =>
    new Secret(secret.use((text) => text.replace(/\bsig=../, 'sig=AA')));
  const damaged: AzureSas = {
    ...sas,
    expiresAt: null,
    folderSas: spoil(sas.folderSas),
    configSas: spoil(sas.configSas),
  };
  return [{ what: 'wrong secret', credential: damaged }];
}
