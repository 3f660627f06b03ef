import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { test } from 'vitest';

/** What every run uses that names no other seed, so that a red build is red again at a desk. */
const DEFAULT_SEED = 20_261_122;

/**
 * The seed of this process: `FORTNIGHT_SEED` if it is set (an integer, or `random` to draw one
 * and explore), else the fixed default. In CI `random` is refused: a failure there must be
 * repeatable from the log alone.
 */
export function readSeed(environment: Readonly<Record<string, string | undefined>>): number {
  const text = environment.FORTNIGHT_SEED ?? '';
  if (text === '') return DEFAULT_SEED;
  if (text === 'random') {
    if ((environment.CI ?? '') !== '') {
      throw new Error('FORTNIGHT_SEED=random is for desks; in CI give a number or leave it unset');
    }
    return randomInt(2 ** 31);
  }
  const seed = Number(text);
  if (!/^-?\d+$/.test(text) || (seed | 0) !== seed) {
    throw new Error(`FORTNIGHT_SEED must be a 32-bit integer or "random", not "${text}"`);
  }
  return seed;
}

export const SEED = readSeed(process.env);

/** Parameters for `fc.assert`; the seed comes first so that a test may still pin its own. */
export function seeded<Ts>(parameters: fc.Parameters<Ts> = {}): fc.Parameters<Ts> {
  return { seed: SEED, ...parameters };
}

/**
 * Declares one vitest test that holds for all drawn inputs ("always", "never"). The seed stands in
 * the test's name, hence in every report; fast-check prints it again with the counterexample.
 */
export function property<Ts extends [unknown, ...unknown[]]>(
  name: string,
  arbitraries: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> },
  predicate: (...inputs: Ts) => boolean | undefined | Promise<boolean | undefined>,
  parameters: fc.Parameters<Ts> = {},
): void {
  const chosen = seeded(parameters);
  test(`${name} [seed ${chosen.seed}]`, async () => {
    await fc.assert(
      fc.asyncProperty<Ts>(...arbitraries, async (...inputs) => await predicate(...inputs)),
      chosen,
    );
  });
}
