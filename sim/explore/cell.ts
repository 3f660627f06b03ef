import type { AnyStepper } from './machine-step.ts';
import { TooManyStates } from './too-many-states.ts';

/** A rule that a step has broken: what the search looks for. */
export interface Broken {
  /** Rules and invariants that it stands for, e.g. `C2, C10`. */
  readonly ids: string;
  readonly sentence: string;
}

/** Who does something: answers, alarms, work and time are fair; the others may never come. */
export type ChoiceKind = 'answer' | 'alarm' | 'work' | 'start' | 'user' | 'fault';

export interface Choice<Message> {
  readonly message: Message;
  readonly kind: ChoiceKind;
  /** What it takes from the budget of faults. */
  readonly cost: number;
}

/** `hub`: that of the sender's block; a number: that spoke of the sender's block. */
export interface Sending<Outgoing> {
  readonly to: 'hub' | 'spokes' | number;
  readonly message: Outgoing;
}

/** What a cell says about a local state beyond its successors. */
export interface Outlook {
  /** Bit n: generation n is spoken of. */
  readonly generations: number;
  /** An alarm is due: time does not pass before it has rung. */
  readonly isUrgent: boolean;
  /** How long until a guard can see a difference. */
  readonly boundaryMs: number;
  /** No deadline that is set lies further away than this. */
  readonly waitMaxMs: number;
  /** Something here has not ended yet. */
  readonly isBusy: boolean;
}

/** What a step leaves besides the next local state. */
export interface Notes<Outgoing> {
  readonly sendings: Sending<Outgoing>[];
  readonly broken: Broken[];
}

/** Time passes, and numbers are given anew: nobody's decision. */
export type Upkeep =
  | { readonly type: 'elapse'; readonly ms: number }
  | { readonly type: 'renumber'; readonly generations: number };

/**
 * A machine together with the few things around it that answer it. Pure: a step depends on the local
 * state and the message alone, so that each is worked out once and looked up from then on.
 */
export interface CellLogic<Local, Message, Outgoing> {
  /** In stories: who it is. */
  readonly who: string;
  readonly steppers: readonly AnyStepper[];
  readonly initial: Local;
  take(local: Local, message: Message, notes: Notes<Outgoing>): Local;
  choices(local: Local): readonly Choice<Message>[];
  outlook(local: Local): Outlook;
  /** Equal texts mean equal local states. */
  key(local: Local): string;
  /** What happens, in a few words. */
  titleOf(local: Local, message: Message): string;
}

/** The cell in the middle of a block: what a spoke sends to it is told where it came from. */
export interface HubLogic<Local, Message, Outgoing> extends CellLogic<Local, Message, Outgoing> {
  placed(message: Message, spoke: number): Message;
  /** Spoke `at` stands at `places[at]` from now on. */
  permuted(places: readonly number[]): Message;
}

interface AnyMessage {
  readonly type: string;
}
export type AnyHub = HubLogic<unknown, AnyMessage, AnyMessage>;
export type AnySpoke = CellLogic<unknown, AnyMessage, AnyMessage>;
export type AnyCell = Cell<unknown, AnyMessage, AnyMessage>;

/** A step that has been worked out and does more than lead to another local state. */
export interface Outcome {
  readonly next: number;
  /** Receiver (see `HUB`, `SPOKES`), number of the message, and so on. */
  readonly sendings: Int32Array;
  readonly broken: readonly Broken[] | null;
}

export const HUB = -1;
export const SPOKES = -2;
/** A code that is not negative is the next local state; one below this is that of an `Outcome`. */
export const NOT_YET = -1;
/** Numbers of one choice in `Cell.moves`: message, cost, kind, code of the step. */
export const MOVE_WIDTH = 4;
const LOCALS_MAX = 0xffff;
const NOTHING: Int32Array = new Int32Array(0);

/** Local states and messages of one kind of cell as numbers, and every step that was asked for. */
export class Cell<Local, Message, Outgoing> {
  readonly name: string;
  readonly logic: CellLogic<Local, Message, Outgoing>;
  readonly locals: Local[] = [];
  readonly messages: Message[] = [];
  /** The choices of all local states, one state after the other; longer than what is used. */
  moves: Int32Array = new Int32Array(1 << 10);
  /** By local state: where its choices begin in `moves`; they end where the next one's begin. */
  movesAt: Int32Array = new Int32Array(1 << 8);
  /** By local state: its outlook. */
  generations: Int32Array = new Int32Array(1 << 8);
  boundaries: Float64Array = new Float64Array(1 << 8);
  waits: Float64Array = new Float64Array(1 << 8);
  urgent: Int32Array = new Int32Array(1 << 8);
  readonly #localNumbers = new Map<string, number>();
  readonly #messageNumbers = new Map<string, number>();
  /** By message: codes of the steps that it leads to, by local state. */
  readonly #columns: (Int32Array | undefined)[] = [];
  readonly #outcomes: Outcome[] = [];
  #stepCount = 0;
  /** Where sendings go to: numbers of the other cell's messages. */
  #numberOfOutgoing: (message: Outgoing) => number = () => 0;

  constructor(name: string, logic: CellLogic<Local, Message, Outgoing>) {
    this.name = name;
    this.logic = logic;
    this.numberOfLocal(logic.initial);
  }

