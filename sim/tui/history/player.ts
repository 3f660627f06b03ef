import type { LogEvent } from '../../../machines/ports/event-log.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import type { ClockedPart, LiveRun } from '../live-run.ts';
import type { History } from './history.ts';

export type PlayMode = 'following' | 'playing' | 'paused' | 'seeking';

/** Where a jump forward ends. */
export interface Seek {
  /** `renewal line -1 ms of acme/vault`: for what is told afterwards. */
  readonly label: string;
  /** An instant; the clock is moved there once nothing else happens before. */
  readonly until: EpochMs | null;
  /** An event that ends it; null: none does. */
  readonly test: ((event: LogEvent) => boolean) | null;
  /** Ends when the step that was just ordered is over. */
  readonly isForStep?: boolean;
  /** Ends at so many events, and then shows the time of `until`: a run that is repeated. */
  readonly position?: number;
}

/** 1×, 10×, … 10⁶×. */
export const RATE_MAX = 1_000_000;
/** A gap that would take longer than this on the wall is folded. */
const IDLE_MS_MAX = 1_000;
const IDLE_MS_SHOWN = 250;
/** Between two steps of a scenario, so that people can follow; shorter at higher rates. */
const BREATH_MS = 700;
/** So many events a tick are looked through, so that a long jump does not freeze the keys. */
const SCAN_COUNT_MAX = 50_000;
/** A fleet goes on by at most so many events a tick: they are to be shown, and keys answered. */
const AHEAD_COUNT_MAX = 3_000;

interface Seeking extends Seek {
  isOrdered: boolean;
}

/**
 * Where in the history the screen stands, and how it moves there. It asks the run for more only
 * when it has shown everything, so a pause here is a pause of a run that is paced by asking.
 */
export class Player {
  readonly #run: LiveRun;
  readonly #history: History;
  /** What a jump came to; told once. */
  readonly #tell: (text: string) => void;
  #mode: PlayMode;
  #position = 0;
  #now: EpochMs;
  #rate = 1;
  #seeking: Seeking | null = null;
  /** The farthest position that was shown. */
  #seenUntil = 0;
  #isRunOver = false;
  /** How long the end of a step has been shown. */
  #breathMs = 0;

  constructor(run: LiveRun, history: History, tell: (text: string) => void) {
    this.#run = run;
    this.#history = history;
    this.#tell = tell;
    this.#now = run.pace === 'free' ? run.now() : (run.scenario?.startAt ?? run.now());
    this.#mode = run.pace === 'free' ? 'following' : 'playing';
    this.#rate = run.clocked?.startRate ?? 1;
    if (run.pace === 'free') this.#toEnd();
  }

  get mode(): PlayMode {
    return this.#mode;
  }

  get position(): number {
    return this.#position;
  }

  get now(): EpochMs {
    return this.#now;
  }

  get rate(): number {
    return this.#rate;
  }

  /** What is shown has been passed before: an order here would change what was seen. */
  get isInPast(): boolean {
    return this.#position < this.#seenUntil;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#history.length;
  }

  noteRunOver(): void {
    this.#isRunOver = true;
  }

