import type { LogEvent } from '../../../machines/ports/event-log.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import type { MoverCounts } from '../live-run.ts';
import { isNews } from '../model/news.ts';
import type { ViewModel } from '../model/types.ts';
import { EMPTY_VIEW, reduceEvents } from '../view-model.ts';

/** What is known of a mover's counts when so many events had been logged. */
export interface ProgressMark {
  readonly position: number;
  readonly at: EpochMs;
  readonly counts: MoverCounts;
}

/** So many coarse checkpoints at most; when there are more, every second one goes. */
const CHECKPOINT_COUNT_MAX = 128;
const FIRST_STRIDE = 1_024;
/** Between coarse checkpoints, where somebody looks around: so far apart, and so many. */
const FINE_STRIDE = 256;
const FINE_COUNT_MAX = 256;
/** What all checkpoints of a kind may hold together, in rows: those of a fleet are heavy. */
const COARSE_ROWS_MAX = 1_500_000;
const FINE_ROWS_MAX = 500_000;
/** Marks of one session; older ones are thinned. */
const MARK_COUNT_MAX = 256;

/**
 * The one source of everything that is shown: the events in their order, indexed, and the state at
 * any position (a position is a number of events). Events are only added, so what was read at a
 * position stays true.
 */
export class History {
  readonly #events: LogEvent[] = [];
  /** The latest time up to each event: times of a log need not rise, and may be none. */
  readonly #times: EpochMs[] = [];
  readonly #news: number[] = [];
  readonly #ofSession = new Map<string, number[]>();
  readonly #progress = new Map<string, ProgressMark[]>();
  readonly #coarse = new Map<number, ViewModel>([[0, EMPTY_VIEW]]);
  readonly #fine = new Map<number, ViewModel>();
  #stride = FIRST_STRIDE;
  #current: { readonly position: number; readonly view: ViewModel } = {
    position: 0,
    view: EMPTY_VIEW,
  };
  /** How many events were folded so far: what looking around costs. */
  foldedCount = 0;

  get length(): number {
    return this.#events.length;
  }

  event(position: number): LogEvent | undefined {
    return this.#events[position];
  }

  /** The events up to a position; for readers of a whole log. */
  slice(from: number, to: number): readonly LogEvent[] {
    return this.#events.slice(from, to);
  }

  append(event: LogEvent): void {
    const position = this.#events.length;
    this.#events.push(event);
    const before = this.#times[position - 1] ?? Number.NEGATIVE_INFINITY;
    this.#times.push(Number.isFinite(event.at) ? Math.max(before, event.at) : before);
    if (isNews(event)) this.#news.push(position);
    if (event.session === null) return;
    const own = this.#ofSession.get(event.session);
    if (own === undefined) this.#ofSession.set(event.session, [position]);
    else own.push(position);
  }

  noteProgress(session: string, counts: MoverCounts, at: EpochMs): void {
    const key = `${counts.role} ${session}`;
    const marks = this.#progress.get(key) ?? [];
    marks.push({ position: this.length, at, counts });
    const kept =
      marks.length > MARK_COUNT_MAX
        ? marks.filter((_, index) => index % 2 === 0 || index === marks.length - 1)
        : marks;
    this.#progress.set(key, kept);
  }

  /** The last two marks of a mover that were known at a position, newest first. */
  progressAt(session: string, role: string, position: number): readonly ProgressMark[] {
    const marks = this.#progress.get(`${role} ${session}`) ?? [];
    let index = marks.length - 1;
    while (index >= 0 && (marks[index]?.position ?? 0) > position) index -= 1;
    return index < 0 ? [] : marks.slice(Math.max(0, index - 1), index + 1).reverse();
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
    const wanted = Math.max(0, Math.min(position, this.length));
    if (wanted === this.#current.position) return this.#current.view;
    const start = this.#nearest(wanted);
    this.#current = { position: wanted, view: this.#fold(start, wanted) };
    return this.#current.view;
  }

  /** The time after the first `position` events; null before the first. */
  timeAt(position: number): EpochMs | null {
    const at = this.#times[Math.min(position, this.length) - 1];
    return at === undefined || at === Number.NEGATIVE_INFINITY ? null : at;
  }

  /** The first position at which the time is later: everything before it has happened by then. */
  positionAt(at: EpochMs, from = 0): number {
    let [low, high] = [from, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] as EpochMs) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #nearest(wanted: number): { readonly position: number; readonly view: ViewModel } {
    const coarse = Math.floor(wanted / this.#stride) * this.#stride;
    let best = { position: 0, view: EMPTY_VIEW };
    for (let position = coarse; position > 0; position -= this.#stride) {
      const view = this.#coarse.get(position);
      if (view === undefined) continue;
      best = { position, view };
      break;
    }
    const fine = Math.floor(wanted / FINE_STRIDE) * FINE_STRIDE;
    for (let position = fine; position > best.position; position -= FINE_STRIDE) {
      const view = this.#fine.get(position);
      if (view === undefined) continue;
      best = { position, view };
      break;
    }
    const { position } = this.#current;
    return position <= wanted && position > best.position ? this.#current : best;
  }

  #fold(start: { readonly position: number; readonly view: ViewModel }, wanted: number): ViewModel {
    let { position, view } = start;
    while (position < wanted) {
      // Fine checkpoints only near what is wanted: that is where the next steps go.
      const isNear = wanted - position <= 2 * this.#stride;
      const stride = isNear ? FINE_STRIDE : this.#stride;
      const next = Math.min(wanted, (Math.floor(position / stride) + 1) * stride);
      view = reduceEvents(view, this.#events.slice(position, next));
      this.foldedCount += next - position;
      position = next;
      if (position % this.#stride === 0) this.#keepCoarse(position, view);
      else if (position % FINE_STRIDE === 0) this.#keepFine(position, view);
    }
    return view;
  }

  #keepCoarse(position: number, view: ViewModel): void {
    this.#coarse.set(position, view);
    while (this.#coarse.size > CHECKPOINT_COUNT_MAX || rowsOf(this.#coarse) > COARSE_ROWS_MAX) {
      // The last two always fit: what is shown is one of them.
      if (this.#coarse.size <= 2) return;
      this.#stride *= 2;
      for (const key of [...this.#coarse.keys()]) {
        if (key % this.#stride !== 0) this.#coarse.delete(key);
      }
    }
  }

  #keepFine(position: number, view: ViewModel): void {
    this.#fine.delete(position);
    this.#fine.set(position, view);
    let rows = rowsOf(this.#fine);
    for (const [oldest, kept] of this.#fine) {
      if (this.#fine.size <= FINE_COUNT_MAX && rows <= FINE_ROWS_MAX) break;
      rows -= rowsIn(kept);
      this.#fine.delete(oldest);
    }
  }
}

function rowsIn({ sessions, credentials }: ViewModel): number {
  return sessions.size + credentials.size;
}

function rowsOf(checkpoints: ReadonlyMap<number, ViewModel>): number {
  let rows = 0;
  for (const view of checkpoints.values()) rows += rowsIn(view);
  return rows;
}
