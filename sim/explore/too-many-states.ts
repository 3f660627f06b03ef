/** More than the numbers for them can tell apart: the search ends without having seen all. */
export class TooManyStates extends Error {
  override readonly name = 'TooManyStates';
}
