import type { CredentialScope } from '../rules/scope.ts';
import type { EpochMs } from '../rules/time.ts';
import type { StorageCredential } from './storage-credential.ts';

/** What an issuer can and cannot do, as data (architecture, decision 6). */
export interface IssuerCapabilities {
  readonly name: string;
  readonly lifetimeMaxMs: number;
  readonly lifetimeMinMs: number;
  /** Whether the storage itself refuses the credential after its end. */
  readonly isExpiryEnforced: boolean;
  readonly revocation: 'immediate' | 'delayed' | 'never';
  readonly scopeKind: 'prefix-policy' | 'whole-repository';
  readonly propagationMaxMs: number;
  readonly liveGenerationsMax: number | null;
}

export interface IssueRequest {
  readonly scope: CredentialScope;
  readonly generation: number;
  /** Already capped by C14. */
  readonly lifetimeMs: number;
  readonly at: EpochMs;
}

/** Only the SP calls this (C5, I18). Rejections: `issuer.refused`, `issuer.unavailable`, `issuer.limit`. */
export interface CredentialIssuer {
  readonly capabilities: IssuerCapabilities;
  /** `expiresAt` of the result is what the storage answered, never later than asked for. */
  issue(request: IssueRequest): Promise<StorageCredential & { readonly expiresAt: EpochMs }>;
  /** Resolves `false` where the issuer cannot revoke (C13): it dies at its own expiry. */
  revoke(scope: CredentialScope, generation: number, keyId: string): Promise<boolean>;
  close(): void;
}
