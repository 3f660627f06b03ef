import type { Deadlines } from '../../../machines/ports/machine-host.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import { ACTIVE, FAILED, type Status } from './engine.ts';
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
import type { Instance, Program } from './program.ts';
import { Requests } from './requests.ts';
import type { Timeline, TimerBank } from './timeline.ts';
import { grown } from './timer-heap.ts';

/** The clock of the node on which a machine runs; without one it is the timeline's. */
export interface NodeClocks {
  /** What the clock shows when the timeline shows `at`. */
  shownAt(machine: number, at: EpochMs): EpochMs;
  /** When, on the timeline, the clock will show `shown`. */
  instantOf(machine: number, shown: EpochMs): EpochMs;
}

export interface TableHostOptions<Machine extends AnyMachine> {
  readonly program: Program<Machine>;
  readonly timeline: Timeline;
  /** The one seam between machines and the world. A machine is its number. */
  readonly onRequest: (machine: number, request: RequestOf<Machine>) => void;
  /** After each step, when its requests have been handed over and its wake-ups set. */
  readonly onTransition?: (machine: number) => void;
  /** A slip in the protocol or in the program. The machine is dead. */
  readonly onError: (machine: number, error: unknown) => void;
  readonly clocks?: NodeClocks;
}

/** A number is free: nobody is there. */
const NOBODY = 3;

/**
 * The counterpart of `hostMachine` for very many machines of one kind on a timeline: the same order
 * of requests, wake-ups and nested events, with a few numbers and one context a machine.
 */
export class TableHost<Machine extends AnyMachine> {
  readonly #options: TableHostOptions<Machine>;
  readonly #program: Program<Machine>;
  readonly #timeline: Timeline;
  /** The names of deadlines, their alarms, and the alarms' numbers; all by place. */
  readonly #deadlines: readonly string[];
  readonly #alarmIds: readonly number[];
  readonly #timers: TimerBank;
  readonly #contexts: (ContextOf<Machine> | undefined)[] = [];
  #states = new Uint16Array(8);
  #status = new Uint8Array(8).fill(NOBODY);
  #isBusy = new Uint8Array(8);
  readonly #outputs = new Map<number, OutputOf<Machine>>();
  readonly #free: number[] = [];
  #count = 0;
  /** Events for a machine whose step is still being handed over. */
  readonly #mail = new Map<number, EventOf<Machine>[]>();
  readonly #buffers: Requests<RequestOf<Machine>>[] = [];
  #depth = 0;
  readonly #register: Instance<Machine>;

  constructor(options: TableHostOptions<Machine>) {
    this.#options = options;
    this.#program = options.program;
    this.#timeline = options.timeline;
    const alarms = options.program.eventTypes.filter((type) => type.startsWith('alarm.'));
    this.#deadlines = alarms.map((type) => type.slice('alarm.'.length));
    this.#alarmIds = alarms.map((type) => options.program.eventId(type));
    this.#timers = options.timeline.createBank((place) => this.#onAlarm(place));
    this.#register = options.program.emptyStep();
  }

  /** Machines that are there, ended ones included until they are stopped. */
  get size(): number {
    return this.#count - this.#free.length;
  }

  /** `startedAt` comes from the machine's clock. Returns the machine's number. */
  start(input: HostInputOf<Machine>): number {
    const machine = this.#newNumber();
    return this.#begin(machine, { ...input, startedAt: this.now(machine) } as InputOf<Machine>);
  }

  /** As `start`, with an input that is complete and may be shared by many. */
  startWith(input: InputOf<Machine>): number {
    return this.#begin(this.#newNumber(), input);
  }

  /** From a snapshot of either kind of host: wake-ups are set anew, nothing else happens. */
  restore(snapshot: PersistedSnapshot): number {
    const machine = this.#newNumber();
    this.#store(machine, this.#program.restore(snapshot));
    if (this.status(machine) === ACTIVE) this.#arm(machine);
    this.#options.onTransition?.(machine);
    return machine;
  }

