import { initialStatesOf, isLeaf, pathOf, withAncestors } from './configurations.ts';
import type { AnyMachine, StateNode } from './machine-types.ts';

/** `'idle'`, or `{ active: 'running' }`: where a machine is, as XState writes it. */
export type StateValue = string | { readonly [state: string]: StateValue };

/** What XState's snapshot can be asked, by the number of the state. */
export class Lookups {
  /** `active.running`, by number: as `statePath` of the ports writes it. */
  readonly states: readonly string[];
  readonly #values: readonly StateValue[];
  readonly #tags: readonly ReadonlySet<string>[];
  readonly #metas: readonly Readonly<Record<string, unknown>>[];
  readonly #numbers: ReadonlyMap<string, number>;
  /** For each path of a state, inner or outer: the leaves within. */
  readonly #within: ReadonlyMap<string, Uint8Array>;
  readonly #ends: readonly boolean[];
  readonly #machine: AnyMachine;

  constructor(machine: AnyMachine, leaves: readonly StateNode[]) {
    this.#machine = machine;
    this.states = leaves.map(pathOf);
    this.#numbers = new Map(this.states.map((path, state) => [path, state]));
    this.#values = leaves.map((leaf) => valueAt(leaf.path));
    this.#tags = leaves.map((leaf) => new Set(activeOf(leaf).flatMap((node) => node.tags)));
    this.#metas = leaves.map(metaOf);
    this.#ends = leaves.map((leaf) => leaf.type === 'final' && leaf.parent === machine.root);
    const within = new Map<string, Uint8Array>();
    for (const [state, leaf] of leaves.entries()) {
      for (const node of withAncestors(leaf)) {
        const members = within.get(pathOf(node)) ?? new Uint8Array(leaves.length);
        members[state] = 1;
        within.set(pathOf(node), members);
      }
    }
    this.#within = within;
  }

  numberOf(path: string): number {
    const state = this.#numbers.get(path);
    if (state === undefined) throw new RangeError(`${this.#machine.id} has no state "${path}"`);
    return state;
  }

  valueOf(state: number): StateValue {
    return this.#values[state] as StateValue;
  }
  tagsOf(state: number): ReadonlySet<string> {
    return this.#tags[state] as ReadonlySet<string>;
  }
  metaOf(state: number): Readonly<Record<string, unknown>> {
    return this.#metas[state] as Readonly<Record<string, unknown>>;
  }

  /** Whether the machine has ended when it is there: a final state at the top. */
  isEnd(state: number): boolean {
    return this.#ends[state] === true;
  }

  /** Whether the state is `path` or lies within it. */
  matches(state: number, path: string): boolean {
    const members = this.#within.get(path);
    if (members === undefined) throw new RangeError(`${this.#machine.id} has no state "${path}"`);
    return members[state] === 1;
  }

  /** The number of a state value; a value that stops early means the states it begins with. */
  numberOfValue(value: unknown): number {
    let node: StateNode = this.#machine.root;
    let rest = value;
    while (rest !== undefined) {
      const [key, inner] = firstStep(rest);
      const child = key === undefined ? undefined : node.states[key];
      if (child === undefined) {
        throw new RangeError(`${this.#machine.id} has no state ${JSON.stringify(value)}`);
      }
      node = child;
      rest = inner;
    }
    const leaf = isLeaf(node) ? node : (initialStatesOf(node).at(-1) as StateNode);
    return this.numberOf(pathOf(leaf));
  }
}

function activeOf(leaf: StateNode): readonly StateNode[] {
  return withAncestors(leaf).reverse();
}

function valueAt(path: readonly string[]): StateValue {
  const [first = '', ...rest] = path;
  return rest.length === 0 ? first : { [first]: valueAt(rest) };
}

function metaOf(leaf: StateNode): Readonly<Record<string, unknown>> {
  const withMeta = activeOf(leaf).filter((node) => node.meta !== undefined);
  return Object.fromEntries(withMeta.map((node) => [node.id, node.meta]));
}

function firstStep(value: unknown): readonly [string | undefined, unknown] {
  if (typeof value === 'string') return [value, undefined];
  if (typeof value !== 'object' || value === null) return [undefined, undefined];
  const entries = Object.entries(value);
  const [only] = entries;
  return entries.length === 1 && only !== undefined ? only : [undefined, undefined];
}
