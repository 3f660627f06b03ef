import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../machines/rules/duration.ts';
import { issuerMaximumMs } from '../../machines/rules/issuers.ts';
import { clientPrefix, nameProblem } from '../../machines/rules/layout.ts';
import {
  effectiveLifetime,
  type RenewalRule,
  renewalRule,
  sasOverrideProblem,
} from '../../machines/rules/lifetimes.ts';
import { checkRenewal, isExpired, renewalDueAt } from '../../machines/rules/renewal.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../machines/rules/time.ts';
import { START } from '../model/start.ts';
import { property } from '../support/seed.ts';

function ruleOf(...input: Parameters<typeof renewalRule>): RenewalRule {
  const rule = renewalRule(...input);
  if (rule === null) throw new Error('no renewal rule');
  return rule;
}

const C1 = ruleOf('aws', 'limited');
const C18 = ruleOf('s3-compatible', 'limited');
const C3 = ruleOf('azure', 'sas');
const C21 = ruleOf('azure', 'sas', { entraId: true });
const C4 = ruleOf('azure', 'sas', {
  sasOverride: { lifetimeMs: 10 * DAY_MS, renewBelowMs: 2 * DAY_MS },
});

describe('which rule applies', () => {
  test('C1, C3, C4, C18, C21: lifetimes and lines', () => {
    const rows = [C1, C18, C3, C21, C4].map(
      ({ rule, lifetimeMs, renewBelowMs, includesLine, checkedAt }) =>
        [rule, lifetimeMs / DAY_MS, renewBelowMs / HOUR_MS, includesLine, checkedAt].join(' '),
    );
    expect(rows).toEqual([
      'C1 14 24 false connect',
      'C18 14 24 false connect',
      'C3 30 360 false request',
      'C21 7 144 true request',
      'C3 10 48 false request',
    ]);
  });

  test('I2, I43: nothing is renewed where the tenant holds nothing, or the shared credential', () => {
    expect(renewalRule('s3-compatible', 'none')).toBeNull();
    expect(renewalRule('s3-compatible', 'shared')).toBeNull();
  });

  test('I28: an override touches SAS only', () => {
    const sasOverride = { lifetimeMs: DAY_MS, renewBelowMs: HOUR_MS };
    expect(renewalRule('aws', 'limited', { sasOverride })).toEqual(C1);
  });
});

describe('three points at every line', () => {
  const expiresAt = START + 40 * DAY_MS;

  test.each<[string, RenewalRule, number, 'keep' | 'renew']>([
    ['C2, I23: 24 h + 1 ms left', C1, 24 * HOUR_MS + 1, 'keep'],
    ['C2, C10, I21: exactly 24 h left', C1, 24 * HOUR_MS, 'keep'],
    ['C2, I22: 24 h - 1 ms left', C1, 24 * HOUR_MS - 1, 'renew'],
    ['C18: exactly 24 h left', C18, 24 * HOUR_MS, 'keep'],
    ['C18: 24 h - 1 ms left', C18, 24 * HOUR_MS - 1, 'renew'],
    ['C3, I24: 15 d + 1 ms left', C3, 15 * DAY_MS + 1, 'keep'],
    ['C3, I24: exactly 15 d left', C3, 15 * DAY_MS, 'keep'],
    ['C3, I24: 15 d - 1 ms left', C3, 15 * DAY_MS - 1, 'renew'],
    ['C21: 6 d + 1 ms left', C21, 6 * DAY_MS + 1, 'keep'],
    ['C21: exactly 6 d left', C21, 6 * DAY_MS, 'renew'],
    ['C21: 6 d - 1 ms left', C21, 6 * DAY_MS - 1, 'renew'],
    ['C4: exactly the overridden threshold left', C4, 2 * DAY_MS, 'keep'],
    ['C4: 1 ms below the overridden threshold', C4, 2 * DAY_MS - 1, 'renew'],
    ['C10: 1 ms before the end', C1, 1, 'renew'],
    ['C10: at the end', C1, 0, 'renew'],
    ['C10: 1 ms after the end', C1, -1, 'renew'],
  ])('%s', (_name, rule, leftMs, decision) => {
    expect(checkRenewal(expiresAt, expiresAt - leftMs, rule)).toMatchObject({ decision, leftMs });
  });

  test.each([
    [-1, false],
    [0, true],
    [1, true],
  ])('C10: %d ms after the end, expired is %s', (offsetMs, expected) => {
    expect(isExpired(expiresAt, expiresAt + offsetMs)).toBe(expected);
    const { because } = checkRenewal(expiresAt, expiresAt + offsetMs, C1);
    expect(because === 'expired').toBe(expected);
  });

  test('nothing held is renewed', () => {
    expect(checkRenewal(null, START, C1)).toMatchObject({ decision: 'renew', because: 'absent' });
  });

  property(
    'C2, C21: the wake-up of the line is the first instant that says renew',
    [fc.integer({ min: 1, max: 40 * DAY_MS }), fc.boolean()],
    (renewBelowMs, includesLine) => {
      const line = { renewBelowMs, includesLine };
      const dueAt = renewalDueAt(expiresAt, line);
      expect(checkRenewal(expiresAt, dueAt, line).decision).toBe('renew');
      expect(checkRenewal(expiresAt, dueAt - 1, line).decision).toBe('keep');
      return true;
    },
  );
});

