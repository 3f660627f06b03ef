/**
 * Generation numbers rise for ever (C12), but machines only ask which is the same and which is
 * newer. So the numbers that anybody still speaks of are kept as 1, 2, 3 … in the same order; 0
 * means none.
 */
export type Renumbering = (generation: number) => number;

export function bitOf(generation: number): number {
  return generation === 0 ? 0 : 1 << (generation - 1);
}

/** Whether the numbers in use are 1, 2, 3 … without a gap. */
export function isDense(generations: number): boolean {
  return (generations & (generations + 1)) === 0;
}

/** The order-preserving map from the numbers in use to 1, 2, 3 … */
export function renumbering(generations: number): Renumbering {
  return (generation) => {
    if (generation === 0) return 0;
    let rank = 0;
    for (let bit = 0; bit < generation; bit += 1) rank += (generations >> bit) & 1;
    return rank;
  };
}
