import { clientPrefix, configPrefix, type ScopeNames } from './layout.ts';

/** C12: what one credential is for. Concurrent sessions of a scope share it. */
export type CredentialScope = ScopeNames;

/** `acme/vault-direct` or `acme@branch/vault-direct`: unique, because names hold no `@` or `/`. */
export function scopeId(scope: CredentialScope): string {
  const client = scope.subtenant === null ? scope.tenant : `${scope.tenant}@${scope.subtenant}`;
  return `${client}/${scope.repository}`;
}

/** C9: full access below the first, read access below the second, nothing else. */
export function scopePrefixes(scope: CredentialScope): {
  readonly fullAccess: string;
  readonly readOnly: string;
} {
  return { fullAccess: clientPrefix(scope), readOnly: configPrefix(scope.repository) };
}
