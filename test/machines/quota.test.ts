import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freeQuota, grantQuota, type QuotaLedger, spendQuota } from '../../machines/rules/quota.ts';
import { quotaStep, runQuota } from '../model/quota-run.ts';
import { property } from '../support/seed.ts';

property(
  'Q2, I51, I56, I58: no drawn use of a ledger overdraws it or returns a byte twice',
  [fc.array(quotaStep, { maxLength: 60 })],
  (steps) => {
    runQuota(steps);
    return true;
  },
  { numRuns: 300 },
);

test('Q2: nobody spends what was not granted, or frees what is not used', () => {
  const ledger: QuotaLedger = { quotaBytes: 10, usedBytes: 4, reserved: { s1: 3 } };
  expect(() => spendQuota(ledger, 's1', 4)).toThrow('spends 4 of 3');
  expect(() => spendQuota(ledger, 's2', 1)).toThrow('spends 1 of 0');
  expect(() => freeQuota(ledger, 5)).toThrow('5 bytes freed of 4');
});

test('Q2: grants are chunks, the last one is what is left, then one byte is refused', () => {
  const ledger: QuotaLedger = { quotaBytes: 10, usedBytes: 4, reserved: { s1: 3 } };
  const granted = grantQuota(ledger, 's2', 1, 8);
  expect(granted).toMatchObject({ ok: true, grantedBytes: 3 });
  if (!granted.ok) return;
  expect(grantQuota(granted.ledger, 's1', 1, 8)).toEqual({ ok: false, availableBytes: 0 });
});
