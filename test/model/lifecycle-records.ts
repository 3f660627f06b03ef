import type { GenerationHandle } from '../../machines/credential-lifecycle/index.ts';

type RowState = 'intent' | 'live' | 'superseded' | 'revoked' | 'irrevocable';

interface Row {
  readonly handle: GenerationHandle | null;
  readonly state: RowState;
}

/** The SP's configuration database as far as one scope goes: what survives a crash. */
export class LifecycleRecords {
  readonly #rows = new Map<number, Row>();
  /** Kept although an intent is dropped: a number is never used twice (C12). */
  #lastGeneration = 0;

  recordIntent(generation: number): void {
    this.#lastGeneration = Math.max(this.#lastGeneration, generation);
    this.#rows.set(generation, { handle: null, state: 'intent' });
  }

  dropIntent(generation: number): void {
    if (this.#rows.get(generation)?.state === 'intent') this.#rows.delete(generation);
  }

  save(handle: GenerationHandle): void {
    for (const [generation, row] of this.#rows) {
      if (row.state === 'live') this.#rows.set(generation, { ...row, state: 'superseded' });
    }
    this.#rows.set(handle.generation, { handle, state: 'live' });
  }

  mark(generation: number, state: 'revoked' | 'irrevocable'): void {
    const row = this.#rows.get(generation);
    this.#rows.set(generation, { handle: row?.handle ?? null, state });
  }

  stateOf(generation: number): RowState | null {
    return this.#rows.get(generation)?.state ?? null;
  }

  /** What a restarted SP begins with (L7). */
  read(): {
    current: GenerationHandle | null;
    older: readonly GenerationHandle[];
    lastGeneration: number;
  } {
    const rows = [...this.#rows.entries()].sort(([left], [right]) => left - right);
    const inState = (state: RowState): GenerationHandle[] =>
      rows.filter(([, row]) => row.state === state).flatMap(([, { handle }]) => handle ?? []);
    return {
      current: inState('live').at(-1) ?? null,
      older: inState('superseded'),
      lastGeneration: this.#lastGeneration,
    };
  }
}
