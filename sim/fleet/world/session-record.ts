import type { ErrorCode } from '../../../machines/rules/errors.ts';
import type { FleetLog } from '../model/fleet-log.ts';
import type { FleetSession, Unit } from './parts.ts';

export function sessionId(unit: Unit): string {
  const who = unit.subtenant === null ? unit.tenant.name : `${unit.tenant.name}@${unit.subtenant}`;
  return `${who}-${unit.runs}`;
}

/**
 * States off the ordinary way, and the last one: the log tells only these. What lies between can be
 * read off the other facts, and a fleet has millions of sessions.
 */
export const TOLD_STATES: ReadonlySet<string> = new Set([
  'active.draining',
  'active.detached',
  'active.awaitingQuota',
  'active.pausedByUser',
  'active.restarting',
  'active.reattaching',
  'done',
  'failed',
  'cancelled',
]);

type Given = Pick<FleetSession, 'id' | 'unit' | 'sizeBytes' | 'isFull' | 'running'>;

/** A session at its first instant: nothing is started, asked, granted or stored. */
export function newSession(given: Given): FleetSession {
  return {
    ...given,
    number: given.unit.runs,
    lastState: '',
    armedAt: 0,
    isOver: false,
    opening: null,
    pair: 0,
    isSourceUp: false,
    isTargetUp: false,
    isStoppingRemote: false,
    wantsContact: false,
    hasContact: false,
    credential: null,
    requests: 0,
    flow: null,
    flowStartedAt: 0,
    flowBytes: 0,
    order: 0,
    isMoving: false,
    isAskingGrant: false,
    stalledSince: null,
    storedBytes: 0,
    receivedBytes: 0,
    verdict: null,
    heardRequest: 0,
    isKnown: false,
    isForgotten: false,
    hasInitialGrant: false,
    grantedBytes: 0,
    bookedBytes: 0,
  };
}

/** The last facts of a session: what passed each hop (I3, I4), and how it ended. */
export function noteEnd(
  log: FleetLog,
  session: FleetSession,
  state: string,
  code: ErrorCode | null,
): void {
  const { id, storedBytes: stored } = session;
  const { name } = session.unit.tenant;
  const isGateway = session.opening?.route.dataPath === 'gateway';
  const hop = (node: string, from: string, to: string): void =>
    log.write(node, 'hop.bytes', id, { from, to, bytes: stored });
  if (stored > 0) {
    hop(`mover:${id}:source`, 'source', isGateway ? 'gateway' : 'target');
    if (isGateway) hop('gateway', 'gateway', 'target');
    hop(`mover:${id}:target`, 'target', 'storage');
  }
  const bytes = { source: stored, gateway: isGateway ? stored : 0, storage: stored };
  log.write(`tenant:${name}`, 'session.state', id, { state });
  log.write(`tenant:${name}`, 'session.ended', id, { state, code, bytes, verified: null });
}
