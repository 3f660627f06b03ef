import type { JsonObject, LogEvent } from '../../../machines/ports/event-log.ts';
import { scopeId } from '../../../machines/rules/scope.ts';
import { count, flag, hopEnd, isRecord, text, texts } from '../../check/facts.ts';
import { tidy } from '../words.ts';
import { isEndingState, isNews, leafOf } from './news.ts';
import { checkOf } from './sentences.ts';
import type { HopBytes, MoverView, RouteView, SessionView } from './types.ts';

const NO_BYTES: HopBytes = { atSource: null, atGateway: null, atTarget: null, atStorage: null };

const words = (event: LogEvent, key: string): string => tidy(text(event, key) ?? '?');

function begun(event: LogEvent): SessionView {
  const tenant = words(event, 'tenant');
  const given = text(event, 'subtenant');
  const subtenant = given === null ? null : tidy(given);
  const repository = words(event, 'repository');
  return {
    id: tidy(event.session ?? '?'),
    startedAt: event.at,
    tenant,
    subtenant,
    repository,
    operation: words(event, 'operation'),
    jobKind: words(event, 'jobKind'),
    backup: words(event, 'backup'),
    scope: scopeId({ tenant, subtenant, repository }),
    route: null,
    refusal: null,
    state: 'active.connecting',
    tellsStates: false,
    movers: [],
    hops: NO_BYTES,
    held: null,
    quota: null,
    lastCheck: null,
    lastNews: null,
    restarts: 0,
    outcome: null,
  };
}

/** The session after one of its events; null for events of a session that never began. */
export function reduceSession(known: SessionView | undefined, event: LogEvent): SessionView | null {
  const before = event.type === 'session.started' ? begun(event) : known;
  if (before === undefined) return null;
  const changed = { ...before, ...changes(before, event) };
  const session = changed.tellsStates ? changed : { ...changed, ...impliedState(changed, event) };
  // What closes at the end is no news of the session.
  const isClosing = event.type === 'channel.down' && isEndingState(before.state);
  return isNews(event) && !isClosing ? { ...session, lastNews: event } : session;
}

function changes(session: SessionView, event: LogEvent): Partial<SessionView> {
  switch (event.type) {
    case 'session.state':
      return stateOf(session, event);
    case 'session.refused':
    case 'route.refused':
      return refused(session, event);
    case 'route.selected':
      return { route: routeOf(event) };
    case 'mover.started':
      return { movers: withMover(session.movers, event, true) };
    case 'mover.exited':
      return { movers: withMover(session.movers, event, false) };
    case 'credential.checked':
      return { lastCheck: checkOf(event) };
    case 'credential.delivered':
      return {
        held: { generation: count(event, 'generation') ?? 0, expiresAt: count(event, 'expiresAt') },
      };
    case 'hop.bytes':
      return { hops: withHop(session.hops, event) };
    case 'session.ended':
      return ended(session, event);
    default:
      return event.type.startsWith('quota.') ? quotaOf(event) : {};
  }
}

function stateOf(session: SessionView, event: LogEvent): Partial<SessionView> {
  const state = words(event, 'state');
  const isRestart = leafOf(state) === 'restarting' && leafOf(session.state) !== 'restarting';
  return {
    state,
    restarts: session.restarts + (isRestart ? 1 : 0),
    tellsStates: session.tellsStates || ORDINARY.has(leafOf(state)),
  };
}

/** The first states of every session: a log that tells one of them tells them all. */
const ORDINARY: ReadonlySet<string> = new Set(['opening', 'startingBoth', 'contacting', 'running']);

