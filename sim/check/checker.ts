import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { ScopeFacts } from './scope-facts.ts';
import type { SessionFacts } from './session-facts.ts';
import type { Proof } from './violation.ts';

/** Called each time an invariant was really put to the test: one never seen proves nothing. */
export type Witness = () => void;

/** What a checker tells the run that it belongs to. */
export interface Court {
  /** The counter of one invariant; asked for once, called often. */
  witness(invariant: string): Witness;
  report(invariant: string, rule: string, text: string, proof: Proof): void;
}

/** `scope` is that of the fact itself, and null where the fact names none. */
export type Handler = (
  event: LogEvent,
  session: SessionFacts | null,
  scope: ScopeFacts | null,
) => void;

export type PlacedHandler = (
  event: LogEvent,
  session: SessionFacts,
  scope: ScopeFacts | null,
) => void;

/** The end of a log: its last event, and the sessions that have not ended. */
export interface LogEnd {
  readonly last: LogEvent | null;
  readonly open: readonly SessionFacts[];
}

/** What one checker does in one run: functions by the type of fact that they look at. */
export interface Watch {
  /** Every event, also narrative; first of all. */
  readonly all?: Handler;
  /** In the order of the log, at once. */
  readonly sees?: Readonly<Record<string, Handler>>;
  /**
   * Facts of a session in their order, but not before its start and its route are known (or the
   * session is forgotten): what is right often depends on the route.
   */
  readonly placed?: Readonly<Record<string, PlacedHandler>>;
  /** All that the log tells about a session has been seen; `ended` may still be null. */
  readonly leaves?: (session: SessionFacts) => void;
  /** True as long as a session that has ended still owes something, whatever the grace period. */
  readonly holds?: (session: SessionFacts) => boolean;
  readonly ends?: (end: LogEnd) => void;
}

/**
 * A checker reads the log and nothing else, one event after the other, and keeps no more than it
 * needs for what is alive. Facts that are malformed are skipped: the shape checker reports them.
 */
export interface Checker {
  readonly name: string;
  /** All that it may report; the list is what witnesses start from. */
  readonly invariants: readonly string[];
  readonly start: (court: Court) => Watch;
}

/** One checker's own notes about a session or a scope; they go when that goes. */
export interface Notes<State> {
  of(holder: { readonly notes: unknown[] }): State;
  /** Without making any. */
  known(holder: { readonly notes: unknown[] }): State | undefined;
}

let noteCount = 0;

/** Room for the notes of all checkers. */
export function emptyNotes(): unknown[] {
  return new Array<unknown>(noteCount).fill(undefined);
}

/** An array position for each kind of note: cheaper than a map of sessions in every checker. */
export function notes<State>(make: () => State): Notes<State> {
  const position = noteCount;
  noteCount += 1;
  return {
    of(holder) {
      const all = holder.notes;
      const known = all[position];
      if (known !== undefined) return known as State;
      const own = make();
      all[position] = own;
      return own;
    },
    known: ({ notes: all }) => all[position] as State | undefined,
  };
}
