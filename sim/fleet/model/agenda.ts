import type { EpochMs } from '../../../machines/rules/time.ts';

type Task = () => void;

/**
 * The one list of what happens when: a binary heap on (instant, order of the calls) in typed
 * arrays. A fleet cancels nothing here: who is woken for nothing says so itself, which costs less
 * than to look for the entry (`machines/ports/clock.ts` has wake-ups that can be taken back).
 */
export class Agenda {
  #due = new Float64Array(1_024);
  #order = new Float64Array(1_024);
  #tasks: (Task | null)[] = [];
  #size = 0;
  #calls = 0;
  #now: EpochMs;
  #fired = 0;

  constructor(startAt: EpochMs) {
    this.#now = startAt;
  }

  now(): EpochMs {
    return this.#now;
  }

  /** Tasks that were done so far. */
  get firedCount(): number {
    return this.#fired;
  }

  get pendingCount(): number {
    return this.#size;
  }

  nextDueAt(): EpochMs | null {
    return this.#size === 0 ? null : (this.#due[0] as number);
  }

  /** What is due in the past is done as soon as possible. */
  at(dueAt: EpochMs, task: Task): void {
    if (!Number.isSafeInteger(dueAt)) throw new RangeError(`not a whole millisecond: ${dueAt}`);
    if (this.#size === this.#due.length) this.#grow();
    const order = this.#calls;
    this.#calls += 1;
    let index = this.#size;
    this.#size += 1;
    const due = this.#due;
    const orders = this.#order;
    const tasks = this.#tasks;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      // What comes later in the order of the calls never passes what is due at the same instant.
      if ((due[parent] as number) <= dueAt) break;
      due[index] = due[parent] as number;
      orders[index] = orders[parent] as number;
      tasks[index] = tasks[parent] as Task;
      index = parent;
    }
    due[index] = dueAt;
    orders[index] = order;
    tasks[index] = task;
  }

  in(delayMs: number, task: Task): void {
    this.at(this.#now + delayMs, task);
  }

  /** Does the next task; `false` when there is none at or before `until`. */
  fireNext(until: EpochMs): boolean {
    if (this.#size === 0 || (this.#due[0] as number) > until) return false;
    const task = this.#tasks[0] as Task;
    if ((this.#due[0] as number) > this.#now) this.#now = this.#due[0] as number;
    this.#removeTop();
    this.#fired += 1;
    task();
    return true;
  }

  moveTo(at: EpochMs): void {
    if (at > this.#now) this.#now = at;
  }

  #removeTop(): void {
    this.#size -= 1;
    const last = this.#size;
    const due = this.#due;
    const orders = this.#order;
    const tasks = this.#tasks;
    const movingDue = due[last] as number;
    const movingOrder = orders[last] as number;
    const moving = tasks[last] as Task;
    tasks[last] = null;
    if (last === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= last) break;
      const right = child + 1;
      if (right < last && this.#isBefore(right, child)) child = right;
      const childDue = due[child] as number;
      if (childDue > movingDue) break;
      if (childDue === movingDue && (orders[child] as number) > movingOrder) break;
      due[index] = childDue;
      orders[index] = orders[child] as number;
      tasks[index] = tasks[child] as Task;
      index = child;
    }
    due[index] = movingDue;
    orders[index] = movingOrder;
    tasks[index] = moving;
  }

  #isBefore(left: number, right: number): boolean {
    const leftDue = this.#due[left] as number;
    const rightDue = this.#due[right] as number;
    if (leftDue !== rightDue) return leftDue < rightDue;
    return (this.#order[left] as number) < (this.#order[right] as number);
  }

  #grow(): void {
    const due = new Float64Array(this.#due.length * 2);
    const order = new Float64Array(this.#due.length * 2);
    due.set(this.#due);
    order.set(this.#order);
    this.#due = due;
    this.#order = order;
  }
}
