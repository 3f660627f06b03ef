import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  availableBytes,
  freeQuota,
  grantQuota,
  type QuotaLedger,
  reservedBytes,
  returnGrant,
  spendQuota,
} from '../../machines/rules/quota.ts';
import { property } from '../support/seed.ts';

const SESSIONS = ['s1', 's2', 's3'] as const;
const session = fc.constantFrom(...SESSIONS);
const step = fc.oneof(
  fc.record({ do: fc.constant('grant' as const), session, bytes: fc.nat(400), chunk: fc.nat(400) }),
  fc.record({ do: fc.constant('spend' as const), session, share: fc.nat(100) }),
  fc.record({ do: fc.constant('return' as const), session }),
  fc.record({ do: fc.constant('free' as const), share: fc.nat(100) }),
  fc.record({ do: fc.constant('quota' as const), bytes: fc.nat(2_000) }),
  // F35: the ledger is stored as JSON and read again.
  fc.record({ do: fc.constant('crash' as const) }),
);

property(
  'Q2, I51, I56, I58: no drawn use of a ledger overdraws it or returns a byte twice',
  [fc.array(step, { maxLength: 60 })],
  (steps) => {
    let ledger: QuotaLedger = { quotaBytes: 1_000, usedBytes: 0, reserved: {} };
    /** What each session was granted and has neither spent nor returned, counted apart. */
    const held = new Map<string, number>();
    let wasLowered = false;
    for (const one of steps) {
      if (one.do === 'grant') {
        const before = availableBytes(ledger);
        const result = grantQuota(ledger, one.session, one.bytes, one.chunk);
        expect(result.ok).toBe(one.bytes <= before);
        if (!result.ok) continue;
        // I56: also under a lowered quota nothing above it is granted.
        expect(result.grantedBytes).toBeLessThanOrEqual(before);
        expect(result.grantedBytes).toBeGreaterThanOrEqual(one.bytes);
        held.set(one.session, (held.get(one.session) ?? 0) + result.grantedBytes);
        ledger = result.ledger;
      } else if (one.do === 'spend') {
        const bytes = Math.floor(((held.get(one.session) ?? 0) * one.share) / 100);
        ledger = spendQuota(ledger, one.session, bytes);
        held.set(one.session, (held.get(one.session) ?? 0) - bytes);
      } else if (one.do === 'return') {
        const first = returnGrant(ledger, one.session);
        expect(first.returnedBytes).toBe(held.get(one.session) ?? 0);
        const second = returnGrant(first.ledger, one.session);
        expect(second).toEqual({ ledger: first.ledger, returnedBytes: 0 });
        held.delete(one.session);
        ledger = first.ledger;
      } else if (one.do === 'free') {
        ledger = freeQuota(ledger, Math.floor((ledger.usedBytes * one.share) / 100));
      } else if (one.do === 'quota') {
        wasLowered ||= one.bytes < ledger.quotaBytes;
        ledger = { ...ledger, quotaBytes: one.bytes };
      } else {
        ledger = JSON.parse(JSON.stringify(ledger)) as QuotaLedger;
      }
      const total = ledger.usedBytes + reservedBytes(ledger);
      expect(reservedBytes(ledger)).toBe([...held.values()].reduce((sum, bytes) => sum + bytes, 0));
      if (!wasLowered) expect(total).toBeLessThanOrEqual(ledger.quotaBytes);
    }
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
