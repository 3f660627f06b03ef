import type { Broken } from './cell.ts';
import { Batch, StateStore } from './state-store.ts';
import type { EdgeVisitor, System } from './system.ts';
import { emptyState, type SystemState } from './system-state.ts';
import { TooManyStates } from './too-many-states.ts';

export interface SearchLimits {
  /** Steps from the beginning; `null`: to the end. */
  readonly depth: number | null;
  /** Bytes for the store. */
  readonly bytes: number | null;
  /** Asked now and then; true ends the search. */
  readonly isOver: () => boolean;
}

export type SearchEnd = 'complete' | 'violated' | 'depth' | 'memory' | 'stopped';

/** A rule is broken on the step from `from` to the state that it leads to. */
export interface Violation {
  readonly broken: readonly Broken[];
  readonly from: number;
  readonly to: SystemState;
}

export interface SearchResult {
  readonly end: SearchEnd;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly bytes: number;
  readonly violation: Violation | null;
  /** A state in which something waits and nothing can happen. */
  readonly deadlock: number | null;
}

const STATES_A_LOOK = 1 << 12;
/** As many as fit into the first cache. */
const BATCH = 1 << 10;

/** All states that can be reached, nearest first: the first violation is one of the shortest. */
export class Search implements EdgeVisitor {
  readonly system: System;
  readonly store: StateStore;
  readonly limits: SearchLimits;
  transitions = 0;
  depth = 0;
  #expanded = 0;
  #edges = 0;
  /** Where the states of the next depth begin. */
  #nextDepthAt = 1;
  #violation: Violation | null = null;
  #deadlock: number | null = null;
  readonly #state: SystemState;
  /** Successors that the store has not been asked about, in the order in which they were found. */
  readonly #batch: Batch;

  constructor(system: System, limits: SearchLimits) {
    this.system = system;
    this.limits = limits;
    this.#state = emptyState(system.width);
    this.store = new StateStore(this.#state.length >> 1);
    this.#batch = new Batch(BATCH, this.store.width);
    this.store.queue(this.#batch, system.initial(), 0);
    this.store.addAll(this.#batch);
  }

  get expanded(): number {
    return this.#expanded;
  }

  run(): SearchResult {
    try {
      return this.#result(this.#go());
    } catch (error) {
      if (error instanceof TooManyStates) return this.#result('memory');
      throw error;
    }
  }

  #go(): SearchEnd {
    const { store, system, limits } = this;
    while (this.#hasMore()) {
      if (this.#expanded === this.#nextDepthAt) {
        store.addAll(this.#batch);
        this.depth += 1;
        this.#nextDepthAt = store.count;
      }
      if (this.depth === limits.depth) return 'depth';
      if (this.#expanded % STATES_A_LOOK === 0) {
        if (limits.isOver()) return 'stopped';
        if (limits.bytes !== null && store.bytes > limits.bytes) return 'memory';
      }
      store.read(this.#expanded, this.#state);
      this.#edges = 0;
      system.expand(this.#state, this);
      if (this.#violation !== null) return 'violated';
      if (this.#edges === 0 && system.isBusy(this.#state)) {
        this.#deadlock = this.#expanded;
        return 'violated';
      }
      this.#expanded += 1;
    }
    return 'complete';
  }

  #hasMore(): boolean {
    if (this.#expanded === this.store.count) this.store.addAll(this.#batch);
    return this.#expanded < this.store.count;
  }

  edge(next: SystemState): void {
    this.transitions += 1;
    this.#edges += 1;
    if (this.system.broken !== null && this.#violation === null) {
      this.#violation = { broken: this.system.broken, from: this.#expanded, to: next.slice() };
    }
    const batch = this.#batch;
    if (batch.count === BATCH) this.store.addAll(batch);
    this.store.queue(batch, next, this.#expanded);
  }

  #result(end: SearchEnd): SearchResult {
    const { store, transitions, depth } = this;
    if (end !== 'memory') store.addAll(this.#batch);
    return {
      end,
      states: store.count,
      transitions,
      depth,
      bytes: store.bytes,
      violation: this.#violation,
      deadlock: this.#deadlock,
    };
  }
}
