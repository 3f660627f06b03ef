import { backupSessionMachine } from '../../machines/backup-session/index.ts';
import { credentialLifecycleMachine } from '../../machines/credential-lifecycle/index.ts';
import { type Broken, Cell, KINDS, type Outcome, SCOPE, SESSIONS } from './cell.ts';
import { isDense } from './generations.ts';
import type { Watcher } from './machine-step.ts';
import type { ScopeMessage, SessionMessage } from './messages.ts';
import { ScopeCell, type ScopeLocal } from './scope-cell.ts';
import { SessionCell } from './session-cell.ts';
import type { SessionLocal } from './session-local.ts';
import type { Bounds, SystemSettings } from './settings.ts';

/** The machines that are explored; tests put wrong ones in. */
export interface Machines {
  readonly lifecycle: typeof credentialLifecycleMachine;
  readonly session: typeof backupSessionMachine;
}

export const MACHINES: Machines = {
  lifecycle: credentialLifecycleMachine,
  session: backupSessionMachine,
};

export interface SystemOptions {
  readonly settings: SystemSettings;
  readonly bounds: Bounds;
  readonly machines?: Machines;
  readonly watchers?: readonly Watcher[];
}

/** What `expand` tells of every step. */
export interface EdgeVisitor {
  /** `next` is only lent, until the next call. */
  edge(next: SystemState, kind: number): void;
}

/** A row of small numbers, and the same bytes as words, for who stores or compares it. */
export interface SystemState {
  readonly places: Uint16Array;
  readonly words: Uint32Array;
}

export function emptyState(width: number): SystemState {
  const words = new Uint32Array((width + 1) >> 1);
  return { places: new Uint16Array(words.buffer), words };
}

export function copyOf({ places }: SystemState): SystemState {
  const copy = emptyState(places.length);
  copy.places.set(places);
  return copy;
}

/** `time`: as a kind beside `KINDS`. */
export const TIME = KINDS.length;
const START = KINDS.indexOf('start');
/** Four bits of budget for faults, the rest for starts. */
const FAULTS_MASK = 15;
const STARTS_SHIFT = 4;
const UNBOUNDED = 4_095;

/** Where the step last told of came from: a cell's place and message, or the time of a scope. */
export interface EdgeOrigin {
  readonly place: number;
  /** -1: time has passed. */
  readonly message: number;
  readonly passedMs: number;
}

/**
 * All cells together. A state of the system is a row of small numbers: the budgets, and for each
 * scope its desk and its sessions. Steps are looked up in the cells; nothing is decided here.
 */
export class System {
  readonly options: SystemOptions;
  /** Told of every step of a machine when it is worked out, which is once. */
  readonly watchers: Watcher[];
  readonly scopeLogic: ScopeCell;
  readonly sessionLogic: SessionCell;
  readonly scope: Cell<ScopeLocal, ScopeMessage, SessionMessage>;
  readonly session: Cell<SessionLocal, SessionMessage, ScopeMessage>;
  /** Numbers in a state. */
  readonly width: number;
  /** Places of one scope: its desk, then its sessions. */
  readonly blockWidth: number;
  /** What the step that is being told of has broken. */
  broken: readonly Broken[] | null = null;
  readonly #nextState: SystemState;
  /** The places and words of `#nextState`. */
  readonly #next: Uint16Array;
  readonly #words: Uint32Array;
  readonly #block: Uint16Array;
  readonly #order: Uint16Array;
  /** A session's message to its desk, by number and place: with the place filled in. */
  readonly #placed: Int32Array[] = [];
  readonly #elapse: readonly [Map<number, number>, Map<number, number>] = [new Map(), new Map()];
  readonly #renumber = new Map<number, readonly [number, number]>();
  readonly #permute: (number | undefined)[] = Array.from({ length: 64 }, () => undefined);
  readonly #mayOversleep: boolean;
  #place = 0;
  #message = 0;
  #passedMs = 0;

  constructor(options: SystemOptions) {
    const { settings, bounds, machines = MACHINES } = options;
    this.options = options;
    this.watchers = [...(options.watchers ?? [])];
    this.scopeLogic = new ScopeCell(settings, machines.lifecycle, this.watchers);
    this.sessionLogic = new SessionCell(settings, machines.session, this.watchers);
    this.scope = new Cell('scope', this.scopeLogic);
    this.session = new Cell('session', this.sessionLogic);
    this.scope.connect((_to, message) => this.session.numberOfMessage(message));
    this.session.connect((_to, message) => this.scope.numberOfMessage(message));
    this.blockWidth = 1 + bounds.sessions;
    this.width = 1 + bounds.scopes * this.blockWidth;
    this.#nextState = emptyState(this.width);
    this.#next = this.#nextState.places;
    this.#words = this.#nextState.words;
    this.#block = new Uint16Array(this.blockWidth);
    this.#order = new Uint16Array(bounds.sessions);
    this.#mayOversleep = settings.faults.includes('oversleep');
  }

