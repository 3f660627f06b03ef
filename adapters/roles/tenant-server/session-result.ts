import type { ErrorCode } from '../../../machines/rules/errors.ts';
import type { Route } from '../../../machines/rules/route.ts';
import type { TransferSummary } from '../../transfer/types.ts';
import type { MoverReports } from './mover-reports.ts';
import type { SessionJob, SessionResult } from './session-job.ts';

export interface SessionEnd {
  readonly route: Route | null;
  readonly state: SessionResult['state'];
  readonly code: ErrorCode | null;
  readonly detail: string;
  readonly generation: number | null;
}

/** What the one who started the session hears: its end, and what both movers counted. */
export function sessionResult(
  tenant: string,
  job: SessionJob,
  reports: MoverReports,
  end: SessionEnd,
): SessionResult {
  const source = reports.summaries.get('source') ?? null;
  const target = reports.summaries.get('target') ?? null;
  return {
    id: job.id,
    tenant,
    subtenant: job.subtenant,
    repository: job.repository,
    operation: job.operation,
    backup: job.backup,
    ...end,
    bytes: { ...reports.counts },
    verified: source?.verified ?? null,
    summary: mergeSummaries(source, target),
  };
}

/** The source knows files and source bytes; the target knows objects and restore points. */
function mergeSummaries(
  source: TransferSummary | null,
  target: TransferSummary | null,
): TransferSummary | null {
  if (source === null || target === null) return target ?? source;
  return {
    ...target,
    files: source.files,
    sourceBytes: source.sourceBytes,
    listing: target.listing ?? source.listing,
    restorePoint: target.restorePoint ?? source.restorePoint,
  };
}