/** A fleet's log leaves the ordinary states out; what happened says them (P2, P3). */
function impliedState(session: SessionView, event: LogEvent): Partial<SessionView> {
  const { outcome, movers, route } = session;
  if (outcome !== null) return {};
  const isMoving = movers.length > 1 && movers.every(({ isRunning }) => isRunning);
  switch (event.type) {
    case 'route.selected':
      return { state: 'active.startingBoth' };
    case 'mover.started':
      if (!isMoving) return {};
      return { state: route?.dataPath === 'direct' ? 'active.contacting' : 'active.running' };
    case 'credential.requested':
      return { state: 'active.awaitingCredential' };
    case 'credential.delivered':
    case 'storage.used':
      return { state: 'active.running' };
    case 'quota.granted':
      return leafOf(session.state) === 'awaitingQuota' ? { state: 'active.running' } : {};
    case 'mover.exited':
      return movers.some(({ isRunning }) => isRunning) ? {} : { state: 'active.stoppingMovers' };
    default:
      return {};
  }
}

function refused(session: SessionView, event: LogEvent): Partial<SessionView> {
  const rule = text(event, 'rule');
  return {
    refusal: {
      code: words(event, 'code'),
      rule: rule === null ? (session.refusal?.rule ?? null) : tidy(rule),
    },
  };
}

function routeOf(event: LogEvent): RouteView {
  const access = text(event, 'access');
  return {
    storage: words(event, 'storage'),
    mode: words(event, 'mode'),
    access: access === null ? null : tidy(access),
    dataPath: words(event, 'dataPath'),
    sourceHost: words(event, 'sourceHost'),
    targetHost: words(event, 'targetHost'),
    credential: words(event, 'credential'),
    assumed: flag(event, 'assumed') ?? false,
    rules: texts(event, 'rules').map(tidy),
  };
}

/** A restarted mover takes the place of the one before it (F1). */
function withMover(
  movers: readonly MoverView[],
  event: LogEvent,
  isRunning: boolean,
): readonly MoverView[] {
  const role = words(event, 'role');
  const others = movers.filter((mover) => mover.role !== role);
  const mover = { role, host: words(event, 'host'), isRunning };
  return [...others, mover].sort((left, right) => (left.role < right.role ? -1 : 1));
}

/** A hop is named by its two ends; the direction follows from the operation. */
function withHop(hops: HopBytes, event: LogEvent): HopBytes {
  const bytes = count(event, 'bytes');
  const ends = [hopEnd(text(event, 'from') ?? ''), hopEnd(text(event, 'to') ?? '')];
  if (bytes === null) return hops;
  if (ends.includes('storage')) return { ...hops, atStorage: bytes };
  // The gateway tells what it passed on to either side; the movers tell what they sent to it.
  if (ends[0] === 'gateway') return { ...hops, atGateway: (hops.atGateway ?? 0) + bytes };
  if (ends.includes('source')) return { ...hops, atSource: bytes };
  return { ...hops, atTarget: bytes };
}

/** The totals at the end are the last word; what they do not name stays as it was counted. */
function ended(session: SessionView, event: LogEvent): Partial<SessionView> {
  const { bytes } = event.data;
  const totals: JsonObject = isRecord(bytes) ? bytes : {};
  const total = (key: string, before: number | null): number | null => {
    const value = totals[key];
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : before;
  };
  const code = text(event, 'code');
  const isGateway = session.route?.dataPath === 'gateway';
  return {
    outcome: {
      state: words(event, 'state'),
      code: code === null ? null : tidy(code),
      verified: flag(event, 'verified'),
      at: event.at,
    },
    state: words(event, 'state'),
    movers: session.movers.map((mover) => ({ ...mover, isRunning: false })),
    hops: {
      ...session.hops,
      atSource: total('source', session.hops.atSource),
      atGateway: isGateway ? total('gateway', session.hops.atGateway) : null,
      atStorage: total('storage', session.hops.atStorage),
    },
  };
}

function quotaOf(event: LogEvent): Partial<SessionView> {
  const quotaBytes = count(event, 'quotaBytes');
  if (quotaBytes === null) return {};
  return {
    quota: {
      quotaBytes,
      usedBytes: count(event, 'usedBytes') ?? 0,
      reservedBytes: count(event, 'reservedBytes') ?? 0,
    },
  };
}
