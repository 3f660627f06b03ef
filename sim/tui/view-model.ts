import type { LogEvent } from '../../machines/ports/event-log.ts';
import { text } from '../check/facts.ts';
import { type CredentialBook, reduceCredentials } from './model/credentials.ts';
import { reduceSession } from './model/sessions.ts';
import {
  type CredentialView,
  type FaultView,
  type FoldedCounts,
  KEEP_ALL,
  type Keeping,
  type SessionView,
  type ViewModel,
} from './model/types.ts';
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
  endedCount: 0,
  folded: { done: 0, failed: 0, cancelled: 0 },
};

/** The view after these events, in the order in which they were logged. */
export function reduceEvents(
  view: ViewModel,
  events: readonly LogEvent[],
  keeping: Keeping = KEEP_ALL,
): ViewModel {
  if (events.length === 0) return view;
  // One copy for a whole batch: a frame brings many events.
  const sessions = new Map(view.sessions);
  const credentials = new LateCopy(view.credentials);
  let { faults, endedCount, folded } = view;
  for (const event of events) {
    const id = event.session;
    const before = id === null ? undefined : sessions.get(id);
    const session = id === null ? null : reduceSession(before, event);
    if (id !== null && session !== null) {
      const hasEnded = isEnded(session) && !isEnded(before);
      // What has ended moves to the end: the map has those in the order of their ends.
      if (hasEnded) sessions.delete(id);
      sessions.set(id, session);
      endedCount += Number(isEnded(session)) - Number(isEnded(before));
      if (endedCount >= 2 * keeping.endedSessions) {
        folded = foldOldest(sessions, endedCount - keeping.endedSessions, folded);
        endedCount = keeping.endedSessions;
      }
    }
    reduceCredentials(credentials, event, session, keeping.generations);
    if (event.type === 'fault.fired') faults = withFault(faults, event);
  }
  return {
    sessions,
    credentials: credentials.map,
    faults,
    eventCount: view.eventCount + events.length,
    lastAt: events.at(-1)?.at ?? view.lastAt,
    endedCount,
    folded,
  };
}

function isEnded(session: SessionView | undefined): boolean {
  return session !== undefined && session.outcome !== null;
}

/** Takes so many of those that ended first out of the map; what is left of them are counts. */
function foldOldest(
  sessions: Map<string, SessionView>,
  count: number,
  folded: FoldedCounts,
): FoldedCounts {
  const counts = { ...folded };
  let left = count;
  for (const [id, { outcome }] of sessions) {
    if (left === 0) break;
    if (outcome === null) continue;
    sessions.delete(id);
    const { state } = outcome;
    counts[state === 'done' || state === 'cancelled' ? state : 'failed'] += 1;
    left -= 1;
  }
  return counts;
}

/** A map that is copied when something is first changed in it: most events change no credential. */
class LateCopy implements CredentialBook {
  #map: ReadonlyMap<string, CredentialView>;
  #own: Map<string, CredentialView> | null = null;

  constructor(map: ReadonlyMap<string, CredentialView>) {
    this.#map = map;
  }

  get map(): ReadonlyMap<string, CredentialView> {
    return this.#map;
  }

  get(scope: string): CredentialView | undefined {
    return this.#map.get(scope);
  }

  set(scope: string, credential: CredentialView): void {
    if (this.#own === null) {
      this.#own = new Map(this.#map);
      this.#map = this.#own;
    }
    this.#own.set(scope, credential);
  }
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

/** The names in their order, for all maps that have the same names: no scope is ever taken away. */
let namesInOrder: readonly string[] = [];

/** By the names of their scopes. */
export function credentialsInOrder({ credentials }: ViewModel): readonly CredentialView[] {
  const known = byScope.get(credentials);
  if (known !== undefined) return known;
  const isSame =
    namesInOrder.length === credentials.size && namesInOrder.every((name) => credentials.has(name));
  if (!isSame) namesInOrder = [...credentials.keys()].sort(compare);
  const sorted = namesInOrder.map((name) => credentials.get(name) as CredentialView);
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
