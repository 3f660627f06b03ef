/**
 * A state of a system: a row of numbers, 16 bits of each in use. The store packs two into a word; a
 * row in hand keeps them apart, and its length even, so that packing needs no special case.
 */
export type SystemState = Int32Array;

export function emptyState(width: number): SystemState {
  return new Int32Array(width + (width & 1));
}
