import type { Decision } from './evaluate.ts';

export interface RecordedDecision extends Decision {
  readonly at: number;
  readonly requestId: string;
  readonly principalArn: string;
}

const DECISIONS_MAX = 1000;

/** The latest decisions, a bounded number. */
export class DecisionLog {
  #entries: RecordedDecision[] = [];

  add(entry: RecordedDecision): void {
    this.#entries.push(entry);
    // Cut rarely, so that adding costs nothing on the usual path.
    if (this.#entries.length >= 2 * DECISIONS_MAX) this.#entries.splice(0, DECISIONS_MAX);
  }

  latest(): readonly RecordedDecision[] {
    return this.#entries.slice(-DECISIONS_MAX);
  }
}
