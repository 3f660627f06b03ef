import type { LogEvent } from '../../machines/ports/event-log.ts';
import { count, scopeOf, text } from '../check/facts.ts';
import { comparable, type Ignored } from './same-event.ts';

/** The first place at which two logs differ; one side is null where that log is over. */
export interface FirstDifference {
  /** So many events before it are the same. */
  readonly position: number;
  readonly left: LogEvent | null;
  readonly right: LogEvent | null;
  readonly context: readonly LogEvent[];
}

/** One session, credential, or everything else, on both sides. */
export interface DifferentPart {
  readonly kind: 'session' | 'credential' | 'rest';
  /** `s3`, `acme/vault-direct`; empty for the rest. */
  readonly name: string;
  readonly counts: readonly [number, number];
  /** How it ended, or what it came to, in words; null: it is not there. */
  readonly ends: readonly [string | null, string | null];
  /** The first event of this part that is not the same on both sides. */
  readonly first: readonly [LogEvent | null, LogEvent | null];
}

export interface TraceDifference {
  readonly counts: readonly [number, number];
  readonly first: FirstDifference | null;
  /** Only parts that differ, in the order in which they appear. */
  readonly parts: readonly DifferentPart[];
}

type Side = 0 | 1;

const CONTEXT = 3;

/** Compares two logs in one pass; holds back only what one side is ahead of the other. */
export function diffEvents(
  left: Iterable<LogEvent>,
  right: Iterable<LogEvent>,
  ignored: Ignored,
): TraceDifference {
  const both = [left[Symbol.iterator](), right[Symbol.iterator]()] as const;
  const parts = new Map<string, Part>();
  const context: LogEvent[] = [];
  const counts: [number, number] = [0, 0];
  let first: FirstDifference | null = null;
  try {
    for (;;) {
      const [one, other] = [pull(both[0]), pull(both[1])];
      if (one === null && other === null) break;
      if (first === null && !isSame(one, other, ignored)) {
        first = { position: counts[0], left: one, right: other, context: [...context] };
      }
      if (one !== null && first === null) {
        context.push(one);
        if (context.length > CONTEXT) context.shift();
      }
      for (const [side, event] of [
        [0, one],
        [1, other],
      ] as const) {
        if (event === null) continue;
        counts[side] += 1;
        for (const part of partsOf(event, parts)) part.take(side, event, ignored);
      }
    }
  } finally {
    for (const iterator of both) iterator.return?.();
  }
  const different = [...parts.values()]
    .map((part) => part.difference())
    .filter((one) => one !== null);
  return { counts, first, parts: different };
}

function pull(iterator: Iterator<LogEvent>): LogEvent | null {
  const next = iterator.next();
  return next.done === true ? null : next.value;
}

function isSame(left: LogEvent | null, right: LogEvent | null, ignored: Ignored): boolean {
  if (left === null || right === null) return left === right;
  return comparable(left, ignored) === comparable(right, ignored);
}

/** A fact about a credential belongs to its scope and to its session. */
function partsOf(event: LogEvent, parts: Map<string, Part>): readonly Part[] {
  const scope = event.type.startsWith('credential.') ? scopeOf(event) : null;
  const found: Part[] = [];
  const add = (kind: DifferentPart['kind'], name: string): void => {
    const key = `${kind} ${name}`;
    const part = parts.get(key) ?? new Part(kind, name);
    parts.set(key, part);
    found.push(part);
  };
  if (event.session !== null) add('session', event.session);
  if (scope !== null) add('credential', scope);
  if (found.length === 0) add('rest', '');
  return found;
}

class Part {
  readonly #kind: DifferentPart['kind'];
  readonly #name: string;
  readonly #counts: [number, number] = [0, 0];
  readonly #ends: [string | null, string | null] = [null, null];
  /** Events of the side that is ahead; empty once a difference is found. */
  #ahead: LogEvent[] = [];
  #aheadSide: Side = 0;
  #first: readonly [LogEvent | null, LogEvent | null] | null = null;

  constructor(kind: DifferentPart['kind'], name: string) {
    this.#kind = kind;
    this.#name = name;
  }

  take(side: Side, event: LogEvent, ignored: Ignored): void {
    this.#counts[side] += 1;
    this.#ends[side] = this.#endOf(event) ?? this.#ends[side] ?? 'begun';
    if (this.#first !== null) return;
    if (this.#ahead.length === 0 || this.#aheadSide === side) {
      this.#aheadSide = side;
      this.#ahead.push(event);
      return;
    }
    const waiting = this.#ahead.shift() as LogEvent;
    if (isSame(waiting, event, ignored)) return;
    this.#first = side === 1 ? [waiting, event] : [event, waiting];
    this.#ahead = [];
  }

  #endOf(event: LogEvent): string | null {
    if (this.#kind === 'session' && event.type === 'session.ended') {
      const code = text(event, 'code');
      return `${text(event, 'state') ?? '?'}${code === null ? '' : ` (${code})`}`;
    }
    const isNew = event.type === 'credential.issued' || event.type === 'credential.saved';
    if (this.#kind !== 'credential' || !isNew) return null;
    return `generation ${count(event, 'generation') ?? '?'}`;
  }

  difference(): DifferentPart | null {
    const [waiting = null] = this.#ahead;
    const alone = this.#aheadSide === 0 ? ([waiting, null] as const) : ([null, waiting] as const);
    const first = this.#first ?? (waiting === null ? null : alone);
    if (first === null) return null;
    const counts = [this.#counts[0], this.#counts[1]] as const;
    const ends = [this.#ends[0], this.#ends[1]] as const;
    return { kind: this.#kind, name: this.#name, counts, ends, first };
  }
}
