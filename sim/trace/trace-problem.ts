/**
 * A trace or token that cannot be used, in words for the user: what is wrong and what to do. Never
 * a fault of this program.
 */
export class TraceProblem extends Error {
  override readonly name = 'TraceProblem';
}
