import type { TenantCredential } from './route.ts';
import type { StorageKind } from './settings.ts';
import { DAY_MS, HOUR_MS } from './time.ts';

/** When a credential is renewed: below the line, or (C21 only) at it and below it. */
export interface RenewalRule {
  readonly rule: 'C1' | 'C3' | 'C18' | 'C21';
  /** How long the protocol wants a new credential to live, in ms. */
  readonly lifetimeMs: number;
  /** The renewal line: remaining life in ms. */
  readonly renewBelowMs: number;
  /** C10: strict everywhere; C21 alone says "6 days or less". */
  readonly includesLine: boolean;
  /** I27: who checks, and at which moment. */
  readonly checkedAt: 'connect' | 'request';
}

/** C4: what the SP may override; SAS only. */
export interface SasOverride {
  readonly lifetimeMs: number;
  readonly renewBelowMs: number;
}

const FOURTEEN_DAYS = {
  lifetimeMs: 14 * DAY_MS,
  renewBelowMs: 24 * HOUR_MS,
  includesLine: false,
  checkedAt: 'connect',
} as const;

/** C1–C4, C18, C21. `null` where the tenant holds nothing that expires. */
export function renewalRule(
  storage: StorageKind,
  credential: TenantCredential,
  options: { readonly sasOverride?: SasOverride | null; readonly entraId?: boolean } = {},
): RenewalRule | null {
  switch (credential) {
    case 'none':
    case 'shared':
      return null;
    case 'limited':
      return { rule: storage === 's3-compatible' ? 'C18' : 'C1', ...FOURTEEN_DAYS };
    case 'sas': {
      if (options.entraId === true) {
        return {
          rule: 'C21',
          lifetimeMs: 7 * DAY_MS,
          renewBelowMs: 6 * DAY_MS,
          includesLine: true,
          checkedAt: 'request',
        };
      }
      const limits = options.sasOverride ?? { lifetimeMs: 30 * DAY_MS, renewBelowMs: 15 * DAY_MS };
      return { rule: 'C3', ...limits, includesLine: false, checkedAt: 'request' };
    }
    default:
      return credential satisfies never;
  }
}

/** I29: an override must satisfy 0 < threshold < validity, else the old values stay. */
export function sasOverrideProblem(override: SasOverride): string | null {
  if (!Number.isSafeInteger(override.lifetimeMs) || !Number.isSafeInteger(override.renewBelowMs)) {
    return 'validity and threshold must be whole milliseconds';
  }
  if (override.renewBelowMs <= 0) return 'the threshold must be longer than zero';
  if (override.renewBelowMs >= override.lifetimeMs) {
    return 'the threshold must be shorter than the validity';
  }
  return null;
}

/** C14: what is really issued, and the line that is really used. */
export interface EffectiveLifetime {
  readonly effectiveLifetimeMs: number;
  readonly isCapped: boolean;
  readonly renewBelowMs: number;
  /** threshold >= lifetime: a fresh credential is already below the line. */
  readonly everyConnectRenews: boolean;
}

/**
 * C14: effective lifetime = min(protocol lifetime, the issuer's maximum). The line stays as the
 * rule says unless `adaptThreshold` lets `renewalFloorMs` (default: half the lifetime) cap it.
 */
export function effectiveLifetime(
  rule: RenewalRule,
  issuerMaximumMs: number,
  options: { readonly adaptThreshold?: boolean; readonly renewalFloorMs?: number | null } = {},
): EffectiveLifetime {
  const effectiveLifetimeMs = Math.min(rule.lifetimeMs, issuerMaximumMs);
  const floorMs = options.renewalFloorMs ?? Math.floor(effectiveLifetimeMs / 2);
  const isAdapted = options.adaptThreshold === true && rule.renewBelowMs >= effectiveLifetimeMs;
  const renewBelowMs = isAdapted ? Math.min(rule.renewBelowMs, floorMs) : rule.renewBelowMs;
  return {
    effectiveLifetimeMs,
    isCapped: effectiveLifetimeMs < rule.lifetimeMs,
    renewBelowMs,
    everyConnectRenews: renewBelowMs >= effectiveLifetimeMs,
  };
}
