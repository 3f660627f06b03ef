import type { AnyCell, AnyHub } from './cell.ts';
import { isDense } from './generations.ts';
import type { SystemState } from './system-state.ts';

/**
 * One form for all states that differ in names only: generations are numbered 1, 2, 3 … in each
 * block, and equal spokes and equal blocks stand in the order of their numbers.
 */
export class BlockForm {
  readonly #hub: AnyCell;
  readonly #hubLogic: AnyHub;
  readonly #spoke: AnyCell;
  readonly #next: SystemState;
  readonly #blockWidth: number;
  readonly #block: Int32Array;
  readonly #order: Uint16Array;
  readonly #renumber = new Map<number, readonly [number, number]>();
  readonly #permute: (number | undefined)[] = Array.from({ length: 64 }, () => undefined);

  /** Works on `next`, the places of the state that is being made. */
  constructor(hub: AnyCell, hubLogic: AnyHub, spoke: AnyCell, next: SystemState, spokes: number) {
    this.#hub = hub;
    this.#hubLogic = hubLogic;
    this.#spoke = spoke;
    this.#next = next;
    this.#blockWidth = 1 + spokes;
    this.#block = new Int32Array(this.#blockWidth);
    this.#order = new Uint16Array(spokes);
  }

  /** After a step in which anything in the block may have changed. */
  settle(base: number): void {
    const next = this.#next;
    let generations = this.#hub.generations[next[base] as number] as number;
    for (let place = base + 1; place < base + this.#blockWidth; place += 1) {
      generations |= this.#spoke.generations[next[place] as number] as number;
    }
    if (!isDense(generations)) this.#renumberAll(base, generations);
    this.sortSpokes(base);
    this.sortBlocks();
  }

  #renumberAll(base: number, generations: number): void {
    let messages = this.#renumber.get(generations);
    if (messages === undefined) {
      const message = { type: 'renumber', generations } as const;
      messages = [this.#hub.numberOfMessage(message), this.#spoke.numberOfMessage(message)];
      this.#renumber.set(generations, messages);
    }
    const [ofHub, ofSpoke] = messages;
    const next = this.#next;
    next[base] = this.#hub.code(next[base] as number, ofHub);
    for (let place = base + 1; place < base + this.#blockWidth; place += 1) {
      next[place] = this.#spoke.code(next[place] as number, ofSpoke);
    }
  }

  sortSpokes(base: number): void {
    const next = this.#next;
    const end = base + this.#blockWidth;
    for (let place = base + 2; place < end; place += 1) {
      if ((next[place - 1] as number) > (next[place] as number)) {
        this.#reorder(base);
        return;
      }
    }
  }

  #reorder(base: number): void {
    const next = this.#next;
    const count = this.#blockWidth - 1;
    const order = this.#order;
    // By insertion, and stable: there are three spokes at most.
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
    next[base] = this.#hub.code(next[base] as number, this.#permutation(key));
  }

  /** `#order[at]`: who stands at that place from now on; `key` has the same in one number. */
  #permutation(key: number): number {
    const known = this.#permute[key];
    if (known !== undefined) return known;
    const order = this.#order;
    const places = [...order.keys()].map((spoke) => order.indexOf(spoke));
    const message = this.#hub.numberOfMessage(this.#hubLogic.permuted(places));
    this.#permute[key] = message;
    return message;
  }

  sortBlocks(): void {
    const next = this.#next;
    const width = this.#blockWidth;
    if (next.length <= 1 + width) return;
    const block = this.#block;
    // Insertion: there are three blocks at most.
    for (let base = 1 + width; base + width <= next.length; base += width) {
      for (let at = base; at > 1 && this.#isAfter(at - width, at); at -= width) {
        block.set(next.subarray(at, at + width));
        next.copyWithin(at, at - width, at);
        next.set(block, at - width);
      }
    }
  }

  #isAfter(one: number, other: number): boolean {
    const next = this.#next;
    for (let at = 0; at < this.#blockWidth; at += 1) {
      const difference = (next[one + at] as number) - (next[other + at] as number);
      if (difference !== 0) return difference > 0;
    }
    return false;
  }
}
