/** At the real instant `realAt` the clock showed `virtualAt`; since then it runs at `rate`. */
export interface ClockState {
  readonly virtualAt: number;
  readonly realAt: number;
  /** Virtual milliseconds per real one; 0 stands still. */
  readonly rate: number;
}

/** What may be done to the clock. */
export type ClockCommand =
  /** Ahead, or back below zero. */
  | { readonly type: 'move'; readonly byMs: number }
  | { readonly type: 'set'; readonly at: number }
  | { readonly type: 'rate'; readonly rate: number }
  /** Real time again, at its own pace. */
  | { readonly type: 'now' };

/** The widest instants that dates on the wire can show: the years 1970 to 9999. */
const AT_MAX = Date.UTC(9999, 0, 1);
const RATE_MAX = 1_000_000;

/** A clock that is moved, also backwards, and that never wakes anybody: storages set no timers. */
export class MovableClock {
  readonly #realNow: () => number;
  #state: ClockState;

  /** Goes on from a state, or with real time when there is none. */
  constructor(realNow: () => number, state?: ClockState) {
    this.#realNow = realNow;
    this.#state = state ?? { virtualAt: realNow(), realAt: realNow(), rate: 1 };
  }

  now(): number {
    return this.#shows(this.#realNow());
  }

  #shows(realNow: number): number {
    const { virtualAt, realAt, rate } = this.#state;
    const at = virtualAt + Math.floor((realNow - realAt) * rate);
    return Math.min(Math.max(at, 0), AT_MAX);
  }

  get state(): ClockState {
    return this.#state;
  }

  /**
   * Both instants belong to the same real one, so a move by an hour shows exactly an hour.
   * Throws RangeError when the clock would leave the years 1970 to 9999.
   */
  apply(command: ClockCommand): { readonly before: number; readonly after: number } {
    const realAt = this.#realNow();
    const before = this.#shows(realAt);
    this.#state = { realAt, ...this.#next(command, before, realAt) };
    return { before, after: this.#shows(realAt) };
  }

  #next(
    command: ClockCommand,
    before: number,
    realAt: number,
  ): Pick<ClockState, 'virtualAt' | 'rate'> {
    const { rate } = this.#state;
    switch (command.type) {
      case 'move':
        return { virtualAt: checkedInstant(before + command.byMs), rate };
      case 'set':
        return { virtualAt: checkedInstant(command.at), rate };
      case 'rate':
        return { virtualAt: before, rate: command.rate };
      case 'now':
        return { virtualAt: realAt, rate: 1 };
      default:
        throw new Error(`unknown command: ${JSON.stringify(command satisfies never)}`);
    }
  }
}

function checkedInstant(at: number): number {
  if (at < 0 || at > AT_MAX) throw new RangeError('the clock shows the years 1970 to 9999');
  return at;
}

/** A state as it was read from a file; throws RangeError with what is wrong. */
export function readClockState(value: unknown): ClockState {
  const { virtualAt, realAt, rate } = members(value);
  const isInstant = Number.isSafeInteger(virtualAt) && Number.isSafeInteger(realAt);
  if (!isInstant || !isRate(rate)) throw new RangeError('it is no state of a clock');
  return { virtualAt: virtualAt as number, realAt: realAt as number, rate };
}

/** A command as it came over the control API; throws RangeError with what is wrong. */
export function readClockCommand(value: unknown): ClockCommand {
  const { type, byMs, at, rate } = members(value);
  switch (type) {
    case 'move':
      if (Number.isSafeInteger(byMs)) return { type, byMs: byMs as number };
      throw new RangeError('byMs must be whole milliseconds');
    case 'set':
      if (Number.isSafeInteger(at)) return { type, at: at as number };
      throw new RangeError('at must be whole epoch milliseconds');
    case 'rate':
      if (isRate(rate)) return { type, rate };
      throw new RangeError(`rate must be a number from 0 to ${RATE_MAX}`);
    case 'now':
      return { type };
    default:
      throw new RangeError('type must be move, set, rate or now');
  }
}

function isRate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= RATE_MAX;
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
