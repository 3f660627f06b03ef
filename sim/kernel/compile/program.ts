import { ACTIVE, DONE, Engine, FAILED, type Status } from './engine.ts';
import { Lookups } from './lookups.ts';
import type {
  AnyEvent,
  AnyMachine,
  ContextOf,
  EventOf,
  HostInputOf,
  InputOf,
  OutputOf,
  PersistedSnapshot,
  RequestOf,
} from './machine-types.ts';
import { Requests } from './requests.ts';
import { buildTables } from './tables.ts';

/** One machine at one moment. Small on purpose: the program knows everything else. */
export interface Instance<Machine extends AnyMachine> {
  /** The number of the leaf state; `Program.states` has its path. */
  state: number;
  context: ContextOf<Machine>;
  status: Status;
  /** Once `status` is DONE. */
  output: OutputOf<Machine> | undefined;
  /** Once `status` is FAILED: what a function of the machine threw. */
  error: unknown;
}

/** A step without an instance: what an explorer asks for. Reuse one for many steps. */
export interface Step<Machine extends AnyMachine> extends Instance<Machine> {
  /** In order; emptied at the next step into the same object. */
  readonly emitted: Requests<RequestOf<Machine>>;
}

const WILDCARD = '*';
const XSTATE = 'xstate.';

/** A machine as tables. It never changes, and any number of instances share it. */
export class Program<Machine extends AnyMachine> {
  readonly machine: Machine;
  /** Paths of the leaf states (`active.running`); a state's number is its place. */
  readonly states: readonly string[];
  /** Every event type that the machine names. */
  readonly eventTypes: readonly string[];
  readonly #lookups: Lookups;
  readonly #engine: Engine;
  /** The number of all events that the machine does not name. */
  readonly #otherEvent: number;

  constructor(machine: Machine) {
    const tables = buildTables(machine);
    this.machine = machine;
    this.#lookups = new Lookups(machine, tables.leaves);
    this.#engine = new Engine(machine, tables);
    this.states = this.#lookups.states;
    this.eventTypes = tables.eventTypes;
    this.#otherEvent = tables.eventTypes.length;
  }

  /** The generated code, for people who want to see what runs. */
  get source(): string {
    return this.#engine.source;
  }

  /** As the host starts a machine: `startedAt` is filled in. What is emitted is appended. */
  start(
    input: HostInputOf<Machine>,
    at: number,
    emitted = new Requests<RequestOf<Machine>>(),
  ): Instance<Machine> {
    return this.startWith({ ...(input as object), startedAt: at } as InputOf<Machine>, emitted);
  }

  /** As `createActor` starts a machine: the input is kept as it is, so that many can share it. */
  startWith(
    input: InputOf<Machine>,
    emitted = new Requests<RequestOf<Machine>>(),
  ): Instance<Machine> {
    const engine = this.#engine;
    engine.occupy();
    engine.emitted = new Requests();
    const instance = { state: 0, status: ACTIVE, output: undefined } as Instance<Machine>;
    instance.error = undefined;
    try {
      engine.begin(input, this.machine.config.context);
      instance.status = engine.status;
      instance.output = engine.output as OutputOf<Machine>;
    } catch (error) {
      instance.status = FAILED;
      instance.error = error;
    }
    instance.state = engine.state;
    instance.context = engine.context as ContextOf<Machine>;
    for (const request of engine.emitted) emitted.add(request as RequestOf<Machine>);
    return instance;
  }

  /**
   * Hands one event to an instance and appends what it asks of the world. An instance that has
   * ended takes no event, as an actor does not. What a function of the machine throws kills the
   * instance, takes the step's requests back, and is thrown.
   */
  step(
    instance: Instance<Machine>,
    event: EventOf<Machine>,
    emitted: Requests<RequestOf<Machine>>,
  ): void {
    this.stepById(instance, this.eventId((event as AnyEvent).type), event, emitted);
  }