  /** `elapsedMs` of real time have passed. */
  tick(elapsedMs: number): void {
    this.#stayInMemory();
    if (this.#mode === 'following') this.#toEnd();
    else if (this.#mode === 'playing') this.#playOn(elapsedMs);
    else if (this.#mode === 'seeking') this.#seekOn();
    this.#seenUntil = Math.max(this.#seenUntil, this.#position);
  }

  play(): void {
    this.#seeking = null;
    this.#mode = this.#run.pace === 'free' && this.isAtEnd ? 'following' : 'playing';
  }

  pause(): void {
    this.#seeking = null;
    this.#mode = 'paused';
    this.#run.clocked?.goOn(null);
  }

  follow(): void {
    this.#seeking = null;
    this.#toEnd();
    this.#mode = this.#run.pace === 'free' ? 'following' : 'playing';
  }

  setRate(rate: number): void {
    this.#rate = Math.max(1, Math.min(RATE_MAX, rate));
  }

  /** One event back, or forward through what is known; beyond that the run is asked for more. */
  step(by: 1 | -1, session: string | null = null): void {
    const target = this.#neighbour(by, session);
    if (target !== null) {
      this.jumpTo(target);
      return;
    }
    if (by < 0) {
      const { firstKept } = this.#history;
      this.#tell(firstKept === 0 ? 'Nothing is before this' : 'What was before is not kept');
      return;
    }
    const label = session === null ? 'the next event' : `the next event of ${session}`;
    const test = (event: LogEvent): boolean => session === null || event.session === session;
    this.seek({ label, until: null, test });
  }

  jumpTo(position: number): void {
    this.pause();
    const { firstKept, length } = this.#history;
    this.#position = Math.max(firstKept, Math.min(position, length));
    this.#now = this.#history.timeAt(this.#position) ?? this.#startAt();
    this.#seenUntil = Math.max(this.#seenUntil, this.#position);
  }

  /** Moves on, as fast as it goes, and stops there. */
  seek(seek: Seek): void {
    this.#seeking = { ...seek, isOrdered: false };
    this.#mode = 'seeking';
  }

  get seekLabel(): string | null {
    return this.#seeking?.label ?? null;
  }

  #startAt(): EpochMs {
    return this.#run.scenario?.startAt ?? this.#history.event(0)?.at ?? this.#run.now();
  }

  #toEnd(): void {
    this.#position = this.#history.length;
    const last = this.#history.timeAt(this.#position) ?? this.#startAt();
    this.#now = Math.max(last, this.#run.now());
  }

  #neighbour(by: 1 | -1, session: string | null): number | null {
    if (session === null) {
      const target = this.#position + by;
      return target < this.#history.firstKept || target > this.#history.length ? null : target;
    }
    const own = this.#history.positionsOfSession(session);
    const found =
      by > 0
        ? own.find((at) => at >= this.#position)
        : own.findLast((at) => at + 1 < this.#position);
    return found === undefined ? null : found + 1;
  }

  /** Where a run goes on by itself, what is looked at may be forgotten meanwhile. */
  #stayInMemory(): void {
    const { firstKept } = this.#history;
    if (this.#position >= firstKept) return;
    this.#position = firstKept;
    this.#now = Math.max(this.#now, this.#history.timeAt(firstKept) ?? this.#now);
  }

  /** A fleet is asked for what the clock on the screen needs, and for the event after it. */
  #playClocked(elapsedMs: number, clocked: ClockedPart): void {
    const target = this.#now + elapsedMs * this.#rate;
    const atMost = this.#position + AHEAD_COUNT_MAX;
    clocked.goOn({ until: target, atLeast: this.#position + 1, atMost });
    this.#now = Math.min(target, Math.max(this.#now, this.#run.now()));
    this.#position = this.#history.positionAt(this.#now, this.#position);
    const next = this.isAtEnd ? null : this.#history.timeAt(this.#position + 1);
    if (next !== null && next - this.#now > this.#rate * IDLE_MS_MAX) {
      this.#now = next - this.#rate * IDLE_MS_SHOWN;
    }
    if (this.#isRunOver && this.isAtEnd) this.pause();
  }

  #seekClocked(seeking: Seeking, clocked: ClockedPart): void {
    const { label, position } = seeking;
    const until = position === undefined ? seeking.until : null;
    const atMost = this.#position + AHEAD_COUNT_MAX;
    if (until !== null && this.#run.now() >= until) this.#endSeek(`At ${label}`, until);
    else if (this.#isRunOver) {
      this.#endSeek(`${label}: it did not come until the end`, this.#now);
    } else if (until === null) {
      clocked.goOn({ until: Number.NEGATIVE_INFINITY, atLeast: atMost, atMost });
    } else {
      this.#now = Math.max(this.#now, this.#run.now());
      clocked.goOn({ until, atLeast: 0, atMost });
    }
  }

  #playOn(elapsedMs: number): void {
    const { clocked } = this.#run;
    if (clocked !== undefined) {
      this.#playClocked(elapsedMs, clocked);
      return;
    }
    const idleMs = this.#rate * IDLE_MS_MAX;
    this.#now += elapsedMs * this.#rate;
    this.#position = this.#history.positionAt(this.#now, this.#position);
    const next = this.#history.timeAt(this.#position + 1);
    if (!this.isAtEnd && next !== null) {
      if (next - this.#now > idleMs) this.#now = next - this.#rate * IDLE_MS_SHOWN;
      return;
    }
    const worldAt = Math.max(this.#run.now(), this.#history.timeAt(this.#position) ?? 0);
    if (worldAt - this.#now > idleMs) this.#now = worldAt - this.#rate * IDLE_MS_SHOWN;
    if (this.#now < worldAt) return;
    this.#now = worldAt;
    if (this.#run.pace === 'free') this.#mode = 'following';
    else if (this.#isRunOver || (this.#run.isWaiting() && this.#run.stepsLeft() === 0)) {
      this.#mode = 'paused';
    } else this.#nextAfterBreath(elapsedMs);
  }

  #nextAfterBreath(elapsedMs: number): void {
    if (!this.#run.isWaiting()) return;
    this.#breathMs += elapsedMs * this.#rate;
    if (this.#breathMs < BREATH_MS && this.#position > 0) return;
    this.#breathMs = 0;
    this.#run.next();
  }

  #seekOn(): void {
    const seeking = this.#seeking;
    if (seeking === null) {
      this.#mode = 'paused';
      return;
    }
    if (this.#scan(seeking)) return;
    // Everything known is shown; the rest is the run's.
    if (!this.isAtEnd) return;
    this.#now = Math.max(this.#now, this.#history.timeAt(this.#position) ?? 0);
    const { clocked } = this.#run;
    if (clocked !== undefined) {
      this.#seekClocked(seeking, clocked);
      return;
    }
    const isWaiting = this.#run.isWaiting();
    if (seeking.isForStep === true) {
      const isDone = isWaiting && this.#run.pendingOrders() === 0;
      if (isDone || this.#isRunOver) this.#endSeek(null, this.#run.now());
    } else if (seeking.until !== null) this.#seekTime(seeking, seeking.until);
    else if (this.#isRunOver || (isWaiting && this.#run.stepsLeft() === 0)) {
      this.#endSeek(`${seeking.label}: it did not come until the end`, this.#now);
    } else this.#run.next();
  }

  /** Shows what is known up to the end of the jump; true where it ends there. */
  #scan({ until, test, label, position: wanted }: Seeking): boolean {
    const stopAt = Math.min(this.#history.length, this.#position + SCAN_COUNT_MAX);
    if (wanted !== undefined && wanted <= stopAt) {
      this.#position = wanted;
      this.#endSeek(`At ${label}`, until ?? this.#now);
      return true;
    }
    for (let position = this.#position; position < stopAt; position += 1) {
      const at = this.#history.timeAt(position + 1) ?? 0;
      if (until !== null && at > until) {
        this.#position = position;
        this.#endSeek(`At ${label}`, until);
        return true;
      }
      if (test?.(this.#history.event(position) as LogEvent) === true) {
        this.#position = position + 1;
        this.#endSeek(`At ${label}`, at);
        return true;
      }
    }
    this.#position = stopAt;
    return false;
  }

  #seekTime(seeking: Seeking, until: EpochMs): void {
    const { label } = seeking;
    const isAtRest = this.#run.pace === 'free' || this.#run.isWaiting();
    if (this.#run.now() >= until && isAtRest) this.#endSeek(`At ${label}`, until);
    else if (this.#isRunOver) this.#endSeek(`${label}: the run is over before`, this.#now);
    else if (!seeking.isOrdered) {
      seeking.isOrdered = true;
      this.#run.order({ type: 'warpTo', at: until });
    }
  }

  #endSeek(text: string | null, now: EpochMs): void {
    this.pause();
    this.#now = now;
    if (this.#run.pace === 'free' && this.isAtEnd) this.#mode = 'following';
    if (text !== null) this.#tell(text);
  }
}