  /** Steps that have been worked out. */
  get stepCount(): number {
    return this.#stepCount;
  }

  connect(numberOf: (message: Outgoing) => number): void {
    this.#numberOfOutgoing = numberOf;
  }

  numberOfMessage(message: Message): number {
    const key = JSON.stringify(message);
    const known = this.#messageNumbers.get(key);
    if (known !== undefined) return known;
    this.#messageNumbers.set(key, this.messages.length);
    return this.messages.push(message) - 1;
  }

  numberOfLocal(local: Local): number {
    const key = this.logic.key(local);
    const known = this.#localNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.locals.length;
    if (number > LOCALS_MAX) {
      throw new TooManyStates(`more than ${LOCALS_MAX} local states of a ${this.name}`);
    }
    this.#localNumbers.set(key, number);
    this.locals.push(local);
    this.#addOutlook(number, this.logic.outlook(local));
    this.#addMoves(number, this.logic.choices(local));
    return number;
  }

  #addOutlook(local: number, outlook: Outlook): void {
    const { generations, boundaryMs, waitMaxMs, isUrgent } = outlook;
    this.generations = roomFor(this.generations, local + 1, 0);
    this.generations[local] = generations;
    this.boundaries = roomFor(this.boundaries, local + 1, 0);
    this.boundaries[local] = boundaryMs;
    this.waits = roomFor(this.waits, local + 1, 0);
    this.waits[local] = waitMaxMs;
    this.urgent = roomFor(this.urgent, local + 1, 0);
    this.urgent[local] = isUrgent ? 1 : 0;
  }

  #addMoves(local: number, choices: readonly Choice<Message>[]): void {
    const from = this.movesAt[local] as number;
    const end = from + choices.length * MOVE_WIDTH;
    this.moves = roomFor(this.moves, end, 0);
    for (const [at, { message, cost, kind }] of choices.entries()) {
      const move = [this.numberOfMessage(message), cost, KINDS.indexOf(kind), NOT_YET];
      this.moves.set(move, from + at * MOVE_WIDTH);
    }
    this.movesAt = roomFor(this.movesAt, local + 2, 0);
    this.movesAt[local + 1] = end;
  }

  /** The code of the step that a choice leads to, worked out if need be. */
  codeOfMove(local: number, at: number): number {
    const known = this.moves[at + MOVE_WIDTH - 1] as number;
    if (known !== NOT_YET) return known;
    const code = this.#workOut(local, this.moves[at] as number);
    // Not before: working it out may have put a longer row in the place of the one before.
    this.moves[at + MOVE_WIDTH - 1] = code;
    return code;
  }

  /** The code of the step that a message leads to, worked out if need be. */
  code(local: number, message: number): number {
    const column = this.#columns[message];
    const known = column !== undefined && local < column.length ? column[local] : NOT_YET;
    return known === NOT_YET ? this.#fillIn(local, message) : (known as number);
  }

  #fillIn(local: number, message: number): number {
    const code = this.#workOut(local, message);
    const column = roomFor(this.#columns[message] ?? NOTHING, local + 1, NOT_YET);
    column[local] = code;
    this.#columns[message] = column;
    return code;
  }

  outcomeOf(code: number): Outcome {
    return this.#outcomes[NOT_YET - 1 - code] as Outcome;
  }

  /** Every step is worked out anew from now on, so that watchers see it again. */
  forgetSteps(): void {
    this.#columns.length = 0;
    const end = this.movesAt[this.locals.length] as number;
    for (let at = 0; at < end; at += MOVE_WIDTH) this.moves[at + MOVE_WIDTH - 1] = NOT_YET;
  }

  #workOut(local: number, message: number): number {
    const notes: Notes<Outgoing> = { sendings: [], broken: [] };
    const from = this.locals[local] as Local;
    const taken = this.logic.take(from, this.messages[message] as Message, notes);
    const next = this.numberOfLocal(taken);
    this.#stepCount += 1;
    return this.#codeOf(next, notes);
  }

  #codeOf(next: number, { sendings, broken }: Notes<Outgoing>): number {
    if (sendings.length === 0 && broken.length === 0) return next;
    const sent = sendings.flatMap(({ to, message }) => {
      const receiver = to === 'hub' ? HUB : to === 'spokes' ? SPOKES : to;
      return [receiver, this.#numberOfOutgoing(message)];
    });
    const outcome: Outcome = {
      next,
      sendings: Int32Array.from(sent),
      broken: broken.length === 0 ? null : broken,
    };
    return NOT_YET - this.#outcomes.push(outcome);
  }
}

/** The same numbers in a row that has room for so many. */
function roomFor<Row extends Int32Array | Float64Array>(
  row: Row,
  length: number,
  blank: number,
): Row {
  if (length <= row.length) return row;
  const Rows = row.constructor as new (length: number) => Row;
  const longer = new Rows(Math.max(64, 2 ** Math.ceil(Math.log2(length))));
  longer.set(row);
  if (blank !== 0) longer.fill(blank, row.length);
  return longer;
}

export const KINDS: readonly ChoiceKind[] = ['answer', 'alarm', 'work', 'start', 'user', 'fault'];
