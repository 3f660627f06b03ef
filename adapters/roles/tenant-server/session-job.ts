import type { ErrorCode } from '../../../machines/rules/errors.ts';
import type { Route } from '../../../machines/rules/route.ts';
import type { InSessionPolicy, JobKind, Operation } from '../../../machines/rules/settings.ts';
import type { TransferSummary } from '../../transfer/types.ts';
import type { SinkConfig, SourceConfig } from '../mover/config.ts';

/** One session that the tenant wants to run. */
export interface SessionJob {
  readonly id: string;
  readonly subtenant: string | null;
  readonly repository: string;
  readonly operation: Operation;
  readonly jobKind: JobKind;
  readonly backup: string;
  readonly restorePoint: string | null;
  readonly blockBytes: number;
  readonly needsHttpProxy: boolean;
  readonly isTenantConfigBackup: boolean;
  readonly source: SourceConfig | null;
  readonly sink: SinkConfig | null;
  readonly parallelRequests: number;
  readonly inSession: InSessionPolicy;
  readonly marginMs: number;
  readonly quotaWaitMs: number;
}

/** How a session went. `bytes` are data bytes on each hop (I3, I4). */
export interface SessionResult {
  readonly id: string;
  readonly tenant: string;
  readonly subtenant: string | null;
  readonly repository: string;
  readonly operation: Operation;
  readonly backup: string;
  readonly route: Route | null;
  readonly state: 'done' | 'failed' | 'cancelled';
  readonly code: ErrorCode | null;
  /** A sentence about the failure, free of secrets. */
  readonly detail: string;
  readonly bytes: { readonly source: number; readonly gateway: number; readonly storage: number };
  readonly generation: number | null;
  readonly verified: boolean | null;
  readonly summary: TransferSummary | null;
}
