import type { SystemState } from './system-state.ts';
import { TooManyStates } from './too-many-states.ts';

/**
 * States that have been seen, each once, with the one that it was first reached from. The states
 * themselves are kept, not fingerprints of them: no state can be taken for another one. A state's
 * number is the order in which it was found, so the store is also the queue of a search in breadth.
 */
const CHUNK_BITS = 16;
const CHUNK = 1 << CHUNK_BITS;
/** An entry of the index: a state's number, and above it some bits of its hash. */
const NUMBER_BITS = 28;
const NUMBER_MASK = (1 << NUMBER_BITS) - 1;
const EMPTY = -1;
/** In a batch: found in the store. Neither this nor `EMPTY` is the entry of a state. */
const SEEN = -2;
const STATES_MAX = NUMBER_MASK - 1;
/** Of 16 places in the index so many are used before it doubles. */
const LOAD = 13;
const FIRST_BITS = 14;

/** States that wait to be added together. */
export class Batch {
  readonly words: Int32Array;
  readonly parents: Uint32Array;
  readonly hashes: Int32Array;
  /** What the index holds for each; while they are added. */
  readonly entries: Int32Array;
  readonly size: number;
  count = 0;

  constructor(size: number, width: number) {
    this.size = size;
    this.words = new Int32Array(size * width);
    this.parents = new Uint32Array(size);
    this.hashes = new Int32Array(size);
    this.entries = new Int32Array(size);
  }
}

export class StateStore {
  /** Words of a state. */
  readonly width: number;
  count = 0;
  readonly #rows: Int32Array[] = [];
  readonly #parents: Uint32Array[] = [];
  #index = new Int32Array(1 << FIRST_BITS).fill(EMPTY);
  #limit = ((1 << FIRST_BITS) * LOAD) >> 4;
  readonly #one: Batch;

  constructor(width: number) {
    this.width = width;
    this.#one = new Batch(1, width);
  }

  /** Bytes that the store holds, all in. */
  get bytes(): number {
    const perState = 4 * (this.width + 1);
    return this.#rows.length * CHUNK * perState + this.#index.byteLength;
  }

  /** Puts a state into a batch that is not full. */
  queue(batch: Batch, state: SystemState, parent: number): void {
    const { width } = this;
    const { count, words } = batch;
    const from = count * width;
    let hash = 0;
    for (let place = 0; place < width; place += 1) {
      const word = (state[2 * place] as number) | ((state[2 * place + 1] as number) << 16);
      words[from + place] = word;
      hash = mixed(hash, word);
    }
    batch.hashes[count] = finished(hash);
    batch.parents[count] = parent;
    batch.count = count + 1;
  }

  /**
   * Adds those that are new, in their order. Most have been seen before, and every look costs a
   * memory access: first all places of the index are read, then all rows, so that the accesses
   * overlap.
   */
  addAll(batch: Batch): void {
    this.#readIndex(batch);
    this.#readRows(batch);
    this.#addRest(batch);
    batch.count = 0;
  }

