import type { LogEvent } from '../../machines/ports/event-log.ts';
import { text } from '../check/facts.ts';
import { reduceCredentials } from './model/credentials.ts';
import { reduceSession } from './model/sessions.ts';
import type { CredentialView, FaultView, SessionView, ViewModel } from './model/types.ts';
import { tidy } from './words.ts';

/**
 * What the terminal shows, made from the event log and nothing else: pure functions, the same for
 * the screen and for the line mode. They accept any event, known or not, whole or not.
 */
export const EMPTY_VIEW: ViewModel = {
  sessions: new Map(),
  credentials: new Map(),
  faults: new Map(),
  eventCount: 0,
  lastAt: null,
};

/** The view after these events, in the order in which they were logged. */
export function reduceEvents(view: ViewModel, events: readonly LogEvent[]): ViewModel {
  if (events.length === 0) return view;
  // One copy for a whole batch: a frame brings many events.
  const sessions = new Map(view.sessions);
  const credentials = new Map(view.credentials);
  let { faults } = view;
  for (const event of events) {
    if (event.session !== null) {
      const session = reduceSession(sessions.get(event.session), event);
      if (session !== null) sessions.set(event.session, session);
    }
    reduceCredentials(
      credentials,
      event,
      event.session === null ? null : (sessions.get(event.session) ?? null),
    );
    if (event.type === 'fault.fired') faults = withFault(faults, event);
  }
  return {
    sessions,
    credentials,
    faults,
    eventCount: view.eventCount + events.length,
    lastAt: events.at(-1)?.at ?? view.lastAt,
  };
}

function withFault(
  faults: ReadonlyMap<string, FaultView>,
  event: LogEvent,
): ReadonlyMap<string, FaultView> {
  const site = tidy(text(event, 'site') ?? '?');
  const kind = tidy(text(event, 'kind') ?? '?');
  const name = tidy(text(event, 'fault') ?? `${site}: ${kind}`);
  const firedCount = (faults.get(name)?.firedCount ?? 0) + 1;
  return new Map(faults).set(name, { name, site, kind, firedCount, lastAt: event.at });
}

const inOrder = new WeakMap<ReadonlyMap<string, SessionView>, readonly SessionView[]>();
const byScope = new WeakMap<ReadonlyMap<string, CredentialView>, readonly CredentialView[]>();

/** In the order in which they began; the order of the events of others does not matter. */
export function sessionsInOrder({ sessions }: ViewModel): readonly SessionView[] {
  const known = inOrder.get(sessions);
  if (known !== undefined) return known;
  const sorted = [...sessions.values()].sort(
    (left, right) => left.startedAt - right.startedAt || naturally(left.id, right.id),
  );
  inOrder.set(sessions, sorted);
  return sorted;
}

/** By the names of their scopes. */
export function credentialsInOrder({ credentials }: ViewModel): readonly CredentialView[] {
  const known = byScope.get(credentials);
  if (known !== undefined) return known;
  const sorted = [...credentials.values()].sort((left, right) => compare(left.scope, right.scope));
  byScope.set(credentials, sorted);
  return sorted;
}

/** `s2` before `s10`. */
function naturally(left: string, right: string): number {
  const [, leftWord = '', leftNumber = ''] = /^(.*?)(\d*)$/s.exec(left) ?? [];
  const [, rightWord = '', rightNumber = ''] = /^(.*?)(\d*)$/s.exec(right) ?? [];
  const inNumbers = leftWord === rightWord ? Number(leftNumber) - Number(rightNumber) : 0;
  return inNumbers === 0 ? compare(left, right) : inNumbers;
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
