import type { EpochMs } from '../../../machines/rules/time.ts';
import type { Scenario, ScenarioStep } from '../../scenario/types.ts';
import { type Act, type Order, type PlacedOrder, type PlacedStep, stepOf } from '../live-run.ts';

export interface ConductorOptions {
  readonly scenario: Scenario;
  readonly isFree: boolean;
  /** Orders that are known beforehand: this run repeats another one. */
  readonly placed: readonly PlacedOrder[];
  readonly now: () => EpochMs;
  readonly eventCount: () => number;
  readonly act: (act: Act) => void;
  /** Steps follow each other until so many events are logged: a run that catches up with another. */
  readonly freeUntil?: number;
}

/**
 * Decides what a scenario runner does next, when its turn comes: the scenario's own step, or what
 * the user ordered. The runner walks through `scenario.steps`, which grows by one slot at a time; a
 * slot gets its content while the runner waits before it.
 */
export class Conductor {
  readonly scenario: Scenario;
  readonly #slots: ScenarioStep[] = [];
  readonly #script: readonly ScenarioStep[];
  readonly #options: ConductorOptions;
  readonly #begun: PlacedStep[] = [];
  readonly #done: PlacedOrder[] = [];
  readonly #ordered: Order[] = [];
  #acts: Order[] = [];
  #placed: PlacedOrder[];
  #nextOfScript = 0;
  #permits = 0;
  #isHeld = false;
  #isWaiting = false;
  #isStaying = false;
  #isOver = false;
  #wake: () => void = () => {};

  constructor(options: ConductorOptions) {
    this.#options = options;
    this.#placed = [...options.placed];
    this.#script = options.scenario.steps;
    this.#slots.push(emptySlot(options.scenario));
    this.scenario = { ...options.scenario, steps: this.#slots };
  }

  /** Before each slot: waits for what comes next and puts it there. */
  readonly beforeStep = async (slot: ScenarioStep, index: number): Promise<void> => {
    const chosen = await this.#choose(index);
    if (chosen === null || this.#isOver) return;
    const { now, eventCount } = this.#options;
    Object.assign(slot, chosen.step);
    this.#begun.push({ ...chosen, position: eventCount(), at: now() });
    if (this.#hasMore()) this.#slots.push(emptySlot(this.#options.scenario));
  };

  /** Told after each event: what was ordered in the middle of a step comes at its place. */
  readonly afterEvent = (): void => {
    const count = this.#options.eventCount();
    const acts = this.#acts;
    this.#acts = [];
    for (const order of acts) queueMicrotask(() => this.#act(order, count, null));
    if (this.#placed.length === 0) return;
    const due = this.#placed.filter(({ order, slot, position }) => {
      return order.type === 'act' && slot === null && position <= count;
    });
    if (due.length === 0) return;
    this.#placed = this.#placed.filter((one) => !due.includes(one));
    // Not in the middle of the writer's own work: as soon as that has come to rest.
    for (const { order } of due) queueMicrotask(() => this.#act(order, count, null));
  };

  order(order: Order): void {
    if (this.#isOver) return;
    // In the middle of a step it waits for the next event, so that its place can be told again.
    if (order.type === 'act' && !this.#isWaiting && !this.#options.isFree) this.#acts.push(order);
    else if (order.type === 'act' && !this.#isWaiting) {
      this.#act(order, this.#options.eventCount(), null);
    } else {
      this.#ordered.push(order);
      this.#wake();
    }
  }

  pendingOrders(): number {
    return this.#ordered.length + this.#acts.length + this.#placed.length;
  }

  next(): void {
    if (!this.#isWaiting) return;
    this.#permits = 1;
    this.#wake();
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#wake();
  }

  stay(): void {
    this.#isStaying = true;
    this.#wake();
  }

  /** Ends at the next slot; true when the scenario's own steps were all begun and none goes on. */
  end(): boolean {
    const isComplete = this.#isWaiting && this.stepsLeft() === 0;
    this.#isOver = true;
    this.#wake();
    return isComplete;
  }

  isWaiting(): boolean {
    return this.#isWaiting;
  }

  isHeld(): boolean {
    return this.#isHeld;
  }

  stepsLeft(): number {
    return this.#script.length - this.#nextOfScript;
  }

  steps(): readonly PlacedStep[] {
    return this.#begun;
  }

  /** What was done but is no step: it has no slot, or was no fault that a step can arm. */
  strikes(): readonly PlacedOrder[] {
    return this.#done.filter(({ order, slot }) => {
      return order.type === 'act' && (slot === null || order.act.type !== 'fault');
    });
  }

  /** The orders that came before a position, at their places; with those still to come. */
  ordersBefore(position: number): readonly PlacedOrder[] {
    return [...this.#done, ...this.#placed].filter((one) => one.position <= position);
  }

  async #choose(index: number): Promise<{ step: ScenarioStep; isOrdered: boolean } | null> {
    for (;;) {
      const ordered = this.#takePlaced(index) ?? this.#takeOrdered(index);
      if (ordered !== null) return { step: ordered, isOrdered: true };
      if (this.#isOver) return null;
      if (this.#mayGoOn()) return { step: this.#takeOfScript(), isOrdered: false };
      this.#isWaiting = true;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#isWaiting = false;
    }
  }

  #mayGoOn(): boolean {
    const { isFree, freeUntil = 0, eventCount } = this.#options;
    if (this.stepsLeft() === 0) return false;
    return isFree ? !this.#isHeld : this.#permits > 0 || eventCount() < freeUntil;
  }

  #takeOfScript(): ScenarioStep {
    this.#permits = 0;
    const step = this.#script[this.#nextOfScript] as ScenarioStep;
    this.#nextOfScript += 1;
    return step;
  }

  /** Of a repeated run: what stood in this slot, or, when new, the first slot at its position. */
  #takePlaced(slot: number): ScenarioStep | null {
    const { eventCount, now } = this.#options;
    for (const one of this.#placed) {
      const isHere = one.slot === null ? one.position <= eventCount() : one.slot === slot;
      if (!isHere) continue;
      this.#placed = this.#placed.filter((other) => other !== one);
      const step = stepOf(one.order, now());
      if (step === null) {
        this.#act(one.order, one.position, slot);
        continue;
      }
      this.#done.push({ order: one.order, position: one.position, slot });
      return step;
    }
    return null;
  }

  #takeOrdered(slot: number): ScenarioStep | null {
    for (;;) {
      const order = this.#acts.shift() ?? this.#ordered.shift();
      if (order === undefined) return null;
      const position = this.#options.eventCount();
      const step = stepOf(order, this.#options.now());
      if (step === null) {
        this.#act(order, position, slot);
        continue;
      }
      this.#done.push({ order, position, slot });
      return step;
    }
  }

  #act(order: Order, position: number, slot: number | null): void {
    if (order.type !== 'act') return;
    this.#done.push({ order, position, slot });
    this.#options.act(order.act);
  }

  #hasMore(): boolean {
    return (
      this.stepsLeft() > 0 ||
      this.#isStaying ||
      this.#ordered.length > 0 ||
      this.#placed.some(({ order }) => order.type !== 'act') ||
      this.#placed.some(({ slot }) => slot !== null)
    );
  }
}

/** A step that changes nothing: the content of a slot that is never filled. */
function emptySlot({ repositories }: Scenario): ScenarioStep {
  const [first] = repositories;
  return {
    type: 'setRepository',
    place: { line: 0, column: 0 },
    repository: first?.name ?? '',
    changes: {},
  };
}
