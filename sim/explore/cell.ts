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

/** `scope`: the SP's desk of the sender's scope; a number: that session of the sender's scope. */
export interface Sending<Outgoing> {
  readonly to: 'scope' | 'sessions' | number;
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

/**
 * A machine together with the few things around it that answer it. Pure: a step depends on the local
 * state and the message alone, so that each is worked out once and looked up from then on.
 */
export interface CellLogic<Local, Message, Outgoing> {
  readonly initial: Local;
  take(local: Local, message: Message, notes: Notes<Outgoing>): Local;
  choices(local: Local): readonly Choice<Message>[];
  outlook(local: Local): Outlook;
  /** Equal texts mean equal local states. */
  key(local: Local): string;
}

/** A step that has been worked out. */
export interface Outcome {
  readonly next: number;
  /** Receiver (see `SCOPE`, `SESSIONS`), number of the message, and so on; `null` for none. */
  readonly sendings: Int32Array | null;
  readonly broken: readonly Broken[] | null;
}

export const SCOPE = -1;
export const SESSIONS = -2;
const LOCALS_MAX = 0xffff;

/** Too many local states for the two bytes that each of them gets. */
export class TooManyStates extends Error {
  override readonly name = 'TooManyStates';
}

/** Local states and messages of one kind of cell as numbers, and every step that was asked for. */
export class Cell<Local, Message, Outgoing> {
  readonly name: string;
  readonly locals: Local[] = [];
  readonly messages: Message[] = [];
  /** By local state: number of the message, what it costs, number of its kind, and so on. */
  readonly choices: Int32Array[] = [];
  readonly outlooks: Outlook[] = [];
  /** As in `outlooks`, for the inner loop. */
  readonly generations: number[] = [];
  readonly #logic: CellLogic<Local, Message, Outgoing>;
  readonly #localNumbers = new Map<string, number>();
  readonly #messageNumbers = new Map<string, number>();
  readonly #rows: Int32Array[] = [];
  readonly #outcomes: Outcome[] = [];
  /** Where sendings go to: numbers of the other cell's messages. */
  #numberOfOutgoing: (to: Sending<Outgoing>['to'], message: Outgoing) => number = () => 0;

  constructor(name: string, logic: CellLogic<Local, Message, Outgoing>) {
    this.name = name;
    this.#logic = logic;
    this.numberOfLocal(logic.initial);
  }

  get outcomeCount(): number {
    return this.#outcomes.length;
  }

  connect(numberOf: (to: Sending<Outgoing>['to'], message: Outgoing) => number): void {
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
    const key = this.#logic.key(local);
    const known = this.#localNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.locals.length;
    if (number > LOCALS_MAX) {
      throw new TooManyStates(`more than ${LOCALS_MAX} local states of a ${this.name}`);
    }
    this.#localNumbers.set(key, number);
    this.locals.push(local);
    this.#rows.push(new Int32Array(64));
    const outlook = this.#logic.outlook(local);
    this.outlooks.push(outlook);
    this.generations.push(outlook.generations);
    const choices = this.#logic.choices(local);
    this.choices.push(
      Int32Array.from(
        choices.flatMap(({ message, cost, kind }) => [
          this.numberOfMessage(message),
          cost,
          KINDS.indexOf(kind),
        ]),
      ),
    );
    return number;
  }

  outcome(local: number, message: number): Outcome {
    const row = this.#rows[local] as Int32Array;
    const known = message < row.length ? (row[message] as number) : 0;
    return known > 0 ? (this.#outcomes[known - 1] as Outcome) : this.#workOut(local, message);
  }

  /** Every step is worked out anew from now on, so that watchers see it again. */
  forgetSteps(): void {
    for (const row of this.#rows) row.fill(0);
  }

  #workOut(local: number, message: number): Outcome {
    const notes: Notes<Outgoing> = { sendings: [], broken: [] };
    const from = this.locals[local] as Local;
    const next = this.#logic.take(from, this.messages[message] as Message, notes);
    const { broken } = notes;
    const sendings = notes.sendings.flatMap(({ to, message: sent }) => {
      const receiver = to === 'scope' ? SCOPE : to === 'sessions' ? SESSIONS : to;
      return [receiver, this.#numberOfOutgoing(to, sent)];
    });
    const outcome: Outcome = {
      next: this.numberOfLocal(next),
      sendings: sendings.length === 0 ? null : Int32Array.from(sendings),
      broken: broken.length === 0 ? null : broken,
    };
    this.#rowFor(local, message)[message] = this.#outcomes.push(outcome);
    return outcome;
  }

  #rowFor(local: number, message: number): Int32Array {
    const row = this.#rows[local] as Int32Array;
    if (message < row.length) return row;
    const longer = new Int32Array(2 ** Math.ceil(Math.log2(message + 1)));
    longer.set(row);
    this.#rows[local] = longer;
    return longer;
  }
}

export const KINDS: readonly ChoiceKind[] = ['answer', 'alarm', 'work', 'start', 'user', 'fault'];
