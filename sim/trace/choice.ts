import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { scopeOf, scopeOfNames } from '../check/facts.ts';

/** Which part of a trace is meant; null: all of it. */
export interface Choice {
  readonly session: string | null;
  /** `acme/vault-direct`: its credential facts, and the sessions that work in it. */
  readonly scope: string | null;
  /** First and last `seq`. */
  readonly from: number | null;
  readonly to: number | null;
}

export const EVERYTHING: Choice = { session: null, scope: null, from: null, to: null };

/** Facts about the whole world: they touch every session that is looked at. */
const OF_EVERYBODY: ReadonlySet<string> = new Set(['fault.fired', 'clock.warped']);

/** The chosen events, in order. */
export function* chosenEvents(
  events: Iterable<LogEvent>,
  choice: Choice,
): IterableIterator<LogEvent> {
  const { from, to } = choice;
  const part = new Part(choice);
  for (const event of events) {
    if (to !== null && event.seq > to) return;
    // Also before `from`: which session works in which scope stands at its beginning.
    const isChosen = part.has(event);
    if (isChosen && (from === null || event.seq >= from)) yield event;
  }
}

/** Whether an event belongs to a session, a scope, or both; told of every event in order. */
class Part {
  readonly #choice: Choice;
  readonly #sessionsOfScope = new Set<string>();
  #isOpen = false;
  #scopeOfSession: string | null = null;

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  has(event: LogEvent): boolean {
    const { session, scope } = this.#choice;
    if (session === null && scope === null) return true;
    this.#note(event);
    const isOfScope =
      scope === null ||
      scopeOf(event) === scope ||
      (event.session !== null && this.#sessionsOfScope.has(event.session));
    if (session === null) return isOfScope;
    return isOfScope && (event.session === session || this.#touchesSession(event));
  }

  /** Of nobody's session: what strikes everybody while it runs, and what its credential goes through. */
  #touchesSession(event: LogEvent): boolean {
    if (event.session !== null || !this.#isOpen) return false;
    return OF_EVERYBODY.has(event.type) || scopeOf(event) === this.#scopeOfSession;
  }

  #note(event: LogEvent): void {
    if (event.session === null) return;
    const { session, scope } = this.#choice;
    if (event.type === 'session.started') {
      const own = scopeOfNames(event.data);
      if (own !== null && own === scope) this.#sessionsOfScope.add(event.session);
      if (event.session === session) this.#scopeOfSession = own;
    }
    if (event.session === session) this.#isOpen = event.type !== 'session.ended';
  }
}

/** The names that a trace knows, for a message about one that it does not know. */
export interface TraceNames {
  readonly sessions: readonly string[];
  readonly scopes: readonly string[];
  readonly seqs: readonly [number, number] | null;
  readonly startAt: EpochMs | null;
}

export function namesOf(events: Iterable<LogEvent>): TraceNames {
  const sessions = new Set<string>();
  const scopes = new Set<string>();
  let seqs: [number, number] | null = null;
  let startAt: EpochMs | null = null;
  for (const event of events) {
    if (event.session !== null) sessions.add(event.session);
    const scope = event.type === 'session.started' ? scopeOfNames(event.data) : scopeOf(event);
    if (scope !== null) scopes.add(scope);
    seqs = [seqs?.[0] ?? event.seq, event.seq];
    startAt ??= event.at;
  }
  return { sessions: [...sessions], scopes: [...scopes], seqs, startAt };
}
