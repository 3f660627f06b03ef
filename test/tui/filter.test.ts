import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY_MS } from '../../machines/rules/time.ts';
import { matches, parseFilter } from '../../sim/tui/filter.ts';
import { property } from '../support/seed.ts';

const FIELDS = {
  session: 's12',
  tenant: 'acme',
  state: 'waiting for quota',
  left: DAY_MS - 1,
  bytes: 1_048_576,
  gen: null,
};
const TEXT = 's12 acme/vault-direct backup waiting for quota';

describe('one grammar for every filter', () => {
  test.each<[string, boolean]>([
    ['', true],
    ['acme', true],
    ['ACME quota', true],
    ['acme globex', false],
    ['-globex', true],
    ['-acme', false],
    ['"for quota"', true],
    ['"quota for"', false],
    ['"for quo', true],
    ['tenant:ac', true],
    ['tenant=ac', false],
    ['tenant=acme', true],
    ['-tenant=acme', false],
    ['state:"for quota"', true],
    ['left<24h', true],
    ['left<23h', false],
    ['left>=86399999ms', true],
    ['bytes>1MiB', false],
    ['bytes>=1MiB', true],
    ['bytes<=1MiB', true],
    ['bytes=1MiB', true],
    ['gen:1', false],
    ['gen<5', false],
    ['-gen<5', true],
    ['nofield:x', false],
    ['tenant<5', false],
    ['left<soon', false],
  ])('%j finds the row: %s', (filter, isFound) => {
    expect(matches(parseFilter(filter), FIELDS, TEXT)).toBe(isFound);
  });

  property(
    'whatever is typed means something, and a minus before one term turns it round',
    [fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[a-z]{1,8}$/)],
    (typed, word) => {
      expect(typeof matches(parseFilter(typed), FIELDS, TEXT)).toBe('boolean');
      const isFound = matches(parseFilter(word), FIELDS, TEXT);
      expect(matches(parseFilter(`-${word}`), FIELDS, TEXT)).toBe(!isFound);
      return true;
    },
  );
});
