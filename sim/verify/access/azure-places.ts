import type { BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import {
  configContainerName,
  tenantContainerName,
} from '../../../adapters/azure/container-names.ts';
import { isHidden } from '../../../adapters/azure/hidden-blobs.ts';
import type { CredentialScope } from '../../../machines/rules/scope.ts';
import type { RunNames } from '../names.ts';

/** The scopes that get a container each, on an account without directories. */
export function scopesOf(names: RunNames): readonly CredentialScope[] {
  return [names.tenant, names.subtenant, nobody(names)];
}

/** In whose container nobody's objects lie. */
function nobody({ repository }: RunNames): CredentialScope {
  return { repository, tenant: 'nobody', subtenant: null };
}

export function nobodysPlace(names: RunNames): {
  readonly bucket: string;
  readonly configBucket: string;
} {
  const bucket = tenantContainerName(nobody(names));
  return { bucket, configBucket: bucket };
}

function containersOf(names: RunNames): readonly string[] {
  return [...scopesOf(names).map(tenantContainerName), configContainerName(names.repository)];
}

/** One of the run's containers that is there already: it may be somebody's. */
export async function firstContainer(
  service: BlobServiceClient,
  names: RunNames,
): Promise<string | null> {
  for (const name of containersOf(names)) {
    if (await service.getContainerClient(name).exists()) return `the container ${name}`;
  }
  return null;
}

export async function removeContainers(
  service: BlobServiceClient,
  names: RunNames,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const name of containersOf(names)) {
    await service
      .getContainerClient(name)
      .deleteIfExists()
      .catch(() => left.push(`the container ${name}`));
  }
  return left;
}

/** A directory outlives its blobs; the deepest goes first, because only an empty one goes. */
export async function removeDirectories(
  container: ContainerClient,
  prefixes: readonly string[],
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const prefix of prefixes) {
    const root = prefix.replace(/\/$/, '');
    const names: string[] = [];
    for await (const blob of container.listBlobsFlat({ prefix: root, includeMetadata: true })) {
      const isBelow = blob.name === root || blob.name.startsWith(`${root}/`);
      if (isBelow && isHidden(blob)) names.push(blob.name);
    }
    for (const name of names.sort((one, other) => other.length - one.length)) {
      await container.deleteBlob(name).catch(() => left.push(`the directory ${name}`));
    }
  }
  return left;
}
