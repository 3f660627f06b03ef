import type { EventLog, JsonObject } from '../../../machines/ports/event-log.ts';
import { type ErrorCode, isErrorCode } from '../../../machines/rules/errors.ts';
import type { Route } from '../../../machines/rules/route.ts';
import type { Operation } from '../../../machines/rules/settings.ts';
import type { SessionJob } from './session-job.ts';

/** Data bytes on each hop (I3, I4). */
export interface HopCounts {
  source: number;
  gateway: number;
  storage: number;
}

/** The first fact of every session. */
export function logStarted(log: EventLog, tenant: string, job: SessionJob): void {
  log.write({
    node: `tenant:${tenant}`,
    type: 'session.started',
    session: job.id,
    data: {
      tenant,
      subtenant: job.subtenant,
      repository: job.repository,
      operation: job.operation,
      jobKind: job.jobKind,
      backup: job.backup,
    },
  });
}

/** What the two movers counted on their side of each hop (I3, I4). */
export function logHops(
  log: EventLog,
  session: { readonly id: string; readonly operation: Operation },
  route: Route | null,
  bytes: HopCounts,
): void {
  const between = route?.dataPath === 'gateway' ? 'gateway' : 'target';
  const isUpward = session.operation === 'backup';
  const near = isUpward ? ['source', between] : [between, 'source'];
  const far = isUpward ? ['target', 'storage'] : ['storage', 'target'];
  for (const [end, hop, count] of [
    ['source', near, bytes.source],
    ['target', far, bytes.storage],
  ] as const) {
    const [from, to] = hop as [string, string];
    if (count === 0) continue;
    log.write({
      node: `mover:${session.id}:${end}`,
      type: 'hop.bytes',
      session: session.id,
      data: { from, to, bytes: count },
    });
  }
}

/** The code that a message names; what is not in the catalogue is `unknown`. */
export function codeOf(header: JsonObject): ErrorCode {
  return isErrorCode(header.code) ? header.code : 'unknown';
}

/** `active.running`: nested state values as one dotted name. */
export function stateName(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[parent, child] = ['', '']] = Object.entries(value as Record<string, unknown>);
  return `${parent}.${stateName(child)}`;
}
