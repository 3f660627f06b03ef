import { type Cell, CHANGED, type Code, generateCode, UNTAKEN } from './code.ts';
import { Enqueue } from './enqueue.ts';
import { Given } from './given.ts';
import type { AnyEvent, AnyMachine, MachineFunction } from './machine-types.ts';
import type { Operation } from './operations.ts';
import { Requests } from './requests.ts';
import type { Tables } from './tables.ts';

/** A machine is at work, has ended by itself, or has died of an error. */
export const ACTIVE = 0;
export const DONE = 1;
export const FAILED = 2;
export type Status = typeof ACTIVE | typeof DONE | typeof FAILED;

type Context = Record<string, unknown>;

/** XState runs custom actions of the first step only when the actor starts, after all assigns. */
interface Postponed {
  readonly call: MachineFunction;
  readonly given: Given;
  readonly parameters: unknown;
}

/**
 * Does the steps of one machine. Its fields are registers: a step loads them, works, and whoever
 * asked takes the result out; nothing of an instance stays here. The methods that are not `begin`
 * or `advance` are for the generated code.
 */
export class Engine {
  state = 0;
  context: Context = {};
  status: Status = ACTIVE;
  output: unknown = undefined;
  emitted = new Requests<unknown>();
  /** Whether what a callback has enqueued assigned. */
  hasAssigned = false;
  readonly enqueue: Enqueue;
  readonly #code: Code;
  readonly #firstState: number;
  readonly #eventIds: ReadonlyMap<string, number>;
  readonly #width: number;
  readonly #raised: AnyEvent[] = [];
  #postponed: Postponed[] | null = null;
  #isBusy = false;

  constructor(machine: AnyMachine, tables: Tables) {
    this.#code = generateCode(tables);
    this.#firstState = tables.first.next;
    this.#eventIds = new Map(tables.eventTypes.map((type, id) => [type, id]));
    this.#width = tables.eventTypes.length + 1;
    this.enqueue = new Enqueue({ machine, state: '' });
  }

  get source(): string {
    return this.#code.source;
  }

  /** The number of an event; the last one stands for all that no transition names. */
  eventId(type: string): number {
    return this.#eventIds.get(type) ?? this.#width - 1;
  }

  /**
   * Before the registers are loaded: a function of the machine that takes a step of the same kind of
   * machine would overwrite those of the step that it is called from.
   */
  occupy(): void {
    if (this.#isBusy) throw new Error('a step of this machine is being done: steps do not nest');
    this.#isBusy = true;
    this.status = ACTIVE;
    this.output = undefined;
    this.hasAssigned = false;
  }

  /** The first step; `input` as XState's own first event carries it. */
  begin(input: unknown, contextOf: unknown): void {
    const event = { type: 'xstate.init', input } as AnyEvent;
    const postponed: Postponed[] = [];
    this.#postponed = postponed;
    this.context = {};
    this.state = this.#firstState;
    try {
      this.context = initialContext(input, contextOf);
      this.#enterFirst(event);
      for (const { call, given, parameters } of postponed) call(given, parameters);
    } catch (error) {
      // Requests go out when all of the first step has gone well.
      this.emitted.clear();
      throw error;
    } finally {
      this.release();
    }
  }

  /** One event, and everything that follows from it. After an error, `release` must be called. */
  advance(eventId: number, event: AnyEvent): void {
    const cell = this.#code.onEvent[this.state * this.#width + eventId] as Cell | null;
    if (cell !== null) cell(this, event);
    if (this.#raised.length > 0 || this.#code.onAlways[this.state] !== null) {
      this.#settle(event);
      // The machine may have ended with events of its own unheard.
      if (this.#raised.length > 0) this.#raised.length = 0;
    }
    this.#isBusy = false;
  }

  /** Forgets a step that was not finished. */
  release(): void {
    this.#isBusy = false;
    this.#postponed = null;
    this.#raised.length = 0;
  }

  raise(event: AnyEvent): void {
    this.#raised.push(event);
  }

  act(call: MachineFunction, given: Given, parameters: unknown): void {
    if (this.#postponed === null) call(given, parameters);
    else this.#postponed.push({ call, given, parameters });
  }

  runPending(event: AnyEvent): void {
    for (const operation of this.enqueue.takePending()) {
      const cell = this.#code.late[operation.kind];
      if (cell === undefined) throw new Error(`${operation.kind} cannot be enqueued`);
      cell(this, event, operation);
    }
  }

  raiseDone({ type, output }: Finishing, context: Context, event: AnyEvent): void {
    this.#raised.push({ type, output: outputOf(output, context, event) } as AnyEvent);
  }

  finish({ type, output, machineOutput }: Finishing, context: Context, event: AnyEvent): void {
    this.status = DONE;
    if (machineOutput === undefined) return;
    const done = { type, output: outputOf(output, context, event) } as AnyEvent;
    this.output = outputOf(machineOutput, context, done);
  }

  #enterFirst(event: AnyEvent): void {
    const { context } = this;
    try {
      this.#code.first(this, event);
      this.state = this.#firstState;
      this.#settle(event);
    } catch (error) {
      // XState keeps what it had before the first state was entered.
      this.context = context;
      this.state = this.#firstState;
      this.status = ACTIVE;
      this.output = undefined;
      throw error;
    }
  }

  /** Eventless transitions and raised events, until neither is left: XState's macrostep. */
  #settle(event: AnyEvent): void {
    let current = event;
    let mayBeEventless = true;
    while (this.status === ACTIVE) {
      this.hasAssigned = false;
      const always: Cell | null = mayBeEventless ? (this.#code.onAlways[this.state] ?? null) : null;
      const done: number = always === null ? UNTAKEN : always(this, current);
      mayBeEventless = done === CHANGED;
      if (done !== UNTAKEN) continue;
      const raised = this.#raised.shift();
      if (raised === undefined) return;
      current = raised;
      mayBeEventless = true;
      const cell = this.#code.onEvent[this.state * this.#width + this.eventId(raised.type)];
      if (cell) cell(this, raised);
    }
  }
}

type Finishing = Extract<Operation, { kind: 'raiseDone' | 'finish' }> & {
  readonly machineOutput?: unknown;
};

function outputOf(output: unknown, context: Context, event: AnyEvent): unknown {
  return typeof output === 'function' ? output(new Given(context, event)) : output;
}

function initialContext(input: unknown, contextOf: unknown): Context {
  if (typeof contextOf !== 'function') return (contextOf ?? {}) as Context;
  return { ...contextOf(new InitialGiven(input)) };
}

/** What the function that makes a context is called with. */
class InitialGiven {
  readonly input: unknown;

  constructor(input: unknown) {
    this.input = input;
  }

  get self(): never {
    throw new Error('a compiled machine is not an actor: it has no "self"');
  }
  get spawn(): never {
    throw new Error('a compiled machine cannot spawn actors');
  }
}
