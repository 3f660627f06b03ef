import type { LogEvent } from '../../../machines/ports/event-log.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import type { LiveRun } from '../live-run.ts';
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
      this.#tell('Nothing is before this');
      return;
    }
    const label = session === null ? 'the next event' : `the next event of ${session}`;
    const test = (event: LogEvent): boolean => session === null || event.session === session;
    this.seek({ label, until: null, test });
  }

  jumpTo(position: number): void {
    this.#seeking = null;
    this.#mode = 'paused';
    this.#position = Math.max(0, Math.min(position, this.#history.length));
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
      return target < 0 || target > this.#history.length ? null : target;
    }
    const own = this.#history.positionsOfSession(session);
    const found =
      by > 0
        ? own.find((at) => at >= this.#position)
        : own.findLast((at) => at + 1 < this.#position);
    return found === undefined ? null : found + 1;
  }

  #playOn(elapsedMs: number): void {
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
  #scan({ until, test, label }: Seeking): boolean {
    const stopAt = Math.min(this.#history.length, this.#position + SCAN_COUNT_MAX);
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
    this.#seeking = null;
    this.#mode = 'paused';
    this.#now = now;
    if (this.#run.pace === 'free' && this.isAtEnd) this.#mode = 'following';
    if (text !== null) this.#tell(text);
  }
}
