import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import type { IssuerKind } from '../../../machines/rules/issuers.ts';
import type { SasOverride } from '../../../machines/rules/lifetimes.ts';
import type { CredentialScope } from '../../../machines/rules/scope.ts';
import type {
  AccessOption,
  ConnectionMode,
  StorageKind,
} from '../../../machines/rules/settings.ts';

/** A cloud repository as the SP has configured it. Changes apply from the next session (M8). */
export interface SpRepository {
  readonly name: string;
  readonly storage: StorageKind;
  /** Of the repository as a whole; a scope's own place is told by `SpStorageAccess.locate`. */
  readonly location: StorageLocation;
  readonly mode: ConnectionMode;
  readonly access: AccessOption | null;
  /** Host names; `null`: none is configured. */
  readonly gatewayServer: string | null;
  readonly mountServer: string | null;
  readonly strictGateway: boolean;
  readonly needsHttpProxy: boolean;
  readonly hasImmutability: boolean;
  readonly checkClock: 'tenant' | 'sp';
  readonly strictRenewal: boolean;
  readonly adaptThreshold: boolean;
  readonly renewalFloorMs: number | null;
  readonly sasOverride: SasOverride | null;
  readonly entraId: boolean;
  readonly issuer: IssuerKind;
  readonly storedAccessPolicy: boolean;
  /** Q5; `null`: no such limit. */
  readonly softLimitBytes: number | null;
}

export interface SpSubtenant {
  readonly name: string;
  /** `null`: only the tenant's quota limits it (Q4). */
  readonly quotaBytes: number | null;
}

export interface SpTenant {
  readonly name: string;
  /** What the tenant server proves itself with; kept as a SHA-256, in hex. */
  readonly secretSha256: string;
  readonly quotaBytes: number;
  readonly disabled: boolean;
  readonly subtenants: readonly SpSubtenant[];
}

/** How the SP reaches the storage of a repository. */
export interface SpStorageAccess {
  issuerFor(repository: SpRepository): CredentialIssuer;
  /** Where a scope's folder lies, whatever the route; what is missing there is made first. */
  locate(repository: SpRepository, scope: CredentialScope): Promise<StorageLocation>;
  /** With the repository's own credential; for listings and clean-up on the SP side (F35, I75). */
  storeFor(location: StorageLocation, credential: StorageCredential): ObjectStore;
}
