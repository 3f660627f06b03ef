import { History } from './history/history.ts';
import type { BranchRun, LiveRun, Order } from './live-run.ts';
import { type Comparison, compareHistories, firstDifference } from './model/compare.ts';

interface Future {
  readonly run: BranchRun;
  readonly history: History;
  isComplete: boolean;
}

/** The two futures of a fork: the run as it would have gone on, and the one with the new order. */
export class Fork {
  readonly position: number;
  readonly what: string;
  readonly order: Order;
  readonly #futures: Future[] = [];
  #sameUntil = 0;
  #compared: { readonly lengths: string; readonly comparison: Comparison } | null = null;

  constructor(position: number, order: Order, what: string) {
    this.position = position;
    this.order = order;
    this.what = what;
  }

  /** Runs both to their ends, beside the run that is shown; rejects where one cannot be repeated. */
  async open(branch: NonNullable<LiveRun['branch']>): Promise<void> {
    for (const order of [null, this.order]) {
      const run = await branch(this.position, order, Number.POSITIVE_INFINITY);
      const future: Future = { run, history: new History(), isComplete: false };
      run.subscribe((event) => future.history.append(event));
      const complete = (): void => {
        future.isComplete = true;
      };
      run.finished.then(complete, complete);
      this.#futures.push(future);
    }
  }

  /** The comparison as far as both have come; null until both have begun. */
  comparison(): Comparison | null {
    const [left, right] = this.#futures;
    if (left === undefined || right === undefined) return null;
    const lengths = this.#futures
      .map(({ history, isComplete }) => `${history.length} ${isComplete}`)
      .join();
    if (this.#compared?.lengths !== lengths) {
      const both = Math.min(left.history.length, right.history.length);
      this.#sameUntil = firstDifference(left.history, right.history, this.#sameUntil) ?? both;
      const comparison = compareHistories(left.history, right.history, {
        position: this.position,
        what: this.what,
        sameUntil: this.#sameUntil,
        areComplete: [left.isComplete, right.isComplete],
      });
      this.#compared = { lengths, comparison };
    }
    return this.#compared.comparison;
  }

  close(): void {
    for (const { run } of this.#futures.splice(0)) run.close().catch(() => {});
  }
}
