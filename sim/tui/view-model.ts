import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { MoverCounts } from './live-run.ts';
import { reduceCredentials } from './model/credentials.ts';
import { toEntry } from './model/sentences.ts';
import { addProgress, reduceSession } from './model/sessions.ts';
import type { CredentialView, LogEntry, SessionView, ViewModel } from './model/types.ts';

/**
 * What the terminal shows, made from the event log and nothing else: pure functions, the same for
 * the screen and for the line mode. They accept any event, known or not, whole or not.
 */
export const EMPTY_VIEW: ViewModel = {
  sessions: new Map(),
  credentials: new Map(),
  news: [],
  everything: [],
  eventCount: 0,
  lastAt: null,
};

/** So many entries of each of the two logs stay in memory. */
export const LOG_COUNT_MAX = 2_000;

/** The view after these events, in the order in which they were logged. */
export function reduceEvents(view: ViewModel, events: readonly LogEvent[]): ViewModel {
  if (events.length === 0) return view;
  const entries = events.map(toEntry);
  // One copy for a whole batch: a frame brings many events.
  const sessions = new Map(view.sessions);
  const credentials = new Map(view.credentials);
  for (const [index, event] of events.entries()) {
    const entry = entries[index] as LogEntry;
    if (event.session !== null) {
      const session = reduceSession(sessions.get(event.session), event, entry);
      if (session !== null) sessions.set(event.session, session);
    }
    reduceCredentials(
      credentials,
      event,
      event.session === null ? null : (sessions.get(event.session) ?? null),
    );
  }
  return {
    sessions,
    credentials,
    news: newest(
      view.news,
      entries.filter((entry) => entry.isNews),
    ),
    everything: newest(view.everything, entries),
    eventCount: view.eventCount + events.length,
    lastAt: events.at(-1)?.at ?? view.lastAt,
  };
}

function newest(before: readonly LogEntry[], added: readonly LogEntry[]): readonly LogEntry[] {
  if (added.length === 0) return before;
  return [...before, ...added].slice(-LOG_COUNT_MAX);
}

/** The view with the newest counts of a running mover; unknown sessions change nothing. */
export function reduceProgress(view: ViewModel, sessionId: string, counts: MoverCounts): ViewModel {
  const session = view.sessions.get(sessionId);
  if (session === undefined || session.outcome !== null) return view;
  const sessions = new Map(view.sessions);
  sessions.set(sessionId, addProgress(session, counts));
  return { ...view, sessions };
}

/** In the order in which they began; the order of the events of others does not matter. */
export function sessionsInOrder(view: ViewModel): readonly SessionView[] {
  return [...view.sessions.values()].sort(
    (left, right) => left.startedAt - right.startedAt || NATURAL.compare(left.id, right.id),
  );
}

/** By the names of their scopes. */
export function credentialsInOrder(view: ViewModel): readonly CredentialView[] {
  return [...view.credentials.values()].sort((left, right) => compare(left.scope, right.scope));
}

/** `s2` before `s10`. */
const NATURAL = new Intl.Collator('en', { numeric: true });

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