  #readIndex({ count, entries, hashes }: Batch): void {
    const index = this.#index;
    const mask = index.length - 1;
    for (let at = 0; at < count; at += 1) {
      entries[at] = index[(hashes[at] as number) & mask] as number;
    }
  }

  #readRows({ count, entries, hashes, words }: Batch): void {
    const { width } = this;
    for (let at = 0; at < count; at += 1) {
      const entry = entries[at] as number;
      if (!isTagged(entry, hashes[at] as number)) continue;
      if (this.#isAt(entry & NUMBER_MASK, words, at * width)) entries[at] = SEEN;
    }
  }

  #addRest({ count, entries, hashes, words, parents }: Batch): void {
    const { width } = this;
    for (let at = 0; at < count; at += 1) {
      if (entries[at] === SEEN) continue;
      this.#add(words, at * width, hashes[at] as number, parents[at] as number);
    }
  }

  /** The number of a state, or -1. */
  find(state: SystemState): number {
    const one = this.#one;
    one.count = 0;
    this.queue(one, state, 0);
    const hash = one.hashes[0] as number;
    const index = this.#index;
    const mask = index.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = index[at] as number;
      if (entry === EMPTY) return -1;
      if (isTagged(entry, hash) && this.#isAt(entry & NUMBER_MASK, one.words, 0)) {
        return entry & NUMBER_MASK;
      }
    }
  }

  read(number: number, into: SystemState): void {
    const { width } = this;
    const row = this.#rows[number >>> CHUNK_BITS] as Int32Array;
    const from = (number & (CHUNK - 1)) * width;
    for (let place = 0; place < width; place += 1) {
      const word = row[from + place] as number;
      into[2 * place] = word & 0xffff;
      into[2 * place + 1] = word >>> 16;
    }
  }

  /** The state that this one was first reached from; the first state is its own. */
  parentOf(number: number): number {
    const parents = this.#parents[number >>> CHUNK_BITS] as Uint32Array;
    return parents[number & (CHUNK - 1)] as number;
  }

  #add(words: Int32Array, from: number, hash: number, parent: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let at = hash & mask;
    for (let entry = index[at] as number; entry !== EMPTY; entry = index[at] as number) {
      if (isTagged(entry, hash) && this.#isAt(entry & NUMBER_MASK, words, from)) {
        return;
      }
      at = (at + 1) & mask;
    }
    const number = this.count;
    if (number === STATES_MAX) throw new TooManyStates(`more than ${STATES_MAX} states`);
    index[at] = entryOf(number, hash);
    this.#write(number, words, from, parent);
    this.count = number + 1;
    if (this.count > this.#limit) this.#grow();
  }

  #write(number: number, words: Int32Array, from: number, parent: number): void {
    const { width } = this;
    const inChunk = number & (CHUNK - 1);
    if (inChunk === 0) {
      this.#rows.push(new Int32Array(CHUNK * width));
      this.#parents.push(new Uint32Array(CHUNK));
    }
    const chunk = number >>> CHUNK_BITS;
    const row = this.#rows[chunk] as Int32Array;
    const to = inChunk * width;
    for (let place = 0; place < width; place += 1) row[to + place] = words[from + place] as number;
    (this.#parents[chunk] as Uint32Array)[inChunk] = parent;
  }

  #isAt(number: number, words: Int32Array, from: number): boolean {
    const { width } = this;
    const row = this.#rows[number >>> CHUNK_BITS] as Int32Array;
    const at = (number & (CHUNK - 1)) * width;
    for (let place = 0; place < width; place += 1) {
      if (row[at + place] !== words[from + place]) return false;
    }
    return true;
  }

  #grow(): void {
    const size = this.#index.length * 2;
    const index = new Int32Array(size).fill(EMPTY);
    const mask = size - 1;
    for (let number = 0; number < this.count; number += 1) {
      const row = this.#rows[number >>> CHUNK_BITS] as Int32Array;
      const hash = hashOf(row, (number & (CHUNK - 1)) * this.width, this.width);
      let at = hash & mask;
      while (index[at] !== EMPTY) at = (at + 1) & mask;
      index[at] = entryOf(number, hash);
    }
    this.#index = index;
    this.#limit = Math.floor((size / 16) * LOAD);
  }
}

function entryOf(number: number, hash: number): number {
  return (hash & ~NUMBER_MASK) | number;
}

/** Whether an entry can be that of a state with this hash; an empty one never is. */
function isTagged(entry: number, hash: number): boolean {
  return ((entry ^ hash) & ~NUMBER_MASK) === 0 && entry !== EMPTY;
}

function hashOf(row: Int32Array, from: number, width: number): number {
  let hash = 0;
  for (let place = from; place < from + width; place += 1) hash = mixed(hash, row[place] as number);
  return finished(hash);
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}

/** The finalizer of MurmurHash3. */
function finished(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}
