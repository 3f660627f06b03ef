import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPrng } from '../../../sim/kernel/index.ts';
import { property } from '../../support/seed.ts';

describe('prng', () => {
  test('I76: known answers, the same on Node and on Bun', () => {
    const prng = createPrng('e3b0c442');
    expect([prng.uint32(), prng.uint32(), prng.uint32()]).toMatchInlineSnapshot(`
      [
        3501404653,
        1310899356,
        2958391865,
      ]
    `);
    expect(prng.integer(1, 1_000_000)).toMatchInlineSnapshot(`809832`);
    expect(prng.integer(0, Number.MAX_SAFE_INTEGER - 1)).toMatchInlineSnapshot(`7902332762205860`);
    expect(prng.fraction()).toMatchInlineSnapshot(`0.6054179780739165`);
    expect(Buffer.from(prng.bytes(7)).toString('hex')).toMatchInlineSnapshot(`"a71166f77367d7"`);
    expect(prng.shuffle([1, 2, 3, 4, 5])).toMatchInlineSnapshot(`
      [
        3,
        5,
        2,
        4,
        1,
      ]
    `);
    expect(prng.stream('network').uint32()).toMatchInlineSnapshot(`571668984`);
  });

  test('a number and its text are the same seed; near seeds are unrelated', () => {
    expect(createPrng(42).uint32()).toBe(createPrng('42').uint32());
    expect(createPrng(42).uint32()).not.toBe(createPrng(43).uint32());
  });

  test('a stream does not depend on what was drawn before, nor shifts what is drawn after', () => {
    const first = createPrng(1);
    const second = createPrng(1);
    for (let draw = 0; draw < 10; draw += 1) first.uint32();
    const network = first.stream('network');
    expect(network.uint32()).toBe(second.stream('network').uint32());
    for (let draw = 0; draw < 10; draw += 1) second.uint32();
    expect(first.uint32()).toBe(second.uint32());
  });

  test('streams of different names and depths differ', () => {
    const prng = createPrng(1);
    const draws = [
      prng.stream('a').stream('b'),
      prng.stream('b').stream('a'),
      prng.stream('a/1:b'),
      prng.stream('a'),
      prng.stream('b'),
      prng,
    ].map((stream) => stream.uint32());
    expect(new Set(draws).size).toBe(draws.length);
  });

  test('whole numbers are spread evenly (chi-squared over 10 values, 100,000 draws)', () => {
    const prng = createPrng('spread');
    const counts = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 100_000; draw += 1) {
      const value = prng.integer(0, 9);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquared).toBeLessThan(27.9);
  });

  test('chance is exact at both ends', () => {
    const prng = createPrng(7);
    for (let draw = 0; draw < 100; draw += 1) {
      expect(prng.chance(0, 3)).toBe(false);
      expect(prng.chance(3, 3)).toBe(true);
    }
  });

  test('refuses what has no answer', () => {
    const prng = createPrng(1);
    expect(() => prng.integer(2, 1)).toThrow(RangeError);
    expect(() => prng.integer(0.5, 1)).toThrow(RangeError);
    expect(() => prng.integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toThrow(
      RangeError,
    );
    expect(() => prng.pick([])).toThrow(RangeError);
    expect(() => prng.chance(0, 0)).toThrow(RangeError);
    expect(() => createPrng('')).toThrow(RangeError);
    expect(() => createPrng(0.5)).toThrow(RangeError);
  });

  property(
    'draws stay in their range and a shuffle loses nothing',
    [fc.string({ minLength: 1 }), fc.maxSafeInteger(), fc.nat(), fc.array(fc.integer())],
    (seed, minimum, width, items) => {
      const prng = createPrng(seed);
      const maximum = Math.min(minimum + width, Number.MAX_SAFE_INTEGER);
      for (let draw = 0; draw < 20; draw += 1) {
        const value = prng.integer(minimum, maximum);
        expect(value >= minimum && value <= maximum && Number.isSafeInteger(value)).toBe(true);
        const fraction = prng.fraction();
        expect(fraction >= 0 && fraction < 1).toBe(true);
      }
      const byValue = (left: number, right: number) => left - right;
      expect(prng.shuffle(items).sort(byValue)).toEqual([...items].sort(byValue));
      return true;
    },
  );
});
