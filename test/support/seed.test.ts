import { describe, expect, test } from 'vitest';
import { readSeed } from './seed.ts';

describe('seed of the property tests', () => {
  test('is fixed unless another is named', () => {
    expect(readSeed({})).toBe(readSeed({ CI: 'true' }));
    expect(readSeed({ FORTNIGHT_SEED: '-7' })).toBe(-7);
  });

  test('may be drawn at a desk, never in CI', () => {
    expect(Number.isSafeInteger(readSeed({ FORTNIGHT_SEED: 'random' }))).toBe(true);
    expect(() => readSeed({ FORTNIGHT_SEED: 'random', CI: '1' })).toThrow('in CI');
  });

  test.each(['1.5', 'abc', '4294967296', '1e3', ' '])('refuses %j', (text) => {
    expect(() => readSeed({ FORTNIGHT_SEED: text })).toThrow('32-bit integer');
  });
});