  /** What the machine's clock shows. */
  now(machine: number): EpochMs {
    const { clocks } = this.#options;
    const at = this.#timeline.now();
    return clocks === undefined ? at : clocks.shownAt(machine, at);
  }

  /** `at` of the event is what the machine's clock shows. Who has ended takes no event. */
  send(machine: number, event: EventOf<Machine>): void {
    const { at } = event as { readonly at: EpochMs };
    if (at !== this.now(machine)) {
      throw new RangeError(`an event of ${at} arrives when the clock shows ${this.now(machine)}`);
    }
    this.#take(machine, this.#program.eventId((event as AnyEvent).type), event);
  }

  state(machine: number): number {
    return this.#states[machine] as number;
  }
  context(machine: number): ContextOf<Machine> {
    return this.#contexts[machine] as ContextOf<Machine>;
  }
  status(machine: number): Status {
    return this.#status[machine] as Status;
  }
  output(machine: number): OutputOf<Machine> | undefined {
    return this.#outputs.get(machine);
  }
  persist(machine: number): PersistedSnapshot {
    return this.#program.persist(this.#load(machine));
  }

  /** After a jump of the machine's clock: its deadlines are due at other instants now. */
  rearm(machine: number): void {
    if (this.status(machine) !== ACTIVE) return;
    this.#disarm(machine);
    this.#arm(machine);
  }

  /** Takes the machine away without a word to anybody, as a crash would; its number is free. */
  stop(machine: number): void {
    if (this.#status[machine] === NOBODY) return;
    this.#disarm(machine);
    this.#status[machine] = NOBODY;
    this.#contexts[machine] = undefined;
    this.#outputs.delete(machine);
    this.#mail.delete(machine);
    // What its step still has to hand over is under its number: free once that is done.
    if (this.#isBusy[machine] === 0) this.#free.push(machine);
  }

  #begin(machine: number, input: InputOf<Machine>): number {
    const requests = this.#openBuffer();
    this.#isBusy[machine] = 1;
    try {
      const instance = this.#program.startWith(input, requests);
      this.#store(machine, instance);
      if (instance.status === FAILED) this.#options.onError(machine, instance.error);
      else this.#finishStep(machine, requests);
      this.#readMail(machine);
    } finally {
      this.#depth -= 1;
      this.#release(machine);
    }
    return machine;
  }

  #onAlarm(place: number): void {
    const { length } = this.#deadlines;
    const machine = Math.floor(place / length);
    const alarm = place - machine * length;
    const type = `alarm.${this.#deadlines[alarm]}`;
    const event = { type, at: this.now(machine) } as unknown as EventOf<Machine>;
    this.#take(machine, this.#alarmIds[alarm] as number, event);
  }

  #take(machine: number, eventId: number, event: EventOf<Machine>): void {
    if (this.#status[machine] !== ACTIVE) return;
    if (this.#isBusy[machine] === 1) {
      const waiting = this.#mail.get(machine);
      if (waiting === undefined) this.#mail.set(machine, [event]);
      else waiting.push(event);
      return;
    }
    this.#isBusy[machine] = 1;
    try {
      this.#step(machine, eventId, event);
      if (this.#mail.size > 0) this.#readMail(machine);
    } finally {
      this.#release(machine);
    }
  }

  #readMail(machine: number): void {
    for (let event = this.#nextMail(machine); event !== null; event = this.#nextMail(machine)) {
      this.#step(machine, this.#program.eventId((event as AnyEvent).type), event);
    }
  }

  #release(machine: number): void {
    this.#isBusy[machine] = 0;
    if (this.#status[machine] === NOBODY) this.#free.push(machine);
  }

