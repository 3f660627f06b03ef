import type { EpochMs } from '../../../machines/rules/time.ts';
import type { Agenda } from './agenda.ts';

/** One transfer that runs over a link now. */
export interface Flow {
  /** The class's count of bytes served a flow, when this flow came and when it will be done. */
  readonly cameAt: number;
  readonly doneAt: number;
  readonly order: number;
  readonly flowClass: FlowClass;
  readonly onDone: () => void;
  isGone: boolean;
}

/** Flows that can take equally much: they always have the same rate. */
interface FlowClass {
  readonly capRate: number;
  count: number;
  /** Bytes that a flow has been served which was always here. */
  served: number;
  rate: number;
  readonly heap: Flow[];
}

export interface LinkLoad {
  readonly bytes: number;
  /** How long more was wanted than the link can carry. */
  readonly saturatedMs: number;
  readonly flowsMax: number;
}

/** Half a byte: sums of fractions do not end exactly on whole bytes. */
const DONE_WITHIN = 0.5;

/**
 * A link whose bandwidth its flows share fairly (max-min): none gets more than it can take, and what
 * it leaves goes to the others. A fluid: only when a flow comes or goes are rates computed anew,
 * class by class, so a night with thousands of flows costs some operations a flow.
 */
export class FluidLink {
  readonly #agenda: Agenda;
  /** Bytes a ms; `Infinity`: no limit. */
  #capacity: number;
  readonly #classes: FlowClass[] = [];
  #advancedTo: EpochMs;
  #armedAt = Number.POSITIVE_INFINITY;
  #flows = 0;
  #calls = 0;
  #isSaturated = false;
  #bytes = 0;
  #saturatedMs = 0;
  #flowsMax = 0;

  constructor(agenda: Agenda, bytesPerSecond: number | null) {
    this.#agenda = agenda;
    this.#capacity = bytesPerSecond === null ? Number.POSITIVE_INFINITY : bytesPerSecond / 1_000;
    this.#advancedTo = agenda.now();
  }

  get flowCount(): number {
    return this.#flows;
  }

  /** `capBytesPerSecond`: what this flow can take at most. `onDone` is called once, when all is through. */
  join(bytes: number, capBytesPerSecond: number, onDone: () => void): Flow {
    this.#advance();
    const flowClass = this.#classFor(capBytesPerSecond / 1_000);
    const cameAt = flowClass.served;
    const doneAt = cameAt + bytes;
    const order = this.#calls;
    this.#calls += 1;
    const flow: Flow = { cameAt, doneAt, order, flowClass, onDone, isGone: false };
    flowClass.count += 1;
    this.#flows += 1;
    this.#flowsMax = Math.max(this.#flowsMax, this.#flows);
    push(flowClass.heap, flow);
    this.#share();
    return flow;
  }

  /** Takes a flow away before it is done; returns the whole bytes that came through. */
  leave(flow: Flow): number {
    if (flow.isGone) return 0;
    this.#advance();
    const served = flow.flowClass.served - flow.cameAt;
    const bytes = Math.max(0, Math.min(flow.doneAt - flow.cameAt, Math.floor(served)));
    this.#bytes -= served - bytes;
    this.#remove(flow);
    this.#share();
    return bytes;
  }

  /** Bytes a ms that the flow gets now. */
  rateOf(flow: Flow): number {
    return flow.flowClass.rate;
  }

  setCapacity(bytesPerSecond: number | null): void {
    this.#advance();
    this.#capacity = bytesPerSecond === null ? Number.POSITIVE_INFINITY : bytesPerSecond / 1_000;
    this.#share();
  }

