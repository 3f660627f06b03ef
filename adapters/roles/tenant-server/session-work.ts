import type { MoverRole } from '../../../machines/backup-session/index.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { TargetHost } from '../../../machines/rules/route.ts';
import { MINUTE_MS } from '../../../machines/rules/time.ts';
import type { MoverConfig } from '../mover/config.ts';
import type { SessionJob } from './session-job.ts';

/** What the SP said when it opened the session. */
export interface OpenedSession {
  readonly ticket: string;
  /** What a mover of the session proves itself with; made on this side. */
  readonly sessionKey: string;
  readonly startedAt: number;
}

/** The job in the words of `session.open`. */
export function openingHeader(job: SessionJob): JsonObject {
  return {
    session: job.id,
    subtenant: job.subtenant,
    repository: job.repository,
    operation: job.operation,
    jobKind: job.jobKind,
    backup: job.backup,
    restorePoint: job.restorePoint,
    blockBytes: job.blockBytes,
    needsHttpProxy: job.needsHttpProxy,
    isTenantConfigBackup: job.isTenantConfigBackup,
  };
}

/** The configuration of a mover on the tenant's own host; only a target mover contacts the SP. */
export function localMoverConfig(
  tenant: string,
  job: SessionJob,
  opened: OpenedSession,
  mover: { readonly role: MoverRole; readonly host: TargetHost; readonly gatewayAddress: string },
): MoverConfig {
  const { role, host, gatewayAddress } = mover;
  const isSource = role === 'source';
  const contact = {
    address: gatewayAddress,
    ticket: opened.ticket,
    dataTicket: opened.ticket,
    sessionKey: opened.sessionKey,
    connection: null,
    isAutomatic: false,
  };
  return {
    role,
    host,
    spec: {
      sessionId: job.id,
      operation: job.operation,
      scope: { tenant, subtenant: job.subtenant, repository: job.repository },
      backup: job.backup,
      restorePoint: job.restorePoint,
      blockBytes: job.blockBytes,
      startedAt: opened.startedAt,
    },
    contact: isSource ? null : contact,
    parallelRequests: job.parallelRequests,
    linkTimeoutMs: MINUTE_MS,
    source: isSource ? job.source : null,
    sink: isSource ? job.sink : null,
  };
}
