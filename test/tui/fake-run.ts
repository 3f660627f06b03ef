import type { LogEvent } from '../../machines/ports/event-log.ts';
import { loadScenario, type Scenario } from '../../sim/scenario/index.ts';
import type { LiveRun, MoverCounts, Order, PlacedStep } from '../../sim/tui/live-run.ts';
import type { RunSummary } from '../../sim/world/run-summary.ts';
import { START_AT, SUMMARY } from './recorded-run.ts';

export function tourScenario(): Scenario {
  const result = loadScenario('examples/tour.yaml', process.cwd());
  if (!result.ok) throw new Error('the tour has problems');
  return result.scenario;
}

/** A run whose events and progress are handed in by hand, and which notes its orders. */
export class FakeRun implements LiveRun {
  readonly title = 'Recorded tour';
  world: LiveRun['world'] = 'lab';
  readonly pace: LiveRun['pace'] = 'free';
  readonly branch = null;
  scenario: Scenario | null = tourScenario();
  readonly finished: Promise<RunSummary>;
  readonly orders: string[] = [];
  at = START_AT;
  #listeners = new Set<(event: LogEvent) => void>();
  #onProgress = new Set<(id: string, counts: MoverCounts) => void>();
  #seen: LogEvent[] = [];
  #isHeld = false;
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

  steps(): readonly PlacedStep[] {
    return [];
  }

  stepsLeft(): number {
    return 0;
  }

  isWaiting(): boolean {
    return false;
  }

  next(): void {
    this.orders.push('next');
  }

  hold(): void {
    this.orders.push('hold');
    this.#isHeld = true;
  }

  release(): void {
    this.orders.push('release');
    this.#isHeld = false;
  }

  isHeld(): boolean {
    return this.#isHeld;
  }

  order(order: Order): void {
    this.orders.push(JSON.stringify(order));
    if (order.type === 'warpTo') this.at = Math.max(this.at, order.at);
  }

  pendingOrders(): number {
    return 0;
  }

  strikes: LiveRun['strikes'] = () => [];

  stay(): void {
    this.orders.push('stay');
  }

  cancel(): void {
    this.orders.push('cancel');
  }

  wasCut(): boolean {
    return false;
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
