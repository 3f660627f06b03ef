import type { CredentialScope } from '../../machines/rules/scope.ts';

export interface LedgerEntry {
  readonly scope: CredentialScope;
  readonly generation: number;
  /** Empty until the storage has answered. */
  keyId: string;
}

/**
 * Every credential that a run has asked for, noted before the question: an answer that was lost may
 * have left a user or a key behind all the same.
 */
export class Ledger {
  readonly #entries = new Set<LedgerEntry>();
  #generation = 0;

  /** Generations are one row over all scopes of a run, so that no name is used twice. */
  begin(scope: CredentialScope): LedgerEntry {
    this.#generation += 1;
    const entry = { scope, generation: this.#generation, keyId: '' };
    this.#entries.add(entry);
    return entry;
  }

  forget(entry: LedgerEntry): void {
    this.#entries.delete(entry);
  }

  find(generation: number): LedgerEntry | undefined {
    return [...this.#entries].find((entry) => entry.generation === generation);
  }

  /** The newest first: what may still be in use by a point goes last. */
  open(): readonly LedgerEntry[] {
    return [...this.#entries].reverse();
  }
}
