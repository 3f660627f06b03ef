/** One wrong version of a rule, as a change of text, and the tests that must notice it. */
export interface Mutant {
  /** The rule or invariant that is broken. */
  readonly rule: string;
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** `file`, or `file: words of a test's name`; tried one after the other until one fails. */
  readonly tests: readonly string[];
  /** Why nothing can notice it; a survivor without a reason fails the run. */
  readonly equivalent?: string;
}
