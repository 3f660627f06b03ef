import type { CredentialIssuer } from '../../machines/ports/credential-issuer.ts';
import type { ObjectStore } from '../../machines/ports/object-store.ts';
import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import type { VirtualClock } from '../../sim/kernel/virtual-clock.ts';

/** A storage with one bucket, its issuer, and the clock that all of them follow. */
export interface StoreWorld {
  readonly clock: VirtualClock;
  /** With the repository's own credential. Parts are 5 MiB. */
  readonly owner: ObjectStore;
  readonly ownerCredential: StorageCredential;
  readonly issuer: CredentialIssuer;
  /** A store that leaves every refusal to the storage (no C16 on the client side). */
  storeFor(credential: StorageCredential): ObjectStore;
  /**
   * Where each scope has a bucket of its own: a bucket that is nobody's whom the probes play, by
   * the owner's key and by theirs. Absent: all scopes share one bucket.
   */
  readonly foreign?: {
    readonly owner: ObjectStore;
    storeFor(credential: StorageCredential): ObjectStore;
  };
  close(): Promise<void>;
}

export type StoreWorldFactory = () => Promise<StoreWorld>;

export const START_AT = Date.UTC(2030, 0, 1);
export const PART_BYTES = 5 * 1024 * 1024;
