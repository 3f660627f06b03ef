import { FortnightError } from '../../machines/rules/errors.ts';
import { StateError } from '../storage/index.ts';

/** Why the folder of a lab cannot be used. */
export type StateFolderProblem =
  /** The name leads to something that is not a lab's folder. */
  | 'foreign'
  /** Another version of this program made it. */
  | 'version'
  /** Another command works in it right now. */
  | 'inUse'
  /** A file of it is damaged, or the disk does not let us at it. */
  | 'damaged';

/** The folder of a lab cannot be used; the message says which, why, and what to do. */
export class StateFolderError extends Error {
  override readonly name = 'StateFolderError';
  readonly problem: StateFolderProblem;

  constructor(problem: StateFolderProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** What a part of the folder says when it is opened, in words of the whole folder. */
export function asStateFolderError(thrown: unknown): unknown {
  if (thrown instanceof StateError) {
    const problem = thrown.code === 'state.in-use' ? 'inUse' : 'damaged';
    return new StateFolderError(problem, `${capital(thrown.message)}.`);
  }
  if (thrown instanceof FortnightError && thrown.code === 'records.failed') {
    const remedy = 'put back a good copy of its file and of database.key beside it';
    return new StateFolderError(
      'damaged',
      `${capital(thrown.detail)}: ${remedy}, or name another folder with --state.`,
    );
  }
  return thrown;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
