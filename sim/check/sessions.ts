import type { LogEvent } from '../../machines/ports/event-log.ts';
import { scopeOfNames, text } from './facts.ts';

/** All that a log tells about one session. */
export interface SessionHistory {
  readonly id: string;
  readonly events: readonly LogEvent[];
  readonly started: LogEvent | null;
  /** The first route that was selected: the one that must stay (M8). */
  readonly route: LogEvent | null;
  /** The first end. */
  readonly ended: LogEvent | null;
  /** As `scopeId` writes it. */
  readonly scope: string | null;
  readonly operation: string | null;
  readonly dataPath: string | null;
  readonly endState: string | null;
}

/** Sorts the events of a log by session, in the order in which the sessions first appear. */
export function readSessions(events: readonly LogEvent[]): ReadonlyMap<string, SessionHistory> {
  const bySession = new Map<string, LogEvent[]>();
  for (const event of events) {
    if (event.session === null) continue;
    const own = bySession.get(event.session);
    if (own === undefined) bySession.set(event.session, [event]);
    else own.push(event);
  }
  const sessions = new Map<string, SessionHistory>();
  for (const [id, own] of bySession) sessions.set(id, describeSession(id, own));
  return sessions;
}

function describeSession(id: string, events: readonly LogEvent[]): SessionHistory {
  const first = (type: string): LogEvent | null =>
    events.find((event) => event.type === type) ?? null;
  const started = first('session.started');
  const route = first('route.selected');
  const ended = first('session.ended');
  return {
    id,
    events,
    started,
    route,
    ended,
    scope: started === null ? null : scopeOfNames(started.data),
    operation: started === null ? null : text(started, 'operation'),
    dataPath: route === null ? null : text(route, 'dataPath'),
    endState: ended === null ? null : text(ended, 'state'),
  };
}

/** The storage kind of every scope that a session of this log has a route for. */
export function storageByScope(events: readonly LogEvent[]): ReadonlyMap<string, string> {
  const storages = new Map<string, string>();
  for (const { scope, route } of readSessions(events).values()) {
    const storage = route === null ? null : text(route, 'storage');
    if (scope !== null && storage !== null) storages.set(scope, storage);
  }
  return storages;
}
