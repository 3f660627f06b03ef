import type { EpochMs } from '../rules/time.ts';
import type { Secret } from './secret.ts';

/** What opens a storage. Lives only in the SP server and, opened, in a target mover (C6). */
export interface StorageCredential {
  readonly kind: 's3-keys';
  /** The non-secret part; for logs (`keyId`) and for I7/I8. */
  readonly keyId: string;
  readonly secretKey: Secret;
  readonly sessionToken: Secret | null;
  /** 0 for the repository's own credential, else the generation of the scope (C12). */
  readonly generation: number;
  /** `null`: does not end by itself (shared and repository credentials, I43). */
  readonly expiresAt: EpochMs | null;
}

/** Where a bucket is and how to talk to it. No secrets. */
export interface StorageLocation {
  readonly storage: 'aws' | 's3-compatible';
  readonly endpoint: string | null;
  readonly region: string;
  readonly bucket: string;
}
