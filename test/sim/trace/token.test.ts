import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../machines/ports/event-log.ts';
import { decodeToken, encodeToken, isToken } from '../../../sim/trace/token.ts';
import { TraceProblem } from '../../../sim/trace/trace-problem.ts';
import { property } from '../../support/seed.ts';
import { recordStory } from './recorded.ts';

const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);
const tokens = fc.record({
  recipe: fc.record({
    kind: fc.string(),
    seed: fc.string(),
    build: fc.string(),
    options: fc.dictionary(fc.string({ minLength: 1 }), json, { noNullPrototype: true }),
  }),
  outcome: fc.option(fc.record({ events: fc.nat(), hash: fc.string() })),
});

describe('replay tokens', () => {
  property('round trip: one printable word that says all of it', [tokens], (token) => {
    const text = encodeToken(token);
    expect(text).toMatch(/^fn1\.[\w-]+$/);
    expect(isToken(text)).toBe(true);
    expect(decodeToken(text)).toEqual(token);
    return true;
  });

  property(
    'a sign that is changed, left out or put in is noticed',
    [tokens, fc.nat(), fc.constantFrom('change', 'drop', 'double', 'cut')],
    (token, drawn, how) => {
      const text = encodeToken(token);
      const place = 4 + (drawn % (text.length - 4));
      const sign = text[place] as string;
      const middle = { change: sign === 'A' ? 'B' : 'A', drop: '', double: sign + sign, cut: '' };
      const rest = how === 'cut' ? '' : text.slice(place + 1);
      const damaged = `${text.slice(0, place)}${middle[how]}${rest}`;
      expect(() => decodeToken(damaged)).toThrow(TraceProblem);
      return true;
    },
  );

  test('a scenario is small enough for a command line', async () => {
    const { header } = await recordStory('sp-restart');
    expect(encodeToken({ recipe: header, outcome: null }).length).toBeLessThan(1_500);
  });

  test.each([
    ['another format', 'fn2.AAAA', 'another format'],
    ['nothing after the prefix', 'fn1.', 'damaged'],
    ['no base64url', 'fn1.***', 'damaged'],
  ])('%s is refused in words', (_name, text, words) => {
    expect(() => decodeToken(text)).toThrow(words);
  });
});
