import type { AzureSas, StorageLocation } from '../../machines/ports/storage-credential.ts';
import { type CredentialScope, scopePrefixes } from '../../machines/rules/scope.ts';
import type { SasScopeKind } from './container-names.ts';
import { type SasProtocol, type SasResource, sasKeyId } from './sas.ts';

/** What the two SAS of a scope open (C9). `location` is the scope's own. */
export function scopeResources(
  account: string,
  location: StorageLocation,
  scope: CredentialScope,
  scopeKind: SasScopeKind,
): { readonly folder: SasResource; readonly config: SasResource } {
  const { fullAccess, readOnly } = scopePrefixes(scope);
  const directoryOf = (prefix: string) =>
    scopeKind === 'directory' ? prefix.replace(/\/$/, '') : null;
  return {
    folder: { account, container: location.bucket, directory: directoryOf(fullAccess) },
    config: {
      account,
      container: location.configBucket ?? location.bucket,
      directory: directoryOf(readOnly),
    },
  };
}

/** A SAS goes over TLS only, except to a storage that has none. */
export function protocolOf(endpoint: string): SasProtocol {
  return endpoint.startsWith('https:') ? 'https' : 'https,http';
}

export function sasCredential(parts: Omit<AzureSas, 'kind' | 'keyId'>, keyId?: string): AzureSas {
  return { kind: 'azure-sas', keyId: keyId ?? sasKeyId(parts.folderSas), ...parts };
}
