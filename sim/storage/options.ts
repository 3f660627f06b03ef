import type { RoleOptions } from './access/accounts.ts';
import type { RecordedDecision } from './access/decision-log.ts';
import type { IdentityOptions } from './access/users.ts';
import type { StateLocation } from './core/open-state.ts';
import type { IssuedKeys, KeyRequest, TlsMaterial } from './families.ts';
import type { FaultTable } from './faults/fault-table.ts';
import type { StorageProfile } from './profiles.ts';
import type { RequestNotes } from './wire/exchange.ts';

export interface StorageOptions {
  /** Epoch ms. May be moved at any time, also backwards; the storage sets no timers. */
  readonly clock: { now(): number };
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  readonly state: StateLocation;
  /** Default `us-east-1`. Signatures for another region are refused. */
  readonly region?: string;
  /** Which vendor's answers are given; default: those of AWS. */
  readonly profile?: StorageProfile;
  /** The longest session that STS issues, where it is not the profile's. */
  readonly longestSessionMs?: number;
  /** How far a client's clock may be off, either way; default 15 minutes, as all vendors. */
  readonly skewToleranceMs?: number;
  /**
   * Hosts below which a bucket may stand (`bucket.localhost`); default `localhost` and
   * `s3.localhost`. Requests to any other host are path-style.
   */
  readonly virtualHosts?: readonly string[];
  /** Serves HTTPS with it; plain HTTP without. */
  readonly tls?: TlsMaterial;
  /** Waits in real time; needed only when faults that delay are set. */
  readonly wait?: (delayMs: number) => Promise<void>;
  readonly identities: readonly IdentityOptions[];
  readonly roles: readonly RoleOptions[];
  /** Buckets to create when they are missing. */
  readonly buckets: readonly string[];
  /** Default `randomBytes` of node:crypto; injected for reproducible runs. */
  readonly random?: (bytes: number) => Buffer;
  readonly onRequest?: (record: RequestRecord) => void;
  /** Told of a fault of the storage itself (answered as 500); default: a process warning. */
  readonly onInternalError?: (error: unknown, request: RequestNotes) => void;
  /** Default: an empty table. */
  readonly faults?: FaultTable;
}

/** One request after its end. Never a secret, a token or a signature. */
export interface RequestRecord {
  readonly at: number;
  readonly requestId: string;
  /** As `PutObject` or `AssumeRole`; empty when the request could not be understood so far. */
  readonly operation: string;
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  /** As claimed by the request; empty when it was anonymous. */
  readonly accessKeyId: string;
  /** 0 when the connection was cut before an answer. */
  readonly status: number;
  /** The error code, when the answer was an error. */
  readonly code?: string;
  /** Bytes of the body as received, chunk framing included. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface RunningStorage {
  /** As `http://127.0.0.1:port`; S3, STS and IAM answer at the same address. */
  readonly endpoint: string;
  readonly port: number;
  readonly faults: FaultTable;
  /** The buckets that there are now, by name. */
  bucketNames(): readonly string[];
  /** The latest access decisions, oldest first: why each request was allowed or denied. */
  decisions(): readonly RecordedDecision[];
  /** Issues a session of a role as the user of that key; throws FamilyRefusal. */
  issueKeys(
    request: KeyRequest & { readonly accessKeyId: string; readonly roleArn: string },
  ): IssuedKeys;
  /** Ends all connections at once, waits for running requests to stop and frees the state. */
  close(): Promise<void>;
}

/** The storage cannot be started; the message says what to change. */
export class StartError extends Error {
  readonly code: 'port.in-use' | 'port.refused' | 'options.invalid';

  constructor(code: 'port.in-use' | 'port.refused' | 'options.invalid', message: string) {
    super(message);
    this.name = 'StartError';
    this.code = code;
  }
}
