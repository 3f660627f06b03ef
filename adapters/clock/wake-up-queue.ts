import type { EpochMs } from '../../machines/rules/time.ts';

/** One pending wake-up. `wake` becomes null when it is cancelled or has fired. */
export interface WakeUp {
  readonly dueAt: EpochMs;
  /** The order of the calls: decides between wake-ups of the same instant. */
  readonly sequence: number;
  wake: (() => void) | null;
}

/** Below this size the cancelled entries are not worth a clean-up. */
const COMPACT_SIZE_MIN = 64;

function isBefore(left: WakeUp, right: WakeUp): boolean {
  if (left.dueAt !== right.dueAt) return left.dueAt < right.dueAt;
  return left.sequence < right.sequence;
}

/**
 * The pending wake-ups of a clock: a binary heap on (dueAt, order of the calls). Cancelling is
 * O(1): the entry stays in the heap, emptied, until it reaches the top or until more than half of
 * the heap is empty; so a machine that sets and cancels a 30-day timer at every event leaks nothing.
 */
export class WakeUpQueue {
  #heap: WakeUp[] = [];
  #sequence = 0;
  #cancelled = 0;

  /** Wake-ups that are neither cancelled nor fired. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** The sequence number that the next `add` will get. */
  get nextSequence(): number {
    return this.#sequence;
  }

  add(dueAt: EpochMs, wake: () => void): WakeUp {
    if (!Number.isSafeInteger(dueAt)) {
      throw new RangeError(`a wake-up needs a whole number of milliseconds, not ${dueAt}`);
    }
    const wakeUp: WakeUp = { dueAt, sequence: this.#sequence, wake };
    this.#sequence += 1;
    this.#heap.push(wakeUp);
    this.#siftUp(this.#heap.length - 1);
    return wakeUp;
  }

  cancel(wakeUp: WakeUp): void {
    if (wakeUp.wake === null) return;
    wakeUp.wake = null;
    this.#cancelled += 1;
    if (this.#heap.length >= COMPACT_SIZE_MIN && this.#cancelled * 2 > this.#heap.length) {
      this.#compact();
    }
  }

  /** The next wake-up that will fire, left where it is. */
  peek(): WakeUp | null {
    this.#dropCancelledTop();
    return this.#heap[0] ?? null;
  }

  /** Takes the next wake-up out and returns what to call. */
  take(): { readonly dueAt: EpochMs; readonly wake: () => void } | null {
    this.#dropCancelledTop();
    const top = this.#heap[0];
    if (top === undefined || top.wake === null) return null;
    this.#removeTop();
    const { wake } = top;
    top.wake = null;
    return { dueAt: top.dueAt, wake };
  }

  #dropCancelledTop(): void {
    while (this.#heap.length > 0 && this.#heap[0]?.wake === null) {
      this.#removeTop();
      this.#cancelled -= 1;
    }
  }

  #removeTop(): void {
    const last = this.#heap.pop() as WakeUp;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown(0);
  }

  #compact(): void {
    this.#heap = this.#heap.filter((wakeUp) => wakeUp.wake !== null);
    this.#cancelled = 0;
    for (let index = (this.#heap.length >> 1) - 1; index >= 0; index -= 1) this.#siftDown(index);
  }

  #siftUp(start: number): void {
    const heap = this.#heap;
    const moving = heap[start] as WakeUp;
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as WakeUp;
      if (!isBefore(moving, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = moving;
  }

  #siftDown(start: number): void {
    const heap = this.#heap;
    const moving = heap[start] as WakeUp;
    let index = start;
    for (;;) {
      let childIndex = 2 * index + 1;
      const left = heap[childIndex];
      if (left === undefined) break;
      const right = heap[childIndex + 1];
      let child = left;
      if (right !== undefined && isBefore(right, left)) {
        child = right;
        childIndex += 1;
      }
      if (!isBefore(child, moving)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = moving;
  }
}
