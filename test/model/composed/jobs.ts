import type { SessionJob } from '../../../adapters/roles/tenant-server/session-job.ts';
import type { InSessionPolicy, JobKind, Operation } from '../../../machines/rules/settings.ts';
import { MINUTE_MS } from '../../../machines/rules/time.ts';
import type { Client, RepositoryName } from './setting.ts';

export const BLOCK_BYTES = 16 * 1024;
/** C15: of every job here. */
export const MARGIN_MS = 5 * MINUTE_MS;

export interface JobDraw {
  readonly client: Client;
  readonly repository: RepositoryName;
  readonly operation: Operation;
  readonly backup: string;
  readonly jobKind: JobKind;
  readonly inSession: InSessionPolicy;
  readonly quotaWaitMs: number;
}

/**
 * What a backup reads depends on its name alone, so that whatever restores it, and whenever, knows
 * what must come back (I72).
 */
export function sessionJob(id: string, draw: JobDraw): SessionJob {
  const source = {
    type: 'synthetic',
    files: 3,
    totalBytes: 6 * BLOCK_BYTES + 100,
    seed: draw.backup,
    changedShare: 0,
    day: 0,
  } as const;
  const { operation } = draw;
  return {
    id,
    subtenant: draw.client.subtenant,
    repository: draw.repository,
    operation,
    jobKind: draw.jobKind,
    backup: draw.backup,
    restorePoint: null,
    blockBytes: BLOCK_BYTES,
    needsHttpProxy: false,
    isTenantConfigBackup: false,
    source: operation === 'backup' ? source : null,
    sink: operation === 'restore' ? { type: 'compare', source } : null,
    parallelRequests: 2,
    inSession: draw.inSession,
    marginMs: MARGIN_MS,
    quotaWaitMs: draw.quotaWaitMs,
  };
}
