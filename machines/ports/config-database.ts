import type { QuotaLedger } from '../rules/quota.ts';
import type { CredentialScope } from '../rules/scope.ts';
import type { EpochMs } from '../rules/time.ts';
import type { JsonObject } from './event-log.ts';
import type { StorageCredential } from './storage-credential.ts';

/** A credential generation as the SP keeps it (C5); the secret itself only on request. */
export interface CredentialRecord {
  readonly scope: CredentialScope;
  readonly generation: number;
  readonly keyId: string;
  readonly issuedAt: EpochMs;
  readonly expiresAt: EpochMs;
  /** `intent`: journalled before the API call, nothing known yet (I74). */
  readonly state: 'intent' | 'live' | 'superseded' | 'revoked' | 'irrevocable';
}

/**
 * The SP's configuration database: embedded SQLite in real runs, memory in simulated ones.
 * Credentials are encrypted at rest and bound to their row (I60, I67). Nothing is kept when a
 * write rejects. Rejections: `records.failed`, `disk.full`.
 */
export interface ConfigDatabase {
  /**
   * I74: journalled before the issuer is called. `endsAt` is when what may be issued ends at the
   * latest: should the answer be lost, that is all that is known of it.
   */
  recordIntent(
    scope: CredentialScope,
    generation: number,
    at: EpochMs,
    endsAt: EpochMs,
  ): Promise<void>;
  /** Replaces the intent; older live generations of the scope become `superseded`. */
  saveCredential(
    scope: CredentialScope,
    credential: StorageCredential & { readonly expiresAt: EpochMs },
    issuedAt: EpochMs,
  ): Promise<void>;
  /** C12: the highest number ever journalled for the scope, also when its row is gone; 0 for none. */
  lastGeneration(scope: CredentialScope): Promise<number>;
  /** Forgets an intent whose call failed. */
  dropIntent(scope: CredentialScope, generation: number): Promise<void>;
  /** An intent that may have been issued can be marked too: it is listed until `endsAt` (F3). */
  markCredential(
    scope: CredentialScope,
    generation: number,
    state: 'revoked' | 'irrevocable',
  ): Promise<void>;
  /** Opens the secret; `null` when there is no such live or superseded generation. */
  openCredential(scope: CredentialScope, generation: number): Promise<StorageCredential | null>;
  /** All generations of one scope or of every scope, oldest first, secrets left out. */
  listCredentials(scope?: CredentialScope): Promise<readonly CredentialRecord[]>;
  /** I79: removes rows that expired before the instant; returns how many. */
  purgeExpired(before: EpochMs): Promise<number>;

  /** The repository's own key (C7 *share*, gateway routes), encrypted like the others. */
  saveRepositoryCredential(repository: string, credential: StorageCredential): Promise<void>;
  openRepositoryCredential(repository: string): Promise<StorageCredential | null>;

  /** One ledger a quota (`tenant/repository`, or `tenant@subtenant/repository`). */
  loadLedger(quotaId: string): Promise<QuotaLedger | null>;
  saveLedger(quotaId: string, ledger: QuotaLedger): Promise<void>;

  /** Persisted snapshots of machines, by name; plain JSON (I65). */
  loadSnapshot(name: string): Promise<JsonObject | null>;
  saveSnapshot(name: string, snapshot: JsonObject): Promise<void>;
  listSnapshots(prefix: string): Promise<readonly string[]>;
  deleteSnapshot(name: string): Promise<void>;
  close(): void;
}