  /** As `step`, for who has asked `eventId` before. */
  stepById(
    instance: Instance<Machine>,
    eventId: number,
    event: EventOf<Machine>,
    emitted: Requests<RequestOf<Machine>>,
  ): void {
    if (instance.status !== ACTIVE) return;
    const engine = this.#engine;
    const emittedBefore = emitted.count;
    engine.occupy();
    engine.state = instance.state;
    engine.context = instance.context as Record<string, unknown>;
    engine.emitted = emitted;
    try {
      engine.advance(eventId, event as AnyEvent);
    } catch (error) {
      engine.release();
      emitted.count = emittedBefore;
      instance.status = FAILED;
      instance.error = error;
      throw error;
    }
    instance.state = engine.state;
    instance.context = engine.context as ContextOf<Machine>;
    if (engine.status === ACTIVE) return;
    instance.status = engine.status;
    instance.output = engine.output as OutputOf<Machine>;
  }

  /** Pure: nothing is kept between two calls. Give `into` to allocate nothing. */
  next(
    state: number,
    context: ContextOf<Machine>,
    event: EventOf<Machine>,
    into: Step<Machine> = this.emptyStep(),
  ): Step<Machine> {
    into.state = state;
    into.context = context;
    into.status = this.isFinal(state) ? DONE : ACTIVE;
    into.output = undefined;
    into.error = undefined;
    into.emitted.clear();
    this.step(into, event, into.emitted);
    return into;
  }

  /** A step that nobody has taken yet, for `next` to write into. */
  emptyStep(): Step<Machine> {
    return {
      state: 0,
      context: undefined as unknown as ContextOf<Machine>,
      status: ACTIVE,
      output: undefined,
      error: undefined,
      emitted: new Requests(),
    };
  }

  /** The number of an event type; one number stands for all that the machine does not name. */
  eventId(type: string): number {
    const id = this.#engine.eventId(type);
    if (id !== this.#otherEvent) return id;
    if (type === WILDCARD) {
      throw new Error(`An event cannot have the wildcard type ('${WILDCARD}')`);
    }
    if (type.startsWith(XSTATE)) throw new Error(`"${type}" is XState's own: nobody sends it`);
    return id;
  }

  /** Whether the machine has ended when it is in this state. */
  isFinal(state: number): boolean {
    return this.#lookups.isEnd(state);
  }
  stateNumber(path: string): number {
    return this.#lookups.numberOf(path);
  }
  /** As XState writes it: `'idle'`, `{ active: 'running' }`. */
  valueOf(state: number): ReturnType<Lookups['valueOf']> {
    return this.#lookups.valueOf(state);
  }
  matches(state: number, path: string): boolean {
    return this.#lookups.matches(state, path);
  }
  tagsOf(state: number): ReadonlySet<string> {
    return this.#lookups.tagsOf(state);
  }
  metaOf(state: number): Readonly<Record<string, unknown>> {
    return this.#lookups.metaOf(state);
  }

  /** What `getPersistedSnapshot` of an XState actor in the same place returns. */
  persist({ state, context, status, output, error }: Instance<Machine>): PersistedSnapshot {
    const snapshot = {
      status: status === FAILED ? 'error' : status === DONE ? 'done' : 'active',
      output,
      error,
      value: this.valueOf(state),
      historyValue: {},
      context,
      children: {},
    };
    return snapshot as unknown as PersistedSnapshot;
  }

  /** From what XState or `persist` has persisted; nothing is entered or emitted again. */
  restore(snapshot: PersistedSnapshot): Instance<Machine> {
    const { status, output, error, value, historyValue, context, children } =
      snapshot as unknown as Persisted<Machine>;
    const strange = { ...children, ...historyValue };
    if (Object.keys(strange).length > 0) {
      throw new Error(`a snapshot with children or history: ${Object.keys(strange).join(', ')}`);
    }
    const known = STATUS_OF[status];
    if (known === undefined) throw new Error(`a snapshot with the status "${status}"`);
    return { state: this.#lookups.numberOfValue(value), context, status: known, output, error };
  }
}

interface Persisted<Machine extends AnyMachine> extends Omit<Instance<Machine>, 'status'> {
  readonly status: string;
  readonly value: unknown;
  readonly historyValue?: object;
  readonly children?: object;
}

const STATUS_OF: Readonly<Record<string, Status>> = { active: ACTIVE, done: DONE, error: FAILED };

/** Throws a `CompileRefusal` for what cannot be done exactly as XState does it. */
export function compileMachine<Machine extends AnyMachine>(machine: Machine): Program<Machine> {
  return new Program(machine);
}