  get origin(): EdgeOrigin {
    return { place: this.#place, message: this.#message, passedMs: this.#passedMs };
  }

  initial(): SystemState {
    const state = emptyState(this.width);
    const { bounds, settings } = this.options;
    state.places[0] = bounds.faults | ((settings.startsMax ?? UNBOUNDED) << STARTS_SHIFT);
    return state;
  }

  /** Whether any session runs. */
  isBusy({ places }: SystemState): boolean {
    for (let place = 1; place < this.width; place += 1) {
      if ((place - 1) % this.blockWidth !== 0 && places[place] !== 0) return true;
    }
    return false;
  }

  faultsLeft({ places }: SystemState): number {
    return (places[0] as number) & FAULTS_MASK;
  }

  /** Tells of every step that is possible in a state. */
  expand(state: SystemState, visitor: EdgeVisitor): void {
    const { blockWidth, width } = this;
    for (let base = 1; base < width; base += blockWidth) {
      this.#choose(state, base, base, visitor);
      for (let place = base + 1; place < base + blockWidth; place += 1) {
        this.#choose(state, base, place, visitor);
      }
      this.#passTime(state, base, visitor);
    }
  }

  #choose(state: SystemState, base: number, place: number, visitor: EdgeVisitor): void {
    const local = state.places[place] as number;
    const cell = place === base ? this.scope : this.session;
    const choices = cell.choices[local] as Int32Array;
    const budget = state.places[0] as number;
    const faults = budget & FAULTS_MASK;
    const starts = budget >> STARTS_SHIFT;
    for (let at = 0; at < choices.length; at += 3) {
      const cost = choices[at + 1] as number;
      if (cost > faults) continue;
      const kind = choices[at + 2] as number;
      if (kind === START && starts === 0) continue;
      this.#load(state.words);
      if (cost > 0) this.#next[0] = budget - cost;
      else if (kind === START && starts !== UNBOUNDED) {
        this.#next[0] = budget - (1 << STARTS_SHIFT);
      }
      this.#take(base, place, choices[at] as number);
      visitor.edge(this.#nextState, kind);
    }
  }

  #take(base: number, place: number, message: number): void {
    this.broken = null;
    this.#place = place;
    this.#message = message;
    this.#passedMs = 0;
    this.#apply(base, place, message);
    this.#settle(base);
  }

  /** The same step once more, for the watchers: nothing of it is looked up. */
  redo(state: SystemState, { place, message }: EdgeOrigin): void {
    this.scope.forgetSteps();
    this.session.forgetSteps();
    const base = place - ((place - 1) % this.blockWidth);
    this.#load(state.words);
    if (message >= 0) this.#take(base, place, message);
    else this.#passTime(state, base, { edge: () => {} });
  }

