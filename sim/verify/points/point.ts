import type { Outcome } from '../outcome.ts';
import type { Subject } from '../subject.ts';

/** One question to a storage, with what to do when the answer is wrong. */
export interface Point {
  readonly id: string;
  /** Rules of the protocol, and invariants, that hold or fall with it. */
  readonly rules: readonly string[];
  readonly title: string;
  readonly remedy: string;
  /** Without it no later point has a meaning. */
  readonly isGate?: boolean;
  /** It may wait on purpose: for the end of a credential, or for a revocation to spread. */
  readonly isSlow?: boolean;
  /** Expected errors may be thrown: they are the answer then. */
  run(subject: Subject): Promise<Outcome>;
}
