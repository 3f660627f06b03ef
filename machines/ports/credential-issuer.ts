import type { IssuerCapabilities } from '../rules/issuers.ts';
import type { CredentialScope } from '../rules/scope.ts';
import type { EpochMs } from '../rules/time.ts';
import type { StorageCredential } from './storage-credential.ts';

export type { IssuerCapabilities } from '../rules/issuers.ts';

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
  /**
   * What the storage still holds of this SP's earlier issues and no record knows: keys, users or
   * policies that a crash has left (F3, I74). Removes them and tells their key ids. Only issuers that
   * make things in the storage have it.
   */
  removeLeftovers?(known: ReadonlySet<string>): Promise<readonly string[]>;
  close(): void;
}
