import { BlockForm } from './block-form.ts';
import {
  type AnyCell,
  type AnyHub,
  type AnySpoke,
  type Broken,
  Cell,
  HUB,
  KINDS,
  MOVE_WIDTH,
  SPOKES,
} from './cell.ts';
import { cellsOf, MACHINES, type Machines } from './cells-of.ts';
import { isDense } from './generations.ts';
import type { Watcher } from './machine-step.ts';
import type { Bounds, SystemSettings } from './settings.ts';
import { emptyState, type SystemState } from './system-state.ts';

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

/** `time`: as a kind beside `KINDS`. */
export const TIME = KINDS.length;
const START = KINDS.indexOf('start');
const FAULT = KINDS.indexOf('fault');
/** Four bits of budget for faults, the rest for starts. */
const FAULTS_MASK = 15;
const STARTS_SHIFT = 4;
const UNBOUNDED = 4_095;
const NEVER = Number.POSITIVE_INFINITY;

/** Where the step last told of came from: a cell's place and message, or the time of a block. */
export interface EdgeOrigin {
  readonly place: number;
  /** -1: time has passed. */
  readonly message: number;
  readonly passedMs: number;
}

/**
 * All cells together. A state of the system is a row of small numbers: the budgets, and for each
 * block (a scope, say) its hub and its spokes (the SP's desk, the sessions). Steps are looked up in
 * the cells; nothing is decided here.
 */
export class System {
  readonly options: SystemOptions;
  /** Told of every step of a machine when it is worked out, which is once. */
  readonly watchers: Watcher[];
  readonly hubLogic: AnyHub;
  readonly spokeLogic: AnySpoke;
  readonly hub: AnyCell;
  readonly spoke: AnyCell;
  /** Numbers in a state. */
  readonly width: number;
  /** Places of one block: its hub, then its spokes. */
  readonly blockWidth: number;
  /** What the step that is being told of has broken. */
  broken: readonly Broken[] | null = null;
  /** The state that is being made, and lent to visitors. */
  readonly #next: SystemState;
  readonly #form: BlockForm;
  /** A spoke's message to its hub, by number and place: with the place filled in. */
  readonly #placed: Int32Array[] = [];
  /** By the time that passes: the numbers of the messages that say so. */
  readonly #elapse = new Map<number, readonly [number, number]>();
  readonly #mayOversleep: boolean;
  #place = 0;
  #message = 0;
  #passedMs = 0;

  constructor(options: SystemOptions) {
    const { settings, bounds, machines = MACHINES } = options;
    this.options = options;
    this.watchers = [...(options.watchers ?? [])];
    const { hub, spoke } = cellsOf(settings, machines, this.watchers);
    this.hubLogic = hub;
    this.spokeLogic = spoke;
    this.hub = new Cell(hub.who, hub);
    this.spoke = new Cell(spoke.who, spoke);
    this.hub.connect((message) => this.spoke.numberOfMessage(message));
    this.spoke.connect((message) => this.hub.numberOfMessage(message));
    this.blockWidth = 1 + bounds.sessions;
    this.width = 1 + bounds.scopes * this.blockWidth;
    this.#next = emptyState(this.width);
    this.#form = new BlockForm(this.hub, hub, this.spoke, this.#next, bounds.sessions);
    this.#mayOversleep = settings.faults.includes('oversleep');
  }

  get origin(): EdgeOrigin {
    return { place: this.#place, message: this.#message, passedMs: this.#passedMs };
  }

  initial(): SystemState {
    const state = emptyState(this.width);
    const { bounds, settings } = this.options;
    state[0] = bounds.faults | ((settings.startsMax ?? UNBOUNDED) << STARTS_SHIFT);
    return state;
  }

  /** Whether any spoke is in use. */
  isBusy(state: SystemState): boolean {
    for (let place = 1; place < this.width; place += 1) {
      if ((place - 1) % this.blockWidth !== 0 && state[place] !== 0) return true;
    }
    return false;
  }

  faultsLeft(state: SystemState): number {
    return (state[0] as number) & FAULTS_MASK;
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
    const local = state[place] as number;
    const cell = place === base ? this.hub : this.spoke;
    const others = this.#generationsBeside(state, base, place);
    const budget = state[0] as number;
    const faults = budget & FAULTS_MASK;
    const end = cell.movesAt[local + 1] as number;
    for (let at = cell.movesAt[local] as number; at < end; at += MOVE_WIDTH) {
      const { moves } = cell;
      const cost = moves[at + 1] as number;
      const kind = moves[at + 2] as number;
      if (cost > faults || (kind === START && budget >> STARTS_SHIFT === 0)) continue;
      const code = cell.codeOfMove(local, at);
      this.#load(state);
      this.#spend(budget, cost, kind);
      this.broken = null;
      this.#place = place;
      this.#message = moves[at] as number;
      if (code >= 0 && isDense(others | (cell.generations[code] as number))) {
        this.#next[place] = code;
        if (place !== base) this.#form.sortSpokes(base);
        this.#form.sortBlocks();
      } else {
        this.#land(base, place, code);
        this.#form.settle(base);
      }
      visitor.edge(this.#next, kind);
    }
  }

  #generationsBeside(state: SystemState, base: number, place: number): number {
    let generations = 0;
    for (let other = base; other < base + this.blockWidth; other += 1) {
      if (other === place) continue;
      const cell = other === base ? this.hub : this.spoke;
      generations |= cell.generations[state[other] as number] as number;
    }
    return generations;
  }

  #spend(budget: number, cost: number, kind: number): void {
    if (cost > 0) this.#next[0] = budget - cost;
    else if (kind === START && budget >> STARTS_SHIFT !== UNBOUNDED) {
      this.#next[0] = budget - (1 << STARTS_SHIFT);
    }
  }

