import type { Clock } from '../../machines/ports/clock.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import type { CredentialScope } from '../../machines/rules/scope.ts';
import { scopeLocation } from '../azure/container-names.ts';
import type { IssuerAccess } from './issuers/index.ts';

/** Where the folder of a scope lies, whatever its route; what is missing there is made. */
export type ScopePlaces = (
  location: StorageLocation,
  scope: CredentialScope,
) => Promise<StorageLocation>;

/**
 * On a flat Azure account every tenant has a container of its own, and the repository's holds the
 * configuration; everywhere else a folder is a prefix and nothing needs to be made.
 */
export function scopePlaces(options: {
  readonly access: IssuerAccess;
  readonly credential: StorageCredential;
  readonly clock: Clock;
}): ScopePlaces {
  const { access, credential, clock } = options;
  if (access.family !== 'azure' || access.hasHierarchicalNamespace) return async (place) => place;
  const made = new Set<string>();
  return async (location, scope) => {
    const place = scopeLocation(location, scope, 'container');
    if (made.has(place.bucket)) return place;
    const { makeScopeContainers } = await import('../azure/containers.ts');
    await makeScopeContainers({ location: place, credential, clock });
    made.add(place.bucket);
    return place;
  };
}
