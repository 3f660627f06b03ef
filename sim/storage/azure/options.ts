import type { StateLocation } from '../core/open-state.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import type { RequestRecord } from '../options.ts';
import type { RequestNotes } from '../wire/exchange.ts';

export interface AzureAccountOptions {
  /** 3 to 24 lower-case letters and digits. */
  readonly name: string;
  /** The account key in base64, as the portal shows it. */
  readonly key: string;
  /** Directory SAS (`sr=d`) work on such an account only. Default false. */
  readonly hierarchicalNamespace?: boolean;
  /**
   * Accepts user-delegation SAS with `sr=d` on a flat account too, as Azure has done since
   * April 2026. Default false.
   */
  readonly prefixScopedDelegation?: boolean;
  /**
   * A SAS policy of the account (`sasExpirationPeriod` with the action Block): the longest span
   * from the start of a SAS, or from its use where it has none, to its end. Default: no policy.
   */
  readonly sasSpanMaxMs?: number;
  /** Containers to make when they are missing. */
  readonly containers?: readonly string[];
}

/** The built-in roles that the data plane knows. */
export type EntraRole =
  | 'Storage Blob Data Reader'
  | 'Storage Blob Data Contributor'
  | 'Storage Blob Data Owner'
  | 'Storage Blob Delegator';

export interface EntraApplication {
  readonly clientId: string;
  readonly clientSecret: string;
  /** GUID of its service principal. */
  readonly objectId: string;
  /** Assigned at the level of every account. */
  readonly roles: readonly EntraRole[];
}

/** A token issuer that stands for Entra ID. It serves `/<tenantId>/oauth2/v2.0/token`. */
export interface EntraOptions {
  /** GUID. */
  readonly tenantId: string;
  /** Signs the tokens (HS256); tokens live on over a restart when it stays the same. */
  readonly signingSecret: string;
  /** Default one hour. */
  readonly tokenLifetimeMs?: number;
  readonly applications: readonly EntraApplication[];
}

export interface AzureStorageOptions {
  /** Epoch ms. May be moved at any time, also backwards; the storage sets no timers. */
  readonly clock: { now(): number };
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  readonly state: StateLocation;
  readonly accounts: readonly AzureAccountOptions[];
  /** Without it bearer tokens are refused. */
  readonly entra?: EntraOptions;
  /** Serves HTTPS with this PEM material; plain HTTP without. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** How far the date of a request signed by the account key may be off. Default 15 minutes. */
  readonly skewToleranceMs?: number;
  /** Waits in real time, for faults that delay; without it such faults do nothing. */
  readonly wait?: (delayMs: number) => Promise<void>;
  /** Default `randomBytes` of node:crypto; injected for reproducible runs. */
  readonly random?: (bytes: number) => Buffer;
  readonly onRequest?: (record: RequestRecord) => void;
  /** Told of a fault of the storage itself (answered as 500); default: a process warning. */
  readonly onInternalError?: (error: unknown, request: RequestNotes) => void;
  /** Default: an empty table. */
  readonly faults?: FaultTable;
}