  /** What was carried since the last call. */
  takeLoad(): LinkLoad {
    this.#advance();
    const bytes = Math.max(0, Math.round(this.#bytes));
    const load = { bytes, saturatedMs: this.#saturatedMs, flowsMax: this.#flowsMax };
    this.#bytes -= bytes;
    this.#saturatedMs = 0;
    this.#flowsMax = this.#flows;
    return load;
  }

  #classFor(capRate: number): FlowClass {
    let index = 0;
    for (; index < this.#classes.length; index += 1) {
      const one = this.#classes[index] as FlowClass;
      if (one.capRate === capRate) return one;
      if (one.capRate > capRate) break;
    }
    const created: FlowClass = { capRate, count: 0, served: 0, rate: 0, heap: [] };
    this.#classes.splice(index, 0, created);
    return created;
  }

  #remove(flow: Flow): void {
    flow.isGone = true;
    flow.flowClass.count -= 1;
    this.#flows -= 1;
  }

  #advance(): void {
    const now = this.#agenda.now();
    const tookMs = now - this.#advancedTo;
    if (tookMs <= 0) return;
    this.#advancedTo = now;
    if (this.#flows === 0) return;
    for (const one of this.#classes) {
      if (one.count === 0) continue;
      const bytes = one.rate * tookMs;
      one.served += bytes;
      this.#bytes += bytes * one.count;
    }
    if (this.#isSaturated) this.#saturatedMs += tookMs;
  }

  /** Max-min: the classes that can take least first. */
  #share(): void {
    let left = this.#capacity;
    let flows = this.#flows;
    this.#isSaturated = false;
    for (const one of this.#classes) {
      if (one.count === 0) continue;
      const fair = left / flows;
      if (one.capRate <= fair) {
        one.rate = one.capRate;
        left -= one.capRate * one.count;
        flows -= one.count;
      } else {
        one.rate = fair;
        this.#isSaturated = true;
      }
    }
    this.#arm();
  }

  #arm(): void {
    let soonest = Number.POSITIVE_INFINITY;
    for (const one of this.#classes) {
      if (one.count === 0 || one.rate === 0) continue;
      const top = topOf(one.heap);
      if (top === null) continue;
      const leftMs = Math.ceil((top.doneAt - one.served - DONE_WITHIN) / one.rate);
      soonest = Math.min(soonest, this.#advancedTo + Math.max(0, leftMs));
    }
    if (soonest >= this.#armedAt) return;
    this.#armedAt = soonest;
    this.#agenda.at(soonest, () => this.#onWake(soonest));
  }

  #onWake(armedAt: EpochMs): void {
    if (armedAt !== this.#armedAt) return;
    this.#armedAt = Number.POSITIVE_INFINITY;
    this.#advance();
    const done: Flow[] = [];
    for (const one of this.#classes) {
      for (let top = topOf(one.heap); top !== null; top = topOf(one.heap)) {
        if (top.doneAt - one.served > DONE_WITHIN) break;
        pop(one.heap);
        // Whole ms: a little more than it had was counted for it.
        this.#bytes -= one.served - top.doneAt;
        this.#remove(top);
        done.push(top);
      }
    }
    this.#share();
    for (const flow of done) flow.onDone();
  }
}

function isBefore(left: Flow, right: Flow): boolean {
  return left.doneAt !== right.doneAt ? left.doneAt < right.doneAt : left.order < right.order;
}

/** The next flow that will be done; those that have left are dropped on the way. */
function topOf(heap: Flow[]): Flow | null {
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    if (!top.isGone) return top;
    pop(heap);
  }
  return null;
}

function push(heap: Flow[], flow: Flow): void {
  let index = heap.length;
  heap.push(flow);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(flow, heap[parent] as Flow)) break;
    heap[index] = heap[parent] as Flow;
    index = parent;
  }
  heap[index] = flow;
}

function pop(heap: Flow[]): void {
  const moving = heap.pop() as Flow;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Flow, heap[child] as Flow)) {
      child += 1;
    }
    if (!isBefore(heap[child] as Flow, moving)) break;
    heap[index] = heap[child] as Flow;
    index = child;
  }
  heap[index] = moving;
}
