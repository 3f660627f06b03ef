/**
 * `file: words`: a file below the project's root, and words that stand in it, of a test's name or
 * of a row of its table.
 */
export type TestLink = `test/${string}.ts: ${string}`;

export type RuleKind = 'sentence' | 'seed' | 'decision' | 'extension' | 'invariant' | 'liveness';

/** One rule as it is written down. */
export interface RuleText {
  readonly id: string;
  readonly kind: RuleKind;
  readonly text: string;
  /** A sentence names rules, a rule invariants, an invariant or a bound the sentences behind it. */
  readonly related: readonly string[];
  /** Why no log can tell whether it holds; absent where a log can. */
  readonly notInLog?: string;
}

/** One rule with all that concerns it. */
export interface Rule extends RuleText {
  /** Checkers that may report it, or an invariant of it. */
  readonly checkers: readonly string[];
  /** What is counted when a log is read: the invariants that stand for the rule. */
  readonly judgedBy: readonly string[];
  /** `file#name`: where the product follows it. */
  readonly code: readonly string[];
  readonly tests: readonly TestLink[];
  /** Wrong versions of it that are tried, in words; `npm run mutants` shows which test notices. */
  readonly mutants: readonly string[];
  /** Why it has no test of its own; null where it has one. */
  readonly gap: string | null;
}
