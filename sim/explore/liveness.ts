import { KINDS } from './cell.ts';
import type { StateStore } from './state-store.ts';
import { type System, TIME } from './system.ts';
import { emptyState, type SystemState } from './system-state.ts';

/**
 * "Every session ends" (L1) under fairness: answers come, alarms ring, work is done, time passes;
 * faults, wishes and new sessions need not come. In the graph of those steps alone no cycle may be
 * followed for ever while a session runs, and there is no place where it stops.
 *
 * A cycle can be followed for ever unless some work of it (a transfer that could be completed) is
 * possible on the way and leads out: work that is possible again and again is done.
 */
export interface LivenessResult {
  /** A state on a cycle that never ends, or from which nothing fair leads on; `null`: none. */
  readonly stuck: number | null;
  readonly isCycle: boolean;
  readonly components: number;
}

const WORK = KINDS.indexOf('work');
const FAIR: readonly boolean[] = [
  ...KINDS.map((kind) => ['answer', 'alarm', 'work'].includes(kind)),
  true,
];
const UNSEEN = 0xffffffff;

/** Tarjan's strongly connected components, without recursion, over all states of a store. */
export function checkEveryEnd(system: System, store: StateStore): LivenessResult {
  return new Components(system, store).run();
}

interface Frame {
  readonly state: number;
  readonly successors: readonly number[];
  at: number;
}

class Components {
  readonly #system: System;
  readonly #store: StateStore;
  readonly #order: Uint32Array;
  readonly #low: Uint32Array;
  readonly #isOnStack: Uint8Array;
  readonly #stack: number[] = [];
  readonly #state: SystemState;
  #visited = 0;
  #components = 0;

  constructor(system: System, store: StateStore) {
    this.#system = system;
    this.#store = store;
    this.#order = new Uint32Array(store.count).fill(UNSEEN);
    this.#low = new Uint32Array(store.count);
    this.#isOnStack = new Uint8Array(store.count);
    this.#state = emptyState(system.width);
  }

  run(): LivenessResult {
    for (let state = 0; state < this.#store.count; state += 1) {
      if (this.#order[state] !== UNSEEN) continue;
      const found = this.#from(state);
      if (found !== null) return { ...found, components: this.#components };
    }
    return { stuck: null, isCycle: false, components: this.#components };
  }

  #from(root: number): { readonly stuck: number; readonly isCycle: boolean } | null {
    const frames: Frame[] = [this.#enter(root)];
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      if (frame.at === 0 && frame.successors.length === 0 && this.#isBusy(frame.state)) {
        return { stuck: frame.state, isCycle: false };
      }
      if (frame.at < frame.successors.length) {
        const next = frame.successors[frame.at] as number;
        frame.at += 1;
        if (this.#order[next] === UNSEEN) frames.push(this.#enter(next));
        else if (this.#isOnStack[next] === 1) this.#lower(frame.state, this.#order[next] as number);
        continue;
      }
      frames.pop();
      const above = frames.at(-1);
      if (above !== undefined) this.#lower(above.state, this.#low[frame.state] as number);
      if (this.#low[frame.state] !== this.#order[frame.state]) continue;
      const stuck = this.#closeComponent(frame.state);
      if (stuck !== null) return { stuck, isCycle: true };
    }
    return null;
  }

  #enter(state: number): Frame {
    this.#order[state] = this.#visited;
    this.#low[state] = this.#visited;
    this.#visited += 1;
    this.#stack.push(state);
    this.#isOnStack[state] = 1;
    return { state, successors: this.#successorsOf(state, null), at: 0 };
  }

  #lower(state: number, order: number): void {
    if (order < (this.#low[state] as number)) this.#low[state] = order;
  }

  /** Fair steps that change something; with `kinds` their kinds are added there. */
  #successorsOf(state: number, kinds: number[] | null): readonly number[] {
    const successors: number[] = [];
    this.#store.read(state, this.#state);
    this.#system.expand(this.#state, {
      edge: (next, kind) => {
        if (!FAIR[kind === TIME ? KINDS.length : kind]) return;
        const number = this.#store.find(next);
        // Beyond the depth of a search that was cut short nothing is known.
        if (number < 0 || number === state) return;
        successors.push(number);
        kinds?.push(kind);
      },
    });
    return successors;
  }

  /** The states of the component that ends here; one of them if it can be followed for ever. */
  #closeComponent(root: number): number | null {
    this.#components += 1;
    const members: number[] = [];
    for (let state = this.#stack.pop(); state !== undefined; state = this.#stack.pop()) {
      this.#isOnStack[state] = 0;
      members.push(state);
      if (state === root) break;
    }
    if (members.length === 1 || !this.#isBusy(root)) return null;
    return this.#isLeftByWork(new Set(members)) ? null : root;
  }

  #isLeftByWork(members: ReadonlySet<number>): boolean {
    for (const state of members) {
      const kinds: number[] = [];
      const successors = this.#successorsOf(state, kinds);
      const isLeft = successors.some((next, at) => kinds[at] === WORK && !members.has(next));
      if (isLeft) return true;
    }
    return false;
  }

  #isBusy(state: number): boolean {
    this.#store.read(state, this.#state);
    return this.#system.isBusy(this.#state);
  }
}
