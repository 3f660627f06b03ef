/**
 * States that have been seen, each once, with the one that it was first reached from. The states
 * themselves are kept, not fingerprints of them: no state can be taken for another one. A state's
 * number is the order in which it was found, so the store is also the queue of a search in breadth.
 */
const CHUNK_BITS = 16;
const CHUNK = 1 << CHUNK_BITS;
const EMPTY = 0xffffffff;
/** Of 16 places in the index so many are used before it doubles. */
const LOAD = 13;

export class StateStore {
  /** Words of a state. */
  readonly width: number;
  count = 0;
  readonly #rows: Uint32Array[] = [];
  readonly #parents: Uint32Array[] = [];
  #index = new Uint32Array(1 << 10).fill(EMPTY);
  #mask = (1 << 10) - 1;
  #limit = ((1 << 10) * LOAD) >> 4;

  constructor(width: number) {
    this.width = width;
  }

  /** Bytes that the store holds, all in. */
  get bytes(): number {
    const perState = 4 * (this.width + 1);
    return this.#rows.length * CHUNK * perState + this.#index.byteLength;
  }

  /** The number of a state; negative, `-1 - number`, when it had been seen before. */
  add(state: Uint32Array, parent: number): number {
    const { width } = this;
    const index = this.#index;
    const mask = this.#mask;
    let at = hashOf(state, 0, width) & mask;
    for (let found = index[at] as number; found !== EMPTY; found = index[at] as number) {
      if (this.#isAt(found, state)) return -1 - found;
      at = (at + 1) & mask;
    }
    const number = this.count;
    const inChunk = number & (CHUNK - 1);
    if (inChunk === 0) {
      this.#rows.push(new Uint32Array(CHUNK * width));
      this.#parents.push(new Uint32Array(CHUNK));
    }
    const chunk = number >>> CHUNK_BITS;
    const row = this.#rows[chunk] as Uint32Array;
    const from = inChunk * width;
    for (let place = 0; place < width; place += 1) row[from + place] = state[place] as number;
    (this.#parents[chunk] as Uint32Array)[inChunk] = parent;
    index[at] = number;
    this.count = number + 1;
    if (this.count > this.#limit) this.#grow();
    return number;
  }

  /** The number of a state, or -1. */
  find(state: Uint32Array): number {
    const index = this.#index;
    let at = hashOf(state, 0, this.width) & this.#mask;
    for (let found = index[at] as number; found !== EMPTY; found = index[at] as number) {
      if (this.#isAt(found, state)) return found;
      at = (at + 1) & this.#mask;
    }
    return -1;
  }

  read(number: number, into: Uint32Array): void {
    const { width } = this;
    const row = this.#rows[number >>> CHUNK_BITS] as Uint32Array;
    const from = (number & (CHUNK - 1)) * width;
    for (let place = 0; place < width; place += 1) into[place] = row[from + place] as number;
  }

  /** The state that this one was first reached from; the first state is its own. */
  parentOf(number: number): number {
    const parents = this.#parents[number >>> CHUNK_BITS] as Uint32Array;
    return parents[number & (CHUNK - 1)] as number;
  }

  #isAt(number: number, state: Uint32Array): boolean {
    const row = this.#rows[number >>> CHUNK_BITS] as Uint32Array;
    const from = (number & (CHUNK - 1)) * this.width;
    for (let place = 0; place < this.width; place += 1) {
      if (row[from + place] !== state[place]) return false;
    }
    return true;
  }

  #grow(): void {
    const size = this.#index.length * 2;
    const index = new Uint32Array(size).fill(EMPTY);
    const mask = size - 1;
    for (let number = 0; number < this.count; number += 1) {
      const row = this.#rows[number >>> CHUNK_BITS] as Uint32Array;
      const from = (number & (CHUNK - 1)) * this.width;
      let at = hashOf(row, from, this.width) & mask;
      while (index[at] !== EMPTY) at = (at + 1) & mask;
      index[at] = number;
    }
    this.#index = index;
    this.#mask = mask;
    this.#limit = Math.floor((size / 16) * LOAD);
  }
}

/** Mixes all places into 32 bits (the finalizer of MurmurHash3). */
function hashOf(row: Uint32Array, from: number, width: number): number {
  let hash = 0;
  for (let place = 0; place < width; place += 1) {
    hash = Math.imul(hash ^ (row[from + place] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
