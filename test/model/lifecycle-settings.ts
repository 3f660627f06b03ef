import type { LifecycleSettings } from '../../machines/credential-lifecycle/index.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../machines/rules/time.ts';

const COMMON = {
  scopeId: 'acme/vault-direct',
  includesLine: false,
  checkClock: 'tenant',
  strictRenewal: false,
  generationsMax: 2,
  issueTimeoutMs: MINUTE_MS,
  issueAttemptsMax: 3,
  retryFirstMs: 1_000,
  retryCapMs: 10 * MINUTE_MS,
  revokeAttemptsMax: 3,
} as const;

/** C1, C2, C18. */
export const FOURTEEN_DAYS: LifecycleSettings = {
  ...COMMON,
  lifetimeMs: 14 * DAY_MS,
  renewBelowMs: 24 * HOUR_MS,
  checkedAt: 'connect',
};

/** C3. */
export const THIRTY_DAYS: LifecycleSettings = {
  ...COMMON,
  lifetimeMs: 30 * DAY_MS,
  renewBelowMs: 15 * DAY_MS,
  checkedAt: 'request',
};

/** C21: six days or less of seven; ceil(7 / (7 - 6)) = 7 may be alive (I33). */
export const SEVEN_DAYS: LifecycleSettings = {
  ...COMMON,
  lifetimeMs: 7 * DAY_MS,
  renewBelowMs: 6 * DAY_MS,
  includesLine: true,
  checkedAt: 'request',
  generationsMax: 7,
};

/** C14: AWS gives 12 h only, so every connect renews and no bound on generations follows. */
export const EVERY_CONNECT: LifecycleSettings = {
  ...COMMON,
  lifetimeMs: 12 * HOUR_MS,
  renewBelowMs: 24 * HOUR_MS,
  checkedAt: 'connect',
  generationsMax: null,
};
