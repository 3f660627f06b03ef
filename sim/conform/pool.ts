import type { LogEvent } from '../../machines/ports/event-log.ts';

/** Where a machine may be now, as far as the log tells: one of these is what really happened. */
export interface Hypothesis {
  /** Equal keys: nothing that comes later can tell the two apart. */
  readonly key: string;
}

/** So many possibilities of one subject are followed; beyond, the log says too little. */
export const HYPOTHESES_MAX = 20_000;

/** More possibilities than are followed: no verdict. */
export class TooUncertain extends Error {
  override readonly name = 'TooUncertain';
}

/** What the states of a machine would have allowed instead of the line that came. */
export interface Refusal {
  readonly states: readonly string[];
  readonly expected: readonly string[];
}

/**
 * The possible states of one machine, by subset construction: each line of the log keeps the
 * possibilities that allow it. What the log does not tell happens silently, in any order.
 */
export abstract class Pool<Possible extends Hypothesis> {
  protected possible: ReadonlyMap<string, Possible> = new Map();
  statesMax = 0;

  /** All that can follow from one possibility by one thing that the log does not tell. */
  protected abstract silentSteps(from: Possible, line: LogEvent): Iterable<Possible>;
  protected abstract describe(possible: Possible): string;
  /** The lines that may come next if this is what happened. */
  protected abstract wanted(possible: Possible): readonly string[];

  protected begin(starts: Iterable<Possible>): void {
    this.possible = byKey(starts);
  }

  /** Keeps what allows this line; if nothing does, says what would have been allowed. */
  protected observe(
    line: LogEvent,
    allow: (possible: Possible) => Iterable<Possible>,
  ): Refusal | null {
    const before = this.possible;
    const reached = this.#closure(line);
    const next = new Map<string, Possible>();
    for (const one of reached.values()) {
      for (const kept of allow(one)) next.set(kept.key, kept);
    }
    this.statesMax = Math.max(this.statesMax, reached.size);
    if (next.size > 0) {
      this.possible = next;
      return null;
    }
    const states = new Set([...before.values()].map((one) => this.describe(one)));
    const expected = new Set([...reached.values()].flatMap((one) => this.wanted(one)));
    return { states: [...states].sort(), expected: [...expected].sort() };
  }

  #closure(line: LogEvent): ReadonlyMap<string, Possible> {
    const reached = new Map(this.possible);
    // A Map's iterator also comes to what is put in on the way.
    for (const from of reached.values()) {
      for (const next of this.silentSteps(from, line)) {
        if (!reached.has(next.key)) reached.set(next.key, next);
      }
      if (reached.size > HYPOTHESES_MAX) throw new TooUncertain(`seq ${line.seq}`);
    }
    return reached;
  }
}

function byKey<Possible extends Hypothesis>(
  all: Iterable<Possible>,
): ReadonlyMap<string, Possible> {
  const found = new Map<string, Possible>();
  for (const one of all) found.set(one.key, one);
  return found;
}
