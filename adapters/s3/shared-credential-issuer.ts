import type {
  CredentialIssuer,
  IssuerCapabilities,
} from '../../machines/ports/credential-issuer.ts';
import type { StorageCredential } from '../../machines/ports/storage-credential.ts';

export const SHARED_CAPABILITIES: IssuerCapabilities = {
  kind: 'shared',
  name: 'shared repository credential',
  lifetimeMaxMs: Number.MAX_SAFE_INTEGER,
  lifetimeMinMs: 0,
  isExpiryEnforced: false,
  revocation: 'never',
  scopeKind: 'whole-repository',
  listing: 'whole-repository',
  propagationMaxMs: 0,
  liveGenerationsMax: 1,
};

/**
 * The *share* option (C7) behind the issuer's port: the repository's own credential, same key id
 * (I7), whatever scope asks. The end that is told is the one asked for and is bookkeeping only:
 * the storage does not enforce it (I43).
 */
export function createSharedCredentialIssuer(credential: StorageCredential): CredentialIssuer {
  return {
    capabilities: SHARED_CAPABILITIES,
    async issue(request) {
      const expiresAt = Math.min(Number.MAX_SAFE_INTEGER, request.at + request.lifetimeMs);
      return { ...credential, generation: request.generation, expiresAt };
    },
    async revoke() {
      return false;
    },
    close() {},
  };
}