  #nextMail(machine: number): EventOf<Machine> | null {
    const waiting = this.#mail.get(machine);
    if (waiting === undefined) return null;
    const event = waiting.shift() as EventOf<Machine>;
    if (waiting.length === 0) this.#mail.delete(machine);
    return this.#status[machine] === ACTIVE ? event : null;
  }

  #step(machine: number, eventId: number, event: EventOf<Machine>): void {
    const requests = this.#openBuffer();
    try {
      const instance = this.#load(machine);
      const { deadlines } = instance.context as { readonly deadlines?: Deadlines };
      try {
        this.#program.stepById(instance, eventId, event, requests);
      } catch (error) {
        this.#fail(machine, error);
        return;
      }
      this.#store(machine, instance);
      const isArmed =
        !(event as AnyEvent).type.startsWith('alarm.') &&
        (instance.context as { readonly deadlines?: Deadlines }).deadlines === deadlines &&
        instance.status === ACTIVE;
      this.#finishStep(machine, requests, isArmed);
    } finally {
      this.#depth -= 1;
    }
  }

  /** As an actor does: requests first, then wake-ups. */
  #finishStep(machine: number, requests: Requests<RequestOf<Machine>>, isArmed = false): void {
    this.#handOver(machine, requests);
    if (this.#status[machine] === ACTIVE) {
      if (!isArmed) this.#arm(machine);
    } else this.#disarm(machine);
    this.#options.onTransition?.(machine);
  }

  #handOver(machine: number, requests: Requests<RequestOf<Machine>>): void {
    const { onRequest } = this.#options;
    for (let at = 0; at < requests.count; at += 1) {
      onRequest(machine, requests.items[at] as RequestOf<Machine>);
    }
  }

  #fail(machine: number, error: unknown): void {
    this.#status[machine] = FAILED;
    this.#disarm(machine);
    this.#options.onError(machine, error);
  }

  /** Wake-ups follow from the context; one whose instant is the same keeps its turn. */
  #arm(machine: number): void {
    const { deadlines } = this.#contexts[machine] as { readonly deadlines?: Deadlines };
    const first = machine * this.#deadlines.length;
    const known = deadlines ?? {};
    for (let at = 0; at < this.#deadlines.length; at += 1) {
      if ((known[this.#deadlines[at] as string] ?? null) === null) this.#timers.clear(first + at);
    }
    for (const name in known) {
      const dueAt = known[name] ?? null;
      if (dueAt === null) continue;
      const at = this.#deadlines.indexOf(name);
      if (at === -1) throw new Error(`no state takes alarm.${name}: a deadline that nobody hears`);
      const { clocks } = this.#options;
      const instant = clocks === undefined ? dueAt : clocks.instantOf(machine, dueAt);
      this.#timers.set(first + at, instant);
    }
  }

  #disarm(machine: number): void {
    const first = machine * this.#deadlines.length;
    for (let at = 0; at < this.#deadlines.length; at += 1) this.#timers.clear(first + at);
  }

  #openBuffer(): Requests<RequestOf<Machine>> {
    const buffer = this.#buffers[this.#depth] ?? new Requests<RequestOf<Machine>>();
    this.#buffers[this.#depth] = buffer;
    this.#depth += 1;
    buffer.clear();
    return buffer;
  }

  /** The one register: what lies in it is stored before anybody else is called. */
  #load(machine: number): Instance<Machine> {
    const register = this.#register;
    register.state = this.#states[machine] as number;
    register.context = this.#contexts[machine] as ContextOf<Machine>;
    register.status = this.#status[machine] as Status;
    register.output = this.#outputs.get(machine);
    register.error = undefined;
    return register;
  }

  #store(machine: number, { state, context, status, output }: Instance<Machine>): void {
    this.#states[machine] = state;
    this.#contexts[machine] = context;
    this.#status[machine] = status;
    if (output !== undefined) this.#outputs.set(machine, output);
  }

  #newNumber(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const machine = this.#count;
    this.#count += 1;
    if (machine === this.#states.length) {
      const capacity = machine * 2;
      this.#states = grown(this.#states, new Uint16Array(capacity));
      this.#status = grown(this.#status, new Uint8Array(capacity).fill(NOBODY));
      this.#isBusy = grown(this.#isBusy, new Uint8Array(capacity));
    }
    return machine;
  }
}
