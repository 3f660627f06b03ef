import type { Clock } from '../../machines/ports/clock.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import type { CredentialScope } from '../../machines/rules/scope.ts';
import { configContainerName, tenantContainerName } from '../azure/container-names.ts';
import type { IssuerAccess } from './issuers.ts';

/**
 * Where the folder of a scope lies. A flat Azure account has a container for each tenant and one
 * for the configuration; they are made when they are missing.
 */
export async function placeOf(options: {
  readonly location: StorageLocation;
  readonly scope: CredentialScope;
  readonly access: IssuerAccess;
  readonly credential: StorageCredential;
  readonly clock: Clock;
}): Promise<StorageLocation> {
  const { location, scope, access } = options;
  if (access.family !== 'azure' || access.hasHierarchicalNamespace) return location;
  return {
    ...location,
    bucket: tenantContainerName(scope),
    configBucket: configContainerName(scope.repository),
  };
}
