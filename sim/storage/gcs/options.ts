import type { StateLocation } from '../core/open-state.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import type { RequestRecord } from '../options.ts';
import type { RequestNotes } from '../wire/exchange.ts';
import type { PolicyBinding } from './access/policy.ts';

/** A project with the roles that it gives on everything in it. */
export interface GcsProjectOptions {
  readonly projectId: string;
  readonly bindings: readonly PolicyBinding[];
  /** Members that may make, list and delete its service accounts, as `serviceAccount:email`. */
  readonly accountAdmins?: readonly string[];
}

export interface GcsServiceAccountOptions {
  /** As `writer@project.iam.gserviceaccount.com`. */
  readonly email: string;
  readonly projectId: string;
  /** Public keys (PEM) that verify the account's assertions. */
  readonly keys?: readonly { readonly keyId: string; readonly publicKey: string }[];
  /** Makes a key pair when the state has none yet; it is read with `serviceAccountKey`. */
  readonly generateKey?: boolean;
  /** HMAC keys that exist from the start. */
  readonly hmacKeys?: readonly { readonly accessId: string; readonly secret: string }[];
  /** Members that may call generateAccessToken for this account, as `serviceAccount:email`. */
  readonly tokenCreators?: readonly string[];
  /** The longest token that generateAccessToken makes: 1 h by default, 12 h at most. */
  readonly longestTokenMs?: number;
}

export interface GcsBucketOptions {
  readonly name: string;
  /** Default: the first project. */
  readonly projectId?: string;
  /** Default true. Access boundaries and conditional bindings need it. */
  readonly uniformBucketLevelAccess?: boolean;
  readonly bindings?: readonly PolicyBinding[];
}

export interface GcsStorageOptions {
  /** Epoch ms. May be moved at any time, also backwards; the storage sets no timers. */
  readonly clock: { now(): number };
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  readonly state: StateLocation;
  readonly projects: readonly GcsProjectOptions[];
  readonly serviceAccounts: readonly GcsServiceAccountOptions[];
  /** Buckets to make when they are missing. */
  readonly buckets?: readonly GcsBucketOptions[];
  /** Lifetime of tokens for an account's own assertion: 1 h by default, 12 h at most. */
  readonly tokenLifetimeMs?: number;
  /** How far the date of a request signed by an HMAC key may be off. Default 15 minutes. */
  readonly skewToleranceMs?: number;
  /** Serves HTTPS with this PEM material; plain HTTP without. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Waits in real time; needed only when faults that delay are set. */
  readonly wait?: (delayMs: number) => Promise<void>;
  /** Default `randomBytes` of node:crypto; injected for reproducible runs. */
  readonly random?: (bytes: number) => Buffer;
  readonly onRequest?: (record: RequestRecord) => void;
  /** Told of a fault of the storage itself (answered as 500); default: a process warning. */
  readonly onInternalError?: (error: unknown, request: RequestNotes) => void;
  /** Default: an empty table. */
  readonly faults?: FaultTable;
}
