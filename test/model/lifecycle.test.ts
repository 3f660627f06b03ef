import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SEED } from '../support/seed.ts';
import { checkLifecycle } from './lifecycle-run.ts';
import { EVERY_CONNECT, FOURTEEN_DAYS, SEVEN_DAYS, THIRTY_DAYS } from './lifecycle-settings.ts';

describe(`any life of a credential scope keeps the rules [seed ${SEED}]`, () => {
  test.each([
    ['C2: 14 d / 24 h', FOURTEEN_DAYS],
    ['C2, checkClock sp', { ...FOURTEEN_DAYS, checkClock: 'sp' as const }],
    ['C17: strictRenewal', { ...FOURTEEN_DAYS, strictRenewal: true }],
    ['C3: 30 d / 15 d', THIRTY_DAYS],
    ['C21: 7 d / 6 d', SEVEN_DAYS],
    ['C14: every connect renews', EVERY_CONNECT],
  ])('%s', (_name, settings) => {
    const result = checkLifecycle(settings, { numRuns: 600 });
    expect(result.failed ? fc.defaultReportMessage(result) : 'all hold').toBe('all hold');
  });
});
