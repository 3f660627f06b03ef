import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { CredentialView, SessionView, ViewModel } from '../tui/model/types.ts';
import { EMPTY_VIEW, reduceEvents } from '../tui/view-model.ts';
import { hostWords, instantWords, sizeWords, stateWords } from '../tui/words.ts';

/** One thing that is otherwise than it was. */
export interface Change {
  readonly seq: number;
  readonly at: EpochMs;
  /** `state`, `quota used`, … */
  readonly what: string;
  /** In words with units; null: it was not there. */
  readonly before: string | null;
  readonly after: string | null;
}

type State = ReadonlyMap<string, string>;

/**
 * What changed, and nothing else: the newest changes of a session and of its credential, from the
 * events of one part of a trace.
 */
export class ChangeTable {
  readonly #keep: number;
  readonly #changes: Change[] = [];
  #view: ViewModel = EMPTY_VIEW;
  readonly #states = new Map<string, State>();

  constructor(keep: number) {
    this.#keep = keep;
  }

  see(event: LogEvent): void {
    this.#view = reduceEvents(this.#view, [event]);
    for (const [key, state] of this.#statesNow(event)) this.#compare(key, state, event);
  }

  /** Oldest first. */
  changes(): readonly Change[] {
    return [...this.#changes];
  }

  #statesNow(event: LogEvent): readonly (readonly [string, State])[] {
    const { sessions, credentials } = this.#view;
    const session = event.session === null ? undefined : sessions.get(event.session);
    const found: (readonly [string, State])[] = [];
    if (session !== undefined) found.push([session.id, sessionState(session)]);
    for (const credential of credentials.values()) {
      found.push([credential.scope, credentialState(credential)]);
    }
    return found;
  }

  #compare(key: string, state: State, { seq, at }: LogEvent): void {
    const known = this.#states.get(key) ?? new Map<string, string>();
    this.#states.set(key, state);
    for (const what of new Set([...known.keys(), ...state.keys()])) {
      const [before = null, after = null] = [known.get(what), state.get(what)];
      if (before === after) continue;
      this.#changes.push({ seq, at, what: `${key} ${what}`, before, after });
      if (this.#changes.length > this.#keep) this.#changes.shift();
    }
  }
}

function sessionState(session: SessionView): State {
  const { route, held, quota, outcome, restarts, movers } = session;
  const state = new Map<string, string>([['state', stateWords(session.state)]]);
  if (route !== null) state.set('route', route.dataPath);
  for (const { role, host, isRunning } of movers) {
    state.set(
      `${role} mover`,
      `${isRunning ? 'runs on the' : 'has ended on the'} ${hostWords(host)}`,
    );
  }
  if (held !== null) {
    const end = held.expiresAt === null ? 'without expiry' : `ends ${instantWords(held.expiresAt)}`;
    state.set('holds', `generation ${held.generation}, ${end}`);
  }
  if (quota !== null) {
    state.set('quota used', sizeWords(quota.usedBytes));
    state.set('quota reserved', sizeWords(quota.reservedBytes));
    state.set('quota', sizeWords(quota.quotaBytes));
  }
  if (restarts > 0) state.set('restarts', `${restarts}`);
  if (outcome !== null) {
    state.set(
      'outcome',
      outcome.code === null ? outcome.state : `${outcome.state}, ${outcome.code}`,
    );
  }
  return state;
}

function credentialState({ generations }: CredentialView): State {
  const newest = generations.at(-1);
  if (newest === undefined) return new Map();
  return new Map([
    ['generation', `${newest.generation}, ${newest.state}`],
    ['expires', instantWords(newest.expiresAt)],
  ]);
}