  /** The same step once more, for the watchers: nothing of it is looked up. */
  redo(state: SystemState, { place, message }: EdgeOrigin): void {
    this.hub.forgetSteps();
    this.spoke.forgetSteps();
    const base = place - ((place - 1) % this.blockWidth);
    this.#load(state);
    if (message >= 0) this.#apply(base, place, message);
    else this.#passTime(state, base, { edge: () => {} });
  }

  #load(state: SystemState): void {
    const next = this.#next;
    for (let at = 0; at < next.length; at += 1) next[at] = state[at] as number;
  }

  #apply(base: number, place: number, message: number): void {
    const cell = place === base ? this.hub : this.spoke;
    this.#land(base, place, cell.code(this.#next[place] as number, message));
  }

  /** What a step comes to: another local state, and messages to others in the block. */
  #land(base: number, place: number, code: number): void {
    if (code >= 0) {
      this.#next[place] = code;
      return;
    }
    const outcome = (place === base ? this.hub : this.spoke).outcomeOf(code);
    const { next, sendings, broken } = outcome;
    this.#next[place] = next;
    if (broken !== null) this.broken = [...(this.broken ?? []), ...broken];
    for (let at = 0; at < sendings.length; at += 2) {
      const to = sendings[at] as number;
      const sent = sendings[at + 1] as number;
      if (to === HUB) this.#apply(base, base, this.#withPlace(sent, place - base - 1));
      else if (to !== SPOKES) this.#apply(base, base + 1 + to, sent);
      else {
        for (let other = 1; other < this.blockWidth; other += 1) {
          this.#apply(base, base + other, sent);
        }
      }
    }
  }

  #withPlace(message: number, spoke: number): number {
    let row = this.#placed[message];
    if (row === undefined) {
      row = new Int32Array(this.blockWidth - 1).fill(-1);
      this.#placed[message] = row;
    }
    const known = row[spoke] as number;
    if (known >= 0) return known;
    const template = this.hub.messages[message] as AnyCell['messages'][number];
    row[spoke] = this.hub.numberOfMessage(this.hubLogic.placed(template, spoke));
    return row[spoke] as number;
  }

  /** Time passes in one block until a guard can see it; blocks share no instant with each other. */
  #passTime(state: SystemState, base: number, visitor: EdgeVisitor): void {
    let boundaryMs = NEVER;
    let waitMaxMs = NEVER;
    let urgent = 0;
    for (let place = base; place < base + this.blockWidth; place += 1) {
      const cell = place === base ? this.hub : this.spoke;
      const local = state[place] as number;
      boundaryMs = Math.min(boundaryMs, cell.boundaries[local] as number);
      waitMaxMs = Math.min(waitMaxMs, cell.waits[local] as number);
      urgent |= cell.urgent[local] as number;
    }
    const isUrgent = urgent !== 0;
    if (boundaryMs > waitMaxMs || boundaryMs === NEVER) return;
    const budget = state[0] as number;
    // F7: a process that was paused hears its alarms late.
    if (isUrgent && (!this.#mayOversleep || (budget & FAULTS_MASK) === 0)) return;
    this.#load(state);
    if (isUrgent) this.#next[0] = budget - 1;
    this.broken = null;
    this.#place = base;
    this.#message = -1;
    this.#passedMs = boundaryMs;
    const [ofHub, ofSpoke] = this.#elapsing(boundaryMs);
    this.#apply(base, base, ofHub);
    for (let place = base + 1; place < base + this.blockWidth; place += 1) {
      this.#apply(base, place, ofSpoke);
    }
    this.#form.settle(base);
    visitor.edge(this.#next, isUrgent ? FAULT : TIME);
  }

  #elapsing(ms: number): readonly [number, number] {
    const known = this.#elapse.get(ms);
    if (known !== undefined) return known;
    const message = { type: 'elapse', ms } as const;
    const made = [this.hub.numberOfMessage(message), this.spoke.numberOfMessage(message)] as const;
    this.#elapse.set(ms, made);
    return made;
  }
}
