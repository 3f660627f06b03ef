import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { LiveRun, MoverCounts } from '../../sim/tui/live-run.ts';
import type { RunSummary } from '../../sim/world/run-summary.ts';
import { START_AT, SUMMARY } from './recorded-run.ts';

/** A run whose events and progress are handed in by hand, and which notes its orders. */
export class FakeRun implements LiveRun {
  readonly title = 'Recorded tour';
  readonly world = 'lab';
  readonly finished: Promise<RunSummary>;
  readonly orders: string[] = [];
  canWarp = true;
  at = START_AT;
  #listeners = new Set<(event: LogEvent) => void>();
  #onProgress = new Set<(id: string, counts: MoverCounts) => void>();
  #seen: LogEvent[] = [];
  #isPaused = false;
  #finish: (summary: RunSummary) => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor() {
    this.finished = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.finished.catch(() => {});
  }

  now(): number {
    return this.at;
  }

  subscribe(listener: (event: LogEvent) => void): () => void {
    for (const event of this.#seen) listener(event);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onProgress(listener: (id: string, counts: MoverCounts) => void): () => void {
    this.#onProgress.add(listener);
    return () => this.#onProgress.delete(listener);
  }

  get warp(): ((byMs: number) => Promise<void>) | null {
    if (!this.canWarp) return null;
    return async (byMs) => {
      this.orders.push(`warp ${byMs}`);
      this.at += byMs;
    };
  }

  pause(): void {
    this.orders.push('pause');
    this.#isPaused = true;
  }

  continue(): void {
    this.orders.push('continue');
    this.#isPaused = false;
  }

  isPaused(): boolean {
    return this.#isPaused;
  }

  cancel(): void {
    this.orders.push('cancel');
  }

  get listenerCount(): number {
    return this.#listeners.size + this.#onProgress.size;
  }

  happen(...events: readonly LogEvent[]): void {
    for (const event of events) {
      this.#seen.push(event);
      this.at = Math.max(this.at, event.at);
      for (const listener of this.#listeners) listener(event);
    }
  }

  progress(id: string, counts: MoverCounts): void {
    for (const listener of this.#onProgress) listener(id, counts);
  }

  finish(summary: RunSummary = SUMMARY): void {
    this.#finish(summary);
  }

  fail(error: Error): void {
    this.#fail(error);
  }
}
