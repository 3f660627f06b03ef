import type { TargetMoverContext } from '../../machines/data-mover/index.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { LedgerWord, MoverWord, Order } from './quota-messages.ts';

/** The engine behind the mover's machine, as `adapters/transfer/request-gate.ts` keeps it. */
export interface Engine {
  readonly available: number;
  readonly spent: number;
  /** Of that, what has not been removed again (Q3). */
  readonly kept: number;
  /** Blocks that are still to be stored. */
  readonly left: number;
  readonly isInFlight: boolean;
  readonly isPaused: boolean;
  readonly hasExpired: boolean;
  readonly isGrantAsked: boolean;
  readonly owesDrained: boolean;
  readonly isAborted: boolean;
  readonly isCleaning: boolean;
}

/** One target mover with its contact to the SP, its engine, and the session that gives the orders. */
export interface MoverLocal {
  readonly state: number;
  /** `null`: no mover; the place is free. */
  readonly context: TargetMoverContext | null;
  readonly engine: Engine | null;
  readonly expiresAt: EpochMs | null;
  readonly isContactUp: boolean;
  /** On its way to the SP, and from it. */
  readonly outbox: readonly MoverWord[];
  readonly inbox: readonly LedgerWord[];
  /** The sum of all grants that have come (Q2). */
  readonly received: number;
  /** F24: only the answer to the request that is open is taken. */
  readonly isCredentialAsked: boolean;
  /** What the session says next. */
  readonly order: Order | null;
  /** The session waits for a raised quota (Q3). */
  readonly isShort: boolean;
  readonly isLinkAwaited: boolean;
  /** The session goes to its end, and on with nothing. */
  readonly isEnding: boolean;
}

export const FREE: MoverLocal = {
  state: -1,
  context: null,
  engine: null,
  expiresAt: null,
  isContactUp: false,
  outbox: [],
  inbox: [],
  received: 0,
  isCredentialAsked: false,
  order: null,
  isShort: false,
  isLinkAwaited: false,
  isEnding: false,
};

export function engineWith(available: number, left: number): Engine {
  return {
    available,
    spent: 0,
    kept: 0,
    left,
    isInFlight: false,
    isPaused: false,
    hasExpired: false,
    isGrantAsked: false,
    owesDrained: false,
    isAborted: false,
    isCleaning: false,
  };
}

/** Said over the contact; without it, it is not said. */
export function asking(local: MoverLocal, word: MoverWord): MoverLocal {
  return local.isContactUp ? { ...local, outbox: [...local.outbox, word] } : local;
}
