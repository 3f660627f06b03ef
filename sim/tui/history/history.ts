import type { LogEvent } from '../../../machines/ports/event-log.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import type { MoverCounts } from '../live-run.ts';
import { isEndingState, isNews } from '../model/news.ts';
import { toEntry } from '../model/sentences.ts';
import { KEEP_ALL, type Keeping, type LogEntry, type ViewModel } from '../model/types.ts';
import { EMPTY_VIEW, reduceEvents } from '../view-model.ts';
import { Checkpoints } from './checkpoints.ts';
import { type ProgressMark, ProgressMarks } from './progress-marks.ts';

/** How much a history keeps; what is older is only counted in the views (`firstKept`). */
export interface HistoryLimits {
  readonly events: number;
  readonly keeping: Keeping;
}

const UNLIMITED: HistoryLimits = { events: Number.POSITIVE_INFINITY, keeping: KEEP_ALL };

/** For runs without an end in sight. */
export const LIVE_LIMITS: HistoryLimits = {
  events: 100_000,
  keeping: { endedSessions: 2_000, generations: 12 },
};

/** So much more than the limit is let grow: forgetting moves what is left. */
const FORGET_SHARE = 64;

interface Placed {
  readonly position: number;
  readonly view: ViewModel;
}

/**
 * The one source of everything that is shown: the events in their order, indexed, and the state at
 * any position (a position is a number of events). Events are only added, so what was read at a
 * position stays true. Where it has a limit the oldest are forgotten; positions stay what they are.
 */
export class History {
  readonly #limits: HistoryLimits;
  readonly #events: LogEvent[] = [];
  /** The latest time up to each event: times of a log need not rise, and may be none. */
  readonly #times: EpochMs[] = [];
  readonly #news: number[] = [];
  readonly #ofSession = new Map<string, number[]>();
  readonly #progress = new ProgressMarks();
  readonly #checkpoints: Checkpoints;
  /** Where the memory begins. */
  #base: Placed = { position: 0, view: EMPTY_VIEW };
  #baseAt: EpochMs = Number.NEGATIVE_INFINITY;
  #current: Placed = this.#base;
  /** How many events were folded so far: what looking around costs. */
  foldedCount = 0;

  constructor(limits: HistoryLimits = UNLIMITED) {
    this.#limits = limits;
    this.#checkpoints = new Checkpoints(Number.isFinite(limits.events));
  }

  get length(): number {
    return this.#base.position + this.#events.length;
  }

  /** The earliest position that can be looked at. */
  get firstKept(): number {
    return this.#base.position;
  }

