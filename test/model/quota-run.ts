import fc from 'fast-check';
import { expect } from 'vitest';
import {
  availableBytes,
  freeQuota,
  grantQuota,
  type QuotaLedger,
  reservedBytes,
  returnGrant,
  spendQuota,
} from '../../machines/rules/quota.ts';

const SESSIONS = ['s1', 's2', 's3'] as const;
const session = fc.constantFrom(...SESSIONS);
export const quotaStep = fc.oneof(
  fc.record({ do: fc.constant('grant' as const), session, bytes: fc.nat(400), chunk: fc.nat(400) }),
  fc.record({ do: fc.constant('spend' as const), session, share: fc.nat(100) }),
  fc.record({ do: fc.constant('return' as const), session }),
  fc.record({ do: fc.constant('free' as const), share: fc.nat(100) }),
  fc.record({ do: fc.constant('quota' as const), bytes: fc.nat(2_000) }),
  // F35: the ledger is stored as JSON and read again.
  fc.record({ do: fc.constant('crash' as const) }),
);

export type QuotaStep = typeof quotaStep extends fc.Arbitrary<infer Step> ? Step : never;

/** The operations on a ledger; a mutant replaces one of them. */
export const QUOTA_RULES = { grantQuota, returnGrant, spendQuota };

/** One drawn use of a ledger; throws when it is overdrawn or a byte is returned twice. */
export function runQuota(steps: readonly QuotaStep[], rules = QUOTA_RULES): void {
  let ledger: QuotaLedger = { quotaBytes: 1_000, usedBytes: 0, reserved: {} };
  /** What each session was granted and has neither spent nor returned, counted apart. */
  const held = new Map<string, number>();
  let wasLowered = false;
  for (const one of steps) {
    if (one.do === 'grant') {
      const before = availableBytes(ledger);
      const result = rules.grantQuota(ledger, one.session, one.bytes, one.chunk);
      expect(result.ok).toBe(one.bytes <= before);
      if (!result.ok) continue;
      // I56: also under a lowered quota nothing above it is granted.
      expect(result.grantedBytes).toBeLessThanOrEqual(before);
      expect(result.grantedBytes).toBeGreaterThanOrEqual(one.bytes);
      held.set(one.session, (held.get(one.session) ?? 0) + result.grantedBytes);
      ledger = result.ledger;
    } else if (one.do === 'spend') {
      const bytes = Math.floor(((held.get(one.session) ?? 0) * one.share) / 100);
      ledger = rules.spendQuota(ledger, one.session, bytes);
      held.set(one.session, (held.get(one.session) ?? 0) - bytes);
    } else if (one.do === 'return') {
      const first = rules.returnGrant(ledger, one.session);
      expect(first.returnedBytes).toBe(held.get(one.session) ?? 0);
      const second = rules.returnGrant(first.ledger, one.session);
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
}
