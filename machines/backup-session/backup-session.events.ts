import type { CheckTrigger } from '../credential-lifecycle/credential-lifecycle.events.ts';
import type { ErrorCode } from '../rules/errors.ts';
import type { RenewalLine } from '../rules/renewal.ts';
import type { Route, TargetHost } from '../rules/route.ts';
import type { InSessionPolicy, Operation } from '../rules/settings.ts';
import type { EpochMs } from '../rules/time.ts';

export type MoverRole = 'source' | 'target';

/** What the tenant knows of the credential that its target mover holds: a handle (C6). */
export interface DeliveredCredential {
  readonly generation: number;
  /** `null`: the shared repository credential, which does not end (I43). */
  readonly expiresAt: EpochMs | null;
  readonly degraded: boolean;
}

/** C2, C3, C11: how the tenant checks; `null` where nothing is checked. */
export interface TenantCheck extends RenewalLine {
  /** `true`: the tenant decides on its own clock (C2). `false`: the SP decides (C3, `checkClock`). */
  readonly isByTenant: boolean;
}

export interface SessionInput {
  readonly sessionId: string;
  /** Filled in by the host: no event has come when the first deadline is set. */
  readonly startedAt: EpochMs;
  readonly operation: Operation;
  /** C15. */
  readonly inSession: InSessionPolicy;
  readonly marginMs: number;
  /** P8: how long a session waits for a lost connection before it fails. */
  readonly reconnectBudgetMs: number;
  /** A mover, the SP or a clean-up that does not answer within this time counts as failed. */
  readonly answerTimeoutMs: number;
  readonly restartsMax: number;
  readonly heartbeatMs: number;
  /** Q3: how long a session waits for a raised quota; 0 fails at once. */
  readonly quotaWaitMs: number;
}

export type SessionEvent =
  | { readonly type: 'session.paused'; readonly at: EpochMs }
  | { readonly type: 'session.continued'; readonly at: EpochMs }
  | { readonly type: 'session.cancelled'; readonly at: EpochMs }
  | { readonly type: 'channel.up'; readonly at: EpochMs }
  | { readonly type: 'channel.down'; readonly at: EpochMs }
  | {
      readonly type: 'session.opened';
      readonly at: EpochMs;
      readonly route: Route;
      readonly check: TenantCheck | null;
    }
  | { readonly type: 'session.refused'; readonly at: EpochMs; readonly code: ErrorCode }
  | { readonly type: 'mover.ready'; readonly at: EpochMs; readonly role: MoverRole }
  | {
      readonly type: 'mover.failed';
      readonly at: EpochMs;
      readonly role: MoverRole;
      readonly code: ErrorCode;
    }
  | {
      /** The target mover reached the SP through the cloud gateway (P3); C2's moment. */
      readonly type: 'contact.made';
      readonly at: EpochMs;
      readonly heldGeneration: number;
      readonly heldExpiresAt: EpochMs | null;
    }
  | { readonly type: 'contact.lost'; readonly at: EpochMs }
  | ({ readonly type: 'credential.delivered'; readonly at: EpochMs } & DeliveredCredential)
  | { readonly type: 'credential.refused'; readonly at: EpochMs; readonly code: ErrorCode }
  | { readonly type: 'transfer.drained'; readonly at: EpochMs }
  | { readonly type: 'transfer.credentialExpired'; readonly at: EpochMs }
  | { readonly type: 'transfer.completed'; readonly at: EpochMs }
  | { readonly type: 'transfer.failed'; readonly at: EpochMs; readonly code: ErrorCode }
  | { readonly type: 'transfer.cleaned'; readonly at: EpochMs }
  | { readonly type: 'quota.exhausted'; readonly at: EpochMs }
  | { readonly type: 'quota.raised'; readonly at: EpochMs }
  | { readonly type: 'movers.stopped'; readonly at: EpochMs }
  | { readonly type: 'session.closed'; readonly at: EpochMs }
  | { readonly type: 'alarm.budget'; readonly at: EpochMs }
  | { readonly type: 'alarm.stopStarting'; readonly at: EpochMs }
  | { readonly type: 'alarm.expiry'; readonly at: EpochMs }
  | { readonly type: 'alarm.heartbeat'; readonly at: EpochMs };

export type SessionRequest =
  | { readonly type: 'channel.require' }
  | { readonly type: 'session.open' }
  | { readonly type: 'mover.start'; readonly role: MoverRole; readonly host: TargetHost }
  | { readonly type: 'mover.contact' }
  | {
      readonly type: 'credential.request';
      readonly trigger: CheckTrigger;
      readonly renew: boolean;
      readonly heldGeneration: number;
    }
  | {
      readonly type: 'credential.checked';
      readonly trigger: CheckTrigger;
      readonly at: EpochMs;
      readonly expiresAt: EpochMs | null;
      readonly leftMs: number;
      readonly decision: 'keep' | 'renew';
      readonly renewBelowMs: number;
      readonly includesLine: boolean;
    }
  | { readonly type: 'transfer.start' }
  | { readonly type: 'transfer.pause' }
  | { readonly type: 'transfer.resume' }
  | { readonly type: 'transfer.abort'; readonly code: ErrorCode }
  | { readonly type: 'transfer.cleanUp' }
  | { readonly type: 'quota.ask' }
  | { readonly type: 'movers.stop' }
  | {
      readonly type: 'session.close';
      readonly state: 'done' | 'failed' | 'cancelled';
      readonly code: ErrorCode | null;
    };

export interface SessionOutcome {
  readonly state: 'done' | 'failed' | 'cancelled';
  readonly code: ErrorCode | null;
}

export type DrainReason = 'expiry' | 'forced' | 'user';

export interface SessionContext {
  readonly input: SessionInput;
  /** M8: set once, when the SP opens the session. */
  readonly route: Route | null;
  readonly check: TenantCheck | null;
  /** What the SP said it holds for the scope, at the last contact (C11). */
  readonly held: { readonly generation: number; readonly expiresAt: EpochMs | null };
  readonly credential: DeliveredCredential | null;
  readonly trigger: CheckTrigger;
  readonly isSourceReady: boolean;
  readonly isTargetReady: boolean;
  readonly hasTransferStarted: boolean;
  readonly drainReason: DrainReason | null;
  /** C15: this generation's margin has led to a reconnect already; now its end counts. */
  readonly isMarginSpent: boolean;
  /** C20: the generation that was refused and checked, and when; one such check, then the end. */
  readonly checkSpent: { readonly generation: number; readonly at: EpochMs } | null;
  readonly restarts: number;
  /** Since when the SP cannot be reached; one budget for the whole outage, however it flaps (P8). */
  readonly outageSince: EpochMs | null;
  readonly lastError: ErrorCode | null;
  readonly outcome: SessionOutcome | null;
  readonly deadlines: {
    readonly budget: EpochMs | null;
    readonly stopStarting: EpochMs | null;
    readonly expiry: EpochMs | null;
    readonly heartbeat: EpochMs | null;
  };
}
