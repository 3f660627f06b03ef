import { createPrng } from '../../kernel/index.ts';
import type { Spread } from '../types.ts';

/** Every purpose has draws of its own: a new one shifts nobody else's. */
export const PURPOSES = [
  'onboarding',
  'jitter',
  'first',
  'incremental',
  'clock',
  'network',
  'loss',
  'duplicate',
  'reorder',
  'mover',
  'issue',
  'propagation',
  'request',
  'fault',
] as const;
export type Purpose = (typeof PURPOSES)[number];

const UINT32_COUNT = 2 ** 32;

/** The finish of MurmurHash3: every bit of the input moves half of the bits of the result. */
function scatter(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/**
 * Chance without a memory: a draw depends on the seed, its purpose and two numbers (whose, and which
 * one) alone. So tenant 17's fifth backup has the same size whatever else happens, and two runs
 * that differ in one setting can be compared; and an idle tenant keeps no generator.
 */
export class Chance {
  readonly #keys: Record<Purpose, readonly [number, number]>;

  constructor(seed: number | string) {
    const prng = createPrng(seed).stream('fleet');
    this.#keys = Object.fromEntries(
      PURPOSES.map((purpose) => {
        const stream = prng.stream(purpose);
        return [purpose, [stream.uint32() | 0, stream.uint32() | 0]];
      }),
    ) as unknown as Record<Purpose, readonly [number, number]>;
  }

  uint32(purpose: Purpose, whose: number, which: number): number {
    const [first, second] = this.#keys[purpose];
    let mixed = scatter(first ^ Math.imul(whose, 0x9e3779b1));
    mixed = scatter((mixed + second) ^ Math.imul(which, 0x85ebca77));
    return scatter(mixed ^ first) >>> 0;
  }

  /** From 0 to `count - 1`. The bias of the remainder is below one in a thousand up to 4 million. */
  below(purpose: Purpose, whose: number, which: number, count: number): number {
    return Math.floor((this.uint32(purpose, whose, which) / UINT32_COUNT) * count);
  }

  isHit(purpose: Purpose, whose: number, which: number, ppm: number): boolean {
    return ppm > 0 && this.below(purpose, whose, which, 1_000_000) < ppm;
  }

  /**
   * Half below `typical`, half above with a long tail; only the four basic operations, whose
   * results are the same on every runtime (logarithms are not).
   */
  spread(purpose: Purpose, whose: number, which: number, { min, typical, max }: Spread): number {
    if (min === max) return min;
    const share = this.uint32(purpose, whose, which) / UINT32_COUNT;
    if (share < 0.5) return Math.floor(min + (typical - min) * (share * 2));
    const tail = (share - 0.5) * 2;
    return Math.floor(typical + (max - typical) * tail * tail * tail);
  }
}