describe('C14: what is really issued', () => {
  test('AWS: 12 h instead of 14 d, every connect renews, unless the line may adapt', () => {
    expect(effectiveLifetime(C1, issuerMaximumMs('aws', 'assume-role', null))).toEqual({
      effectiveLifetimeMs: 12 * HOUR_MS,
      isCapped: true,
      renewBelowMs: 24 * HOUR_MS,
      everyConnectRenews: true,
    });
    expect(
      effectiveLifetime(C1, issuerMaximumMs('aws', 'assume-role', null), { adaptThreshold: true }),
    ).toMatchObject({
      renewBelowMs: 6 * HOUR_MS,
      everyConnectRenews: false,
    });
    const renewalFloorMs = HOUR_MS;
    expect(
      effectiveLifetime(C1, issuerMaximumMs('aws', 'assume-role', null), {
        adaptThreshold: true,
        renewalFloorMs,
      }),
    ).toMatchObject({ renewBelowMs: HOUR_MS });
  });

  test('S3-compatible: the whole 14 d, the line as the rule says, also when it may adapt', () => {
    const maximumMs = issuerMaximumMs('s3-compatible', 'assume-role', null);
    expect(effectiveLifetime(C18, maximumMs, { adaptThreshold: true })).toEqual({
      effectiveLifetimeMs: 14 * DAY_MS,
      isCapped: false,
      renewBelowMs: 24 * HOUR_MS,
      everyConnectRenews: false,
    });
  });

  property(
    'C14: never longer than either limit, and flagged exactly when every connect renews',
    [fc.integer({ min: 1, max: 40 * DAY_MS }), fc.boolean()],
    (maximumMs, adaptThreshold) => {
      for (const rule of [C1, C3, C21]) {
        const result = effectiveLifetime(rule, maximumMs, { adaptThreshold });
        expect(result.effectiveLifetimeMs).toBe(Math.min(rule.lifetimeMs, maximumMs));
        expect(result.isCapped).toBe(maximumMs < rule.lifetimeMs);
        expect(result.everyConnectRenews).toBe(result.renewBelowMs >= result.effectiveLifetimeMs);
        if (adaptThreshold && maximumMs > 1) expect(result.everyConnectRenews).toBe(false);
        if (!adaptThreshold) expect(result.renewBelowMs).toBe(rule.renewBelowMs);
      }
      return true;
    },
  );
});

describe('I29: an override of the SAS limits', () => {
  test.each([
    ['a threshold just below the validity', 2, 1, true],
    ['a threshold equal to the validity', 2, 2, false],
    ['a threshold above the validity', 2, 3, false],
    ['a threshold of zero', 2, 0, false],
    ['a negative threshold', 2, -1, false],
    ['a validity of zero', 0, 0, false],
    ['half a millisecond', 2, 0.5, false],
    ['no number', Number.NaN, 1, false],
    ['an endless validity', Number.POSITIVE_INFINITY, 1, false],
  ])('%s', (_name, lifetimeMs, renewBelowMs, isAllowed) => {
    expect(sasOverrideProblem({ lifetimeMs, renewBelowMs }) === null).toBe(isAllowed);
  });
});

describe('durations', () => {
  property('what is formatted is read back', [fc.nat(Number.MAX_SAFE_INTEGER)], (ms) => {
    expect(parseDuration(formatDuration(ms))).toEqual({ ok: true, ms });
    return true;
  });

  property('a negative one is the positive one with a minus', [fc.integer({ min: 1 })], (ms) => {
    expect(formatDuration(-ms)).toBe(`-${formatDuration(ms)}`);
    return true;
  });

  test.each([
    ['13d1h', 13 * DAY_MS + HOUR_MS],
    [' 1d 2h 3m 4s 5ms ', DAY_MS + 2 * HOUR_MS + 3 * MINUTE_MS + 4_005],
    ['2w', 14 * DAY_MS],
    ['0ms', 0],
  ])('%j is %d ms', (text, ms) => {
    expect(parseDuration(text)).toEqual({ ok: true, ms });
  });

  test.each([
    ['', 'missing'],
    ['13', 'no unit'],
    ['1.5', 'no unit'],
    ['1.5h', 'not a duration'],
    ['-1h', 'not a duration'],
    ['1h1d', 'must fall'],
    ['1h1h', 'must fall'],
    ['1y', 'not a unit'],
    ['99999999999999w', 'too long'],
    ['soon', 'not a duration'],
  ])('%j is refused: %s', (text, why) => {
    const result = parseDuration(text);
    expect(result.ok ? 'accepted' : result.problem).toContain(why);
  });
});

describe('§6: names that come from people', () => {
  test.each(['T1', 'acme', 'a.b-c_d', 'Backup of Monday', 'x'.repeat(80)])('%j is safe', (name) => {
    expect(nameProblem('tenant', name)).toBeNull();
  });

  test.each([
    '',
    '*',
    'a*',
    'a?',
    '$a',
    'a$',
    "a'b",
    'a"b',
    'a\\b',
    '..',
    'a..b',
    'a/b',
    '//',
    'a\nb',
    'a\u0000b',
    'a@b',
    '.a',
    'a.',
    ' a',
    'a ',
    'é',
    'e\u0301',
    'x'.repeat(81),
    '%2e',
  ])('%j is refused', (name) => {
    expect(nameProblem('tenant', name)).not.toBeNull();
  });

  property(
    'I44: no folder of a tenant covers the folder of another (T1, T10)',
    [fc.stringMatching(/^[a-zA-Z0-9]{1,6}$/), fc.stringMatching(/^[a-zA-Z0-9]{1,6}$/)],
    (left, right) => {
      const folder = (tenant: string): string =>
        clientPrefix({ repository: 'vault', tenant, subtenant: null });
      expect(folder(left).startsWith(folder(right))).toBe(left === right);
      return true;
    },
  );
});
