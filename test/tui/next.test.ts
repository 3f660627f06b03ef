import { describe, expect, test } from 'vitest';
import { checkRenewal } from '../../machines/rules/renewal.ts';
import { DAY_MS, HOUR_MS } from '../../machines/rules/time.ts';
import { nextWords, standingWords, upcoming, warpStops } from '../../sim/tui/model/next.ts';
import type { CredentialView } from '../../sim/tui/model/types.ts';
import { lifeBar } from '../../sim/tui/screen/life-bar.ts';
import { textOf } from '../../sim/tui/screen/lines.ts';
import { ASCII_SIGNS } from '../../sim/tui/theme.ts';
import { START_AT } from './recorded-run.ts';

const EXPIRES_AT = START_AT + 14 * DAY_MS;
const LINE_AT = EXPIRES_AT - DAY_MS;
const line = { renewBelowMs: DAY_MS, includesLine: false };
const credential: CredentialView = {
  scope: 'acme/vault-direct',
  line,
  lastCheck: null,
  isSas: false,
  generations: [
    {
      generation: 1,
      issuedAt: START_AT,
      expiresAt: EXPIRES_AT,
      issuer: 'sts',
      state: 'saved',
    },
  ],
};

describe('the named stops of the warp menu', () => {
  const stops = warpStops(credential, START_AT);
  test.each([
    ['renewal line -1 ms', LINE_AT - 1, 'keep'],
    ['renewal line =', LINE_AT, 'keep'],
    ['renewal line +1 ms', LINE_AT + 1, 'renew'],
    ['expiry -1 ms', EXPIRES_AT - 1, 'renew'],
    ['expiry =', EXPIRES_AT, 'renew'],
    ['expiry +1 ms', EXPIRES_AT + 1, 'renew'],
  ])('C10: %s is where the rule decides as the menu says', (label, at, decision) => {
    const stop = stops.find((one) => one.label === label);
    expect(stop?.at).toBe(at);
    expect(checkRenewal(EXPIRES_AT, at, line).decision).toBe(decision);
    if (label.startsWith('renewal')) {
      expect(stop?.hint).toContain(decision === 'keep' ? 'kept' : 'renewed');
    }
  });

  test('C21: at a line that is included the menu says renewed', () => {
    const included = { ...credential, line: { ...line, includesLine: true } };
    expect(warpStops(included, START_AT)[1]?.hint).toContain('renewed');
  });

  test('a stop that is past, or not known, cannot be chosen; durations always can', () => {
    const ats = (now: number) => warpStops(credential, now).map((stop) => stop.at);
    expect(ats(LINE_AT).slice(0, 3)).toEqual([null, null, LINE_AT + 1]);
    const none = warpStops(null, START_AT).map((stop) => stop.at);
    expect(none.slice(0, 6)).toEqual([null, null, null, null, null, null]);
    expect(none.slice(6)).toEqual([1, HOUR_MS, DAY_MS, 30 * DAY_MS].map((byMs) => START_AT + byMs));
  });

  test('C3: the line of a SAS is its reissue line', () => {
    const labels = warpStops({ ...credential, isSas: true }, START_AT).map(({ label }) => label);
    expect(labels.slice(0, 3)).toEqual([
      'reissue line -1 ms',
      'reissue line =',
      'reissue line +1 ms',
    ]);
  });
});

describe('what comes next', () => {
  test.each([
    ['before the line', START_AT, 'comes below its renewal line in 13d 00h'],
    ['at the line', LINE_AT, 'comes below its renewal line in 1ms'],
    ['below the line', LINE_AT + 1, 'ends in 23h 59m'],
    ['after the end', EXPIRES_AT, 'nothing is due'],
  ])('%s', (_, now, text) => {
    expect(nextWords([credential], now)).toContain(text);
  });

  test.each([
    [LINE_AT, 'kept at a connect'],
    [LINE_AT + 1, 'below the line: the next connect renews'],
    [EXPIRES_AT, 'expired: the next connect renews'],
  ])('C10: what a connect at %i finds', (now, text) => {
    expect(standingWords(credential, now)).toBe(text);
  });

  test('C13: the end of an older generation is due too, a revoked one is not', () => {
    const [first] = credential.generations;
    if (first === undefined) throw new Error('no generation');
    const second = { ...first, generation: 2, expiresAt: EXPIRES_AT + DAY_MS };
    const due = (state: 'saved' | 'revoked') =>
      upcoming([{ ...credential, generations: [{ ...first, state }, second] }], LINE_AT)
        .filter(({ generation }) => generation === 1)
        .map(({ at }) => at);
    expect(due('saved')).toEqual([EXPIRES_AT]);
    expect(due('revoked')).toEqual([]);
  });
});

describe('the life bar', () => {
  const bar = (now: number): string => {
    const [generation] = credential.generations;
    if (generation === undefined) throw new Error('no generation');
    return textOf(lifeBar(generation, line, now, 14, ASCII_SIGNS));
  };
  test.each([
    ['at the issue', START_AT, 'o------------|'],
    ['in the middle', START_AT + 7 * DAY_MS, '=======o-----|'],
    ['below the line', LINE_AT + 1, '=============o'],
    ['at the expiry', EXPIRES_AT, '=============x'],
  ])('%s', (_, now, text) => {
    expect(bar(now)).toBe(text);
  });
});
