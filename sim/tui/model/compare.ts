import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { canonicalJson } from '../../kernel/index.ts';
import type { History } from '../history/history.ts';
import { credentialsInOrder, sessionsInOrder } from '../view-model.ts';
import { currentGeneration } from './credentials.ts';
import { toEntry } from './sentences.ts';
import type { CredentialView, LogEntry, SessionView } from './types.ts';

export interface ComparedRow {
  readonly name: string;
  readonly left: string;
  readonly right: string;
  readonly isSame: boolean;
}

/** Two runs that share a beginning. */
export interface Comparison {
  readonly forkPosition: number;
  /** What the second one did instead, in words. */
  readonly what: string;
  readonly eventCounts: readonly [number, number];
  readonly areComplete: readonly [boolean, boolean];
  /** The first event in which they differ; null: none so far. */
  readonly firstDifference: readonly [LogEntry | null, LogEntry | null] | null;
  readonly sessions: readonly ComparedRow[];
  readonly credentials: readonly ComparedRow[];
}

function sameEvent(left: LogEvent, right: LogEvent): boolean {
  return (
    left.at === right.at &&
    left.type === right.type &&
    left.node === right.node &&
    left.session === right.session &&
    canonicalJson(left.data) === canonicalJson(right.data)
  );
}

/** The first position at or after `from` where two logs differ; null while one is the other's start. */
export function firstDifference(left: History, right: History, from: number): number | null {
  const both = Math.min(left.length, right.length);
  for (let position = from; position < both; position += 1) {
    const [one, other] = [left.event(position), right.event(position)];
    if (one === undefined || other === undefined || !sameEvent(one, other)) return position;
  }
  return null;
}

function outcomeWords(session: SessionView | undefined): string {
  if (session === undefined) return 'not begun';
  const { outcome, held, state } = session;
  const generation = held === null ? '' : `, generation ${held.generation}`;
  if (outcome === null) return `${state}${generation}`;
  const code = outcome.code === null ? '' : ` (${outcome.code})`;
  const verified = outcome.verified === false ? ', NOT verified' : '';
  return `${outcome.state}${code}${verified}${generation}`;
}

function credentialWords(credential: CredentialView | undefined): string {
  const current = credential === undefined ? null : currentGeneration(credential);
  if (current === null) return 'none';
  return `generation ${current.generation}, ends ${current.expiresAt}`;
}

function rows<Row>(
  names: readonly string[],
  of: readonly [(name: string) => Row | undefined, (name: string) => Row | undefined],
  words: (row: Row | undefined) => string,
): readonly ComparedRow[] {
  return [...new Set(names)].map((name) => {
    const [left, right] = [words(of[0](name)), words(of[1](name))];
    return { name, left, right, isSame: left === right };
  });
}

/** Pure: both logs as they are now, side by side. */
export function compareHistories(
  left: History,
  right: History,
  fork: {
    readonly position: number;
    readonly what: string;
    readonly areComplete: readonly [boolean, boolean];
    /** So many events are known to be the same: logs only grow, so they stay so. */
    readonly sameUntil?: number;
  },
): Comparison {
  const [one, other] = [left.viewAt(left.length), right.viewAt(right.length)];
  const position = firstDifference(left, right, fork.sameUntil ?? 0);
  const entry = (history: History): LogEntry | null => {
    const event = position === null ? undefined : history.event(position);
    return event === undefined ? null : toEntry(event);
  };
  return {
    forkPosition: fork.position,
    what: fork.what,
    eventCounts: [left.length, right.length],
    areComplete: fork.areComplete,
    firstDifference: position === null ? null : [entry(left), entry(right)],
    sessions: rows(
      [...sessionsInOrder(one), ...sessionsInOrder(other)].map(({ id }) => id),
      [(id) => one.sessions.get(id), (id) => other.sessions.get(id)],
      outcomeWords,
    ),
    credentials: rows(
      [...credentialsInOrder(one), ...credentialsInOrder(other)].map(({ scope }) => scope),
      [(scope) => one.credentials.get(scope), (scope) => other.credentials.get(scope)],
      credentialWords,
    ),
  };
}
