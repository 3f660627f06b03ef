import type { EpochMs } from './time.ts';

export interface RenewalCheck {
  readonly decision: 'keep' | 'renew';
  /** Remaining life at the check, in ms; negative once expired. */
  readonly leftMs: number;
  readonly because: 'absent' | 'expired' | 'belowLine' | 'aboveLine';
}

export interface RenewalLine {
  readonly renewBelowMs: number;
  readonly includesLine: boolean;
}

/** C10: `now >= expiresAt` is expired. */
export function isExpired(expiresAt: EpochMs, now: EpochMs): boolean {
  return now >= expiresAt;
}

/**
 * C2, C3, C10, C21: renew when nothing is held, when it is expired, or when less than the line is
 * left ("less than" is strict; `includesLine` makes it "or equal" for C21).
 */
export function checkRenewal(
  expiresAt: EpochMs | null,
  now: EpochMs,
  line: RenewalLine,
): RenewalCheck {
  if (expiresAt === null) return { decision: 'renew', leftMs: 0, because: 'absent' };
  const leftMs = expiresAt - now;
  if (isExpired(expiresAt, now)) return { decision: 'renew', leftMs, because: 'expired' };
  const isBelow = line.includesLine ? leftMs <= line.renewBelowMs : leftMs < line.renewBelowMs;
  return isBelow
    ? { decision: 'renew', leftMs, because: 'belowLine' }
    : { decision: 'keep', leftMs, because: 'aboveLine' };
}

/** The first instant at which `checkRenewal` says renew for a credential that ends at `expiresAt`. */
export function renewalDueAt(expiresAt: EpochMs, line: RenewalLine): EpochMs {
  return expiresAt - line.renewBelowMs + (line.includesLine ? 0 : 1);
}
