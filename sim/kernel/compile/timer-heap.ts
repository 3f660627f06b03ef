const ARITY = 4;
const FIRST_CAPACITY = 64;
const NOWHERE = -1;

/**
 * Timers in the order (due instant, order of the calls), as numbers in typed arrays: no object and no
 * function a timer. A timer is a place in a bank; every place knows where in the heap it waits, so
 * that one set anew moves instead of leaving an entry behind.
 */
export class TimerHeap {
  size = 0;
  #dueAt = new Float64Array(FIRST_CAPACITY);
  #sequence = new Float64Array(FIRST_CAPACITY);
  #bank = new Int32Array(FIRST_CAPACITY);
  #place = new Int32Array(FIRST_CAPACITY);
  /** By bank, then by place. */
  readonly #positions: Int32Array[] = [];
  #lastSequence = 0;

  addBank(): number {
    this.#positions.push(new Int32Array(FIRST_CAPACITY).fill(NOWHERE));
    return this.#positions.length - 1;
  }

  /** Of the timer that is due next; only when `size` is not 0. */
  get dueAt(): number {
    return this.#dueAt[0] as number;
  }
  get bank(): number {
    return this.#bank[0] as number;
  }
  get place(): number {
    return this.#place[0] as number;
  }

  /** The same instant again changes nothing, not even the order. */
  set(bank: number, place: number, dueAt: number): void {
    this.#makeRoom(bank, place);
    let at = (this.#positions[bank] as Int32Array)[place] as number;
    if (at === NOWHERE) {
      if (this.size === this.#dueAt.length) this.#grow();
      at = this.size;
      this.size += 1;
    } else if (this.#dueAt[at] === dueAt) return;
    this.#lastSequence += 1;
    this.#settle(at, dueAt, this.#lastSequence, bank, place);
  }

  clear(bank: number, place: number): void {
    const positions = this.#positions[bank] as Int32Array;
    const at = place < positions.length ? (positions[place] as number) : NOWHERE;
    if (at === NOWHERE) return;
    positions[place] = NOWHERE;
    this.size -= 1;
    const last = this.size;
    if (at === last) return;
    this.#settle(
      at,
      this.#dueAt[last] as number,
      this.#sequence[last] as number,
      this.#bank[last] as number,
      this.#place[last] as number,
    );
  }

  /** Puts a timer at `at` or where it belongs above or below. */
  #settle(start: number, dueAt: number, sequence: number, bank: number, place: number): void {
    let at = start;
    while (at > 0) {
      const parent = ((at - 1) / ARITY) | 0;
      if (!this.#isBefore(dueAt, sequence, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    while (at >= start) {
      const child = this.#firstOf(ARITY * at + 1);
      if (child === NOWHERE || this.#isBefore(dueAt, sequence, child)) break;
      this.#move(child, at);
      at = child;
    }
    this.#dueAt[at] = dueAt;
    this.#sequence[at] = sequence;
    this.#bank[at] = bank;
    this.#place[at] = place;
    (this.#positions[bank] as Int32Array)[place] = at;
  }

  /** The earliest of the children that begin at `start`. */
  #firstOf(start: number): number {
    const end = Math.min(start + ARITY, this.size);
    if (start >= end) return NOWHERE;
    let first = start;
    for (let at = start + 1; at < end; at += 1) {
      if (this.#isBefore(this.#dueAt[at] as number, this.#sequence[at] as number, first)) {
        first = at;
      }
    }
    return first;
  }

  #isBefore(dueAt: number, sequence: number, other: number): boolean {
    const otherDueAt = this.#dueAt[other] as number;
    return dueAt === otherDueAt ? sequence < (this.#sequence[other] as number) : dueAt < otherDueAt;
  }

  #move(from: number, to: number): void {
    const bank = this.#bank[from] as number;
    const place = this.#place[from] as number;
    this.#dueAt[to] = this.#dueAt[from] as number;
    this.#sequence[to] = this.#sequence[from] as number;
    this.#bank[to] = bank;
    this.#place[to] = place;
    (this.#positions[bank] as Int32Array)[place] = to;
  }

  #makeRoom(bank: number, place: number): void {
    const positions = this.#positions[bank] as Int32Array;
    if (place < positions.length) return;
    const capacity = Math.max(place + 1, positions.length * 2);
    this.#positions[bank] = grown(positions, new Int32Array(capacity).fill(NOWHERE));
  }

  #grow(): void {
    const capacity = this.#dueAt.length * 2;
    this.#dueAt = grown(this.#dueAt, new Float64Array(capacity));
    this.#sequence = grown(this.#sequence, new Float64Array(capacity));
    this.#bank = grown(this.#bank, new Int32Array(capacity));
    this.#place = grown(this.#place, new Int32Array(capacity));
  }
}

/** The old array's numbers at the start of the new one. */
export function grown<Numbers extends { set(from: ArrayLike<number>): void }>(
  from: ArrayLike<number>,
  to: Numbers,
): Numbers {
  to.set(from);
  return to;
}
