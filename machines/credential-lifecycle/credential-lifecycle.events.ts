import type { ErrorCode } from '../rules/errors.ts';
import type { RenewalCheck, RenewalLine } from '../rules/renewal.ts';
import type { EpochMs } from '../rules/time.ts';

/** Which moment of the protocol asked (C2, C3, C15, C20). */
export type CheckTrigger = 'connect' | 'request' | 'heartbeat' | 'forced';

/** One generation of the scope as the machine knows it: a handle, never the secret. */
export interface GenerationHandle {
  readonly generation: number;
  readonly issuedAt: EpochMs;
  readonly expiresAt: EpochMs;
}

export interface LifecycleSettings extends RenewalLine {
  readonly scopeId: string;
  /** C14: already capped by the issuer. */
  readonly lifetimeMs: number;
  /** I27. */
  readonly checkedAt: 'connect' | 'request';
  /** C11. */
  readonly checkClock: 'tenant' | 'sp';
  /** C17. */
  readonly strictRenewal: boolean;
  /** C13, I33: `null` where every connect renews (C14) and no bound follows. */
  readonly generationsMax: number | null;
  readonly issueTimeoutMs: number;
  readonly issueAttemptsMax: number;
  readonly retryFirstMs: number;
  readonly retryCapMs: number;
  readonly revokeAttemptsMax: number;
}

export interface LifecycleInput {
  readonly settings: LifecycleSettings;
  /** From the configuration database: what was saved before this SP process began (L7). */
  readonly current: GenerationHandle | null;
  readonly older: readonly GenerationHandle[];
  /** The highest generation number ever journalled, 0 for none. */
  readonly lastGeneration: number;
}

export type LifecycleEvent =
  | {
      readonly type: 'credential.requested';
      readonly at: EpochMs;
      readonly requestId: string;
      readonly trigger: CheckTrigger;
      /** C11: what the tenant's own check said; the SP ignores it when `checkClock` is `sp`. */
      readonly renew: boolean;
      /** The generation that the tenant's check was about; 0 when it was told of none. */
      readonly heldGeneration: number;
    }
  | { readonly type: 'intent.saved'; readonly at: EpochMs; readonly generation: number }
  | {
      readonly type: 'intent.failed';
      readonly at: EpochMs;
      readonly generation: number;
      readonly code: ErrorCode;
    }
  | {
      readonly type: 'issuer.issued';
      readonly at: EpochMs;
      readonly generation: number;
      readonly expiresAt: EpochMs;
    }
  | {
      readonly type: 'issuer.failed';
      readonly at: EpochMs;
      readonly generation: number;
      readonly code: ErrorCode;
    }
  | { readonly type: 'credential.saved'; readonly at: EpochMs; readonly generation: number }
  | {
      readonly type: 'credential.saveFailed';
      readonly at: EpochMs;
      readonly generation: number;
      readonly code: ErrorCode;
    }
  | { readonly type: 'issuer.revoked'; readonly at: EpochMs; readonly generation: number }
  | { readonly type: 'issuer.irrevocable'; readonly at: EpochMs; readonly generation: number }
  | { readonly type: 'issuer.revokeFailed'; readonly at: EpochMs; readonly generation: number }
  | { readonly type: 'scope.disabled'; readonly at: EpochMs }
  | { readonly type: 'scope.enabled'; readonly at: EpochMs }
  | { readonly type: 'alarm.renewalLine'; readonly at: EpochMs }
  | { readonly type: 'alarm.expiry'; readonly at: EpochMs }
  | { readonly type: 'alarm.retry'; readonly at: EpochMs }
  | { readonly type: 'alarm.issueTimeout'; readonly at: EpochMs };

export type LifecycleRequest =
  | { readonly type: 'records.recordIntent'; readonly generation: number }
  | { readonly type: 'records.dropIntent'; readonly generation: number }
  | { readonly type: 'records.save'; readonly generation: number }
  | { readonly type: 'issuer.issue'; readonly generation: number; readonly lifetimeMs: number }
  | { readonly type: 'issuer.revoke'; readonly generation: number }
  | {
      readonly type: 'records.mark';
      readonly generation: number;
      readonly state: 'revoked' | 'irrevocable';
    }
  | ({
      readonly type: 'credential.checked';
      readonly requestId: string;
      readonly at: EpochMs;
    } & Pick<RenewalCheck, 'decision' | 'leftMs'>)
  | {
      readonly type: 'credential.deliver';
      readonly requestId: string;
      readonly generation: number;
      readonly expiresAt: EpochMs;
      /** C17: the renewal failed, the old one is still valid. */
      readonly degraded: boolean;
    }
  | { readonly type: 'credential.refuse'; readonly requestId: string; readonly code: ErrorCode };

export interface LifecycleContext {
  readonly settings: LifecycleSettings;
  readonly current: GenerationHandle | null;
  /** C13: older generations that had not expired when last looked at. */
  readonly older: readonly GenerationHandle[];
  readonly lastGeneration: number;
  /** Requests that wait for the one issue in flight (C12). */
  readonly waiters: readonly string[];
  readonly attempt: number;
  /** What the issuer answered and the database has not confirmed yet. */
  readonly issued: GenerationHandle | null;
  readonly lastError: ErrorCode | null;
  readonly revoking: readonly number[];
  readonly revokeAttempt: number;
  readonly isDisabled: boolean;
  readonly deadlines: {
    readonly renewalLine: EpochMs | null;
    readonly expiry: EpochMs | null;
    readonly retry: EpochMs | null;
    readonly issueTimeout: EpochMs | null;
  };
}