  /** What is in memory, for measuring: none of it grows without end where there are limits. */
  get kept(): { readonly events: number; readonly sessions: number; readonly rows: number } {
    const rows = this.#checkpoints.rows;
    return { events: this.#events.length, sessions: this.#ofSession.size, rows };
  }

  event(position: number): LogEvent | undefined {
    return this.#events[position - this.#base.position];
  }

  /** What a person reads for an event, which may depend on what its session did before. */
  entryAt(position: number): LogEntry | undefined {
    const event = this.event(position);
    if (event === undefined) return undefined;
    return toEntry(event, event.type === 'channel.down' && this.#isEndingAt(position, event));
  }

  #isEndingAt(position: number, { session }: LogEvent): boolean {
    if (session === null) return false;
    const own = this.positionsOfSession(session);
    for (let index = firstAtOrAfter(own, position) - 1; index >= 0; index -= 1) {
      const before = this.event(own[index] as number);
      if (before?.type === 'session.ended') return true;
      const { state } = before?.type === 'session.state' ? before.data : {};
      if (typeof state === 'string') return isEndingState(state);
    }
    return false;
  }

  /** The events up to a position; for readers of a whole log. */
  slice(from: number, to: number): readonly LogEvent[] {
    const { position } = this.#base;
    return this.#events.slice(Math.max(0, from - position), Math.max(0, to - position));
  }

  /** `at`: when it happened, where its own time is that of a clock that may be wrong (C11). */
  append(event: LogEvent, at: EpochMs = event.at): void {
    const position = this.length;
    const before = this.#times.at(-1) ?? this.#baseAt;
    this.#events.push(event);
    this.#times.push(Number.isFinite(at) ? Math.max(before, at) : before);
    if (isNews(event)) this.#news.push(position);
    if (event.session !== null) {
      const own = this.#ofSession.get(event.session);
      if (own === undefined) this.#ofSession.set(event.session, [position]);
      else own.push(position);
    }
    const { events: limit } = this.#limits;
    if (this.#events.length > limit + limit / FORGET_SHARE) this.#forget(this.length - limit);
  }

  noteProgress(session: string, counts: MoverCounts, at: EpochMs): void {
    this.#progress.note(session, { position: this.length, at, counts });
  }

  /** The last two marks of a mover that were known at a position, newest first. */
  progressAt(session: string, role: string, position: number): readonly ProgressMark[] {
    return this.#progress.at(session, role, position);
  }

  /** The positions of its events, rising. */
  positionsOfSession(session: string): readonly number[] {
    return this.#ofSession.get(session) ?? [];
  }

  newsPositions(): readonly number[] {
    return this.#news;
  }

  /** The state after the first `position` events. */
  viewAt(position: number): ViewModel {
    const wanted = Math.max(this.firstKept, Math.min(position, this.length));
    if (wanted === this.#current.position) return this.#current.view;
    const start = this.#checkpoints.nearest(wanted, this.#base);
    const { position: known } = this.#current;
    // What only goes on from what is shown needs no way back in small steps.
    const goesOn = known <= wanted && known > start.position;
    this.#current = this.#fold(goesOn ? this.#current : start, wanted, !goesOn);
    return this.#current.view;
  }

  /** The time after the first `position` events; null before the first. */
  timeAt(position: number): EpochMs | null {
    const index = Math.min(position, this.length) - 1 - this.firstKept;
    const at = index === -1 ? this.#baseAt : this.#times[index];
    return at === undefined || at === Number.NEGATIVE_INFINITY ? null : at;
  }

  /** The first position at which the time is later: everything before it has happened by then. */
  positionAt(at: EpochMs, from = 0): number {
    const { position: first } = this.#base;
    let [low, high] = [Math.max(from, first), this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle - first] as EpochMs) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #fold(start: Placed, wanted: number, isLookingAround: boolean): Placed {
    let { position, view } = start;
    while (position < wanted) {
      const next = this.#checkpoints.nextAfter(position, wanted, isLookingAround);
      view = reduceEvents(view, this.slice(position, next), this.#limits.keeping);
      this.foldedCount += next - position;
      position = next;
      this.#checkpoints.keep(position, view);
    }
    return { position, view };
  }

  /** The memory begins at `target` from now on; the state there is the sum of all before. */
  #forget(target: number): void {
    const count = target - this.firstKept;
    const start = this.#checkpoints.nearest(target, this.#base);
    const base = this.#fold(start, target, false);
    this.#baseAt = this.#times[count - 1] ?? this.#baseAt;
    for (const { session } of this.#events.splice(0, count)) {
      if (session !== null) this.#forgetOf(session, target);
    }
    this.#times.splice(0, count);
    this.#news.splice(0, firstAtOrAfter(this.#news, target));
    this.#base = base;
    this.#checkpoints.forgetBefore(target);
    if (this.#current.position < target) this.#current = base;
  }

  #forgetOf(session: string, target: number): void {
    const own = this.#ofSession.get(session);
    if (own === undefined || (own[0] ?? target) >= target) return;
    own.splice(0, firstAtOrAfter(own, target));
    if (own.length > 0) return;
    this.#ofSession.delete(session);
    this.#progress.forget(session);
  }
}

/** The first index of what is at or after a position. */
export function firstAtOrAfter(sorted: readonly number[], wanted: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
