import { createHash } from 'node:crypto';

/** Reproducible randomness (I76): the same seed gives the same draws on Node and on Bun. */
export interface Prng {
  /** 32 random bits as an integer from 0. */
  uint32(): number;
  /** A whole number from `minimum` to `maximum`, both included, each equally likely. */
  integer(minimum: number, maximum: number): number;
  /** True in `numerator` of `denominator` cases. */
  chance(numerator: number, denominator: number): boolean;
  /** From 0 (included) to 1 (excluded), 53 bits; for interfaces that ask for `Math.random`. */
  fraction(): number;
  pick<Item>(items: readonly Item[]): Item;
  /** A shuffled copy. */
  shuffle<Item>(items: readonly Item[]): Item[];
  bytes(count: number): Uint8Array;
  /**
   * A generator of its own that depends only on this one's seed and on the name, not on what was
   * drawn so far: a new consumer with a new name shifts nobody else's draws.
   */
  stream(name: string): Prng;
}

const UINT32_COUNT = 2 ** 32;

/** Four words from a text; SHA-256 makes near seeds (`1`, `2`) unrelated. */
function seedWords(path: string): [number, number, number, number] {
  const digest = createHash('sha256').update(path, 'utf8').digest();
  return [
    digest.readUInt32LE(0),
    digest.readUInt32LE(4),
    digest.readUInt32LE(8),
    digest.readUInt32LE(12),
  ];
}

/** sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, small and fast in integers. */
function sfc32(path: string): () => number {
  let [a, b, c, counter] = seedWords(path);
  return () => {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result >>> 0;
  };
}

function prngAt(path: string): Prng {
  const uint32 = sfc32(path);

  /** 53 bits as a whole number. */
  const uint53 = (): number => (uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6);

  function below(count: number): number {
    // Draws from the incomplete last run of `count` values are thrown away: no value is favoured.
    const [draw, range] = count <= UINT32_COUNT ? [uint32, UINT32_COUNT] : [uint53, 2 ** 53];
    const limit = range - (range % count);
    for (;;) {
      const value = draw();
      if (value < limit) return value % count;
    }
  }

  function integer(minimum: number, maximum: number): number {
    const count = maximum - minimum + 1;
    if (!Number.isSafeInteger(minimum) || !Number.isSafeInteger(maximum) || count < 1) {
      throw new RangeError(`no whole number between ${minimum} and ${maximum}`);
    }
    if (!Number.isSafeInteger(count)) throw new RangeError('the range is wider than 53 bits');
    return minimum + below(count);
  }

  return {
    uint32,
    integer,
    fraction: () => uint53() / 2 ** 53,
    chance: (numerator, denominator) => {
      if (denominator < 1) throw new RangeError(`${numerator} of ${denominator} is no chance`);
      return integer(1, denominator) <= numerator;
    },
    pick: (items) => {
      if (items.length === 0) throw new RangeError('nothing to pick from');
      return items[below(items.length)] as (typeof items)[number];
    },
    shuffle: (items) => {
      const shuffled = [...items];
      for (let last = shuffled.length - 1; last > 0; last -= 1) {
        const other = below(last + 1);
        const item = shuffled[last] as (typeof shuffled)[number];
        shuffled[last] = shuffled[other] as (typeof shuffled)[number];
        shuffled[other] = item;
      }
      return shuffled;
    },
    bytes: (count) => {
      const bytes = new Uint8Array(count);
      for (let offset = 0; offset < count; offset += 4) {
        const word = uint32();
        // Byte by byte, so that the result does not depend on the machine's byte order.
        for (let index = offset; index < Math.min(offset + 4, count); index += 1) {
          bytes[index] = word >>> (8 * (index - offset));
        }
      }
      return bytes;
    },
    // A name may hold the separator: its length in front keeps every path unique.
    stream: (name) => prngAt(`${path}/${name.length}:${name}`),
  };
}

/** A seed is a text (a commit hash, a word) or a safe integer; `42` and `'42'` are the same. */
export function createPrng(seed: string | number): Prng {
  if (typeof seed === 'number' && !Number.isSafeInteger(seed)) {
    throw new RangeError(`a numeric seed must be a safe integer, not ${seed}`);
  }
  if (seed === '') throw new RangeError('the seed is empty');
  return prngAt(`fortnight:${seed}`);
}