  #load(words: Uint32Array): void {
    const next = this.#words;
    for (let at = 0; at < next.length; at += 1) next[at] = words[at] as number;
  }

  #apply(base: number, place: number, message: number): void {
    const next = this.#next;
    const cell = place === base ? this.scope : this.session;
    const outcome: Outcome = cell.outcome(next[place] as number, message);
    next[place] = outcome.next;
    if (outcome.broken !== null) this.broken = [...(this.broken ?? []), ...outcome.broken];
    const { sendings } = outcome;
    if (sendings === null) return;
    for (let at = 0; at < sendings.length; at += 2) {
      const to = sendings[at] as number;
      const sent = sendings[at + 1] as number;
      if (to === SCOPE) this.#apply(base, base, this.#withPlace(sent, place - base - 1));
      else if (to !== SESSIONS) this.#apply(base, base + 1 + to, sent);
      else {
        for (let other = 1; other < this.blockWidth; other += 1) {
          this.#apply(base, base + other, sent);
        }
      }
    }
  }

  #withPlace(message: number, session: number): number {
    let row = this.#placed[message];
    if (row === undefined) {
      row = new Int32Array(this.blockWidth - 1).fill(-1);
      this.#placed[message] = row;
    }
    const known = row[session] as number;
    if (known >= 0) return known;
    const template = this.scope.messages[message] as ScopeMessage;
    const placed: ScopeMessage =
      template.type === 'ask'
        ? { type: 'ask', ask: { ...template.ask, session } }
        : { type: template.type === 'bye' ? 'bye' : 'hello', session };
    row[session] = this.scope.numberOfMessage(placed);
    return row[session] as number;
  }

  /** Time passes in one scope until a guard can see it; scopes share no instant with each other. */
  #passTime(state: SystemState, base: number, visitor: EdgeVisitor): void {
    let boundaryMs = Number.POSITIVE_INFINITY;
    let waitMaxMs = Number.POSITIVE_INFINITY;
    let isUrgent = false;
    for (let place = base; place < base + this.blockWidth; place += 1) {
      const outlooks = place === base ? this.scope.outlooks : this.session.outlooks;
      const outlook = outlooks[state.places[place] as number] as (typeof outlooks)[number];
      if (outlook.boundaryMs < boundaryMs) boundaryMs = outlook.boundaryMs;
      if (outlook.waitMaxMs < waitMaxMs) waitMaxMs = outlook.waitMaxMs;
      isUrgent ||= outlook.isUrgent;
    }
    if (boundaryMs > waitMaxMs || boundaryMs === Number.POSITIVE_INFINITY) return;
    const budget = state.places[0] as number;
    // F7: a process that was paused hears its alarms late.
    if (isUrgent && (!this.#mayOversleep || (budget & FAULTS_MASK) === 0)) return;
    this.#load(state.words);
    if (isUrgent) this.#next[0] = budget - 1;
    this.broken = null;
    this.#place = base;
    this.#message = -1;
    this.#passedMs = boundaryMs;
    const [ofScope, ofSession] = this.#elapse;
    this.#apply(base, base, elapsing(ofScope, this.scope, boundaryMs));
    const message = elapsing(ofSession, this.session, boundaryMs);
    for (let place = base + 1; place < base + this.blockWidth; place += 1) {
      this.#apply(base, place, message);
    }
    this.#settle(base);
    visitor.edge(this.#nextState, isUrgent ? KINDS.indexOf('fault') : TIME);
  }

  /** One form for all states that differ in names only: generations, sessions, scopes. */
  #settle(base: number): void {
    const next = this.#next;
    let generations = this.scope.generations[next[base] as number] as number;
    for (let place = base + 1; place < base + this.blockWidth; place += 1) {
      generations |= this.session.generations[next[place] as number] as number;
    }
    if (!isDense(generations)) this.#renumberAll(base, generations);
    this.#sortSessions(base);
    if (this.width > 1 + this.blockWidth) this.#sortScopes();
  }

  #renumberAll(base: number, generations: number): void {
    let messages = this.#renumber.get(generations);
    if (messages === undefined) {
      const message = { type: 'renumber', generations } as const;
      messages = [this.scope.numberOfMessage(message), this.session.numberOfMessage(message)];
      this.#renumber.set(generations, messages);
    }
    const [ofScope, ofSession] = messages;
    const next = this.#next;
    next[base] = this.scope.outcome(next[base] as number, ofScope).next;
    for (let place = base + 1; place < base + this.blockWidth; place += 1) {
      next[place] = this.session.outcome(next[place] as number, ofSession).next;
    }
  }

  #sortSessions(base: number): void {
    const next = this.#next;
    let isSorted = true;
    for (let place = base + 2; place < base + this.blockWidth; place += 1) {
      if ((next[place - 1] as number) > (next[place] as number)) isSorted = false;
    }
    if (isSorted) return;
    const count = this.blockWidth - 1;
    const order = this.#order;
    // By insertion, and stable: there are three sessions at most.
    let key = 0;
    for (let at = 0; at < count; at += 1) {
      const local = next[base + 1 + at] as number;
      let to = at;
      for (; to > 0 && (next[base + to] as number) > local; to -= 1) {
        next[base + 1 + to] = next[base + to] as number;
        order[to] = order[to - 1] as number;
      }
      next[base + 1 + to] = local;
      order[to] = at;
    }
    for (let at = 0; at < count; at += 1) key = key * 4 + (order[at] as number);
    next[base] = this.scope.outcome(next[base] as number, this.#permutation(key)).next;
  }

  /** `#order[at]`: who stands at that place from now on; `key` has the same in one number. */
  #permutation(key: number): number {
    const known = this.#permute[key];
    if (known !== undefined) return known;
    const order = this.#order;
    const places = [...order.keys()].map((session) => order.indexOf(session));
    const message = this.scope.numberOfMessage({ type: 'permute', places });
    this.#permute[key] = message;
    return message;
  }

  #sortScopes(): void {
    const { blockWidth, width } = this;
    const next = this.#next;
    const block = this.#block;
    // Insertion: there are three scopes at most.
    for (let base = 1 + blockWidth; base < width; base += blockWidth) {
      for (let at = base; at > 1 && this.#isAfter(at - blockWidth, at); at -= blockWidth) {
        block.set(next.subarray(at, at + blockWidth));
        next.copyWithin(at, at - blockWidth, at);
        next.set(block, at - blockWidth);
      }
    }
  }

  #isAfter(one: number, other: number): boolean {
    const next = this.#next;
    for (let at = 0; at < this.blockWidth; at += 1) {
      const difference = (next[one + at] as number) - (next[other + at] as number);
      if (difference !== 0) return difference > 0;
    }
    return false;
  }
}

function elapsing(
  known: Map<number, number>,
  cell: { numberOfMessage(message: { readonly type: 'elapse'; readonly ms: number }): number },
  ms: number,
): number {
  const message = known.get(ms) ?? cell.numberOfMessage({ type: 'elapse', ms });
  known.set(ms, message);
  return message;
}
