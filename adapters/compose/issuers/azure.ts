import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import { createAccountKeySasIssuer } from '../../azure/account-key-sas-issuer.ts';
import { createUserDelegationSasIssuer } from '../../azure/user-delegation-sas-issuer.ts';
import type { AzureAccess, CreateIssuerOptions } from './options.ts';

/** By what a SAS keeps its holder in its folder: directories, or a container for each tenant. */
export function scopeKindOf(hasHierarchicalNamespace: boolean): 'directory' | 'container' {
  return hasHierarchicalNamespace ? 'directory' : 'container';
}

/** `null`: Azure has no such issuer. */
export function createAzureIssuer(
  options: CreateIssuerOptions,
  { hasHierarchicalNamespace, application, authority }: AzureAccess,
): CredentialIssuer | null {
  const { issuer, location, credential, clock, storedAccessPolicy } = options;
  const scopeKind = scopeKindOf(hasHierarchicalNamespace);
  const common = { location, clock, scopeKind } as const;
  if (issuer === 'account-key-sas') {
    return createAccountKeySasIssuer({ ...common, credential, storedAccessPolicy });
  }
  if (issuer !== 'user-delegation-sas') return null;
  if (application === null) throw new Error(`${issuer} needs an application of Entra ID`);
  const delegation = { ...common, credential: application };
  return createUserDelegationSasIssuer(
    authority === undefined ? delegation : { ...delegation, authority },
  );
}
