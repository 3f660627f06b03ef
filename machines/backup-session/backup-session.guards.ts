import { errorClass } from '../rules/errors.ts';
import { checkRenewal, isExpired } from '../rules/renewal.ts';
import type { SessionContext, SessionEvent } from './backup-session.events.ts';

interface Asked {
  readonly context: SessionContext;
  readonly event: SessionEvent;
}

/**
 * C20, L11: this generation has had its check; or a new one was refused so soon after the last
 * check that issuing is no remedy (where every connect renews, C14, it would go on for ever).
 */
function hasForcedCheck({ context, event }: Asked): boolean {
  const { checkSpent, credential, input } = context;
  if (checkSpent === null) return false;
  if (checkSpent.generation === (credential?.generation ?? 0)) return true;
  return event.at - checkSpent.at < input.reconnectBudgetMs;
}

export const guards = {
  isDirect: ({ context }: Asked) => context.route?.dataPath === 'direct',
  isOpenedDirect: ({ event }: Asked) =>
    event.type === 'session.opened' && event.route.dataPath === 'direct',
  isSourceReady: ({ event }: Asked) => event.type === 'mover.ready' && event.role === 'source',
  isTargetReady: ({ event }: Asked) => event.type === 'mover.ready' && event.role === 'target',
  /** P7: both movers, in whatever order they come up. */
  isOtherMoverReady: ({ context, event }: Asked) =>
    event.type === 'mover.ready' &&
    (event.role === 'source' ? context.isTargetReady : context.isSourceReady),
  isGateway: ({ context }: Asked) => context.route?.dataPath === 'gateway',
  /** C16: what is already over on this clock is not started with. */
  isDeliveredExpired: ({ event }: Asked) =>
    event.type === 'credential.delivered' &&
    event.expiresAt !== null &&
    isExpired(event.expiresAt, event.at),
  isOlderGeneration: ({ context, event }: Asked) =>
    event.type === 'credential.delivered' &&
    context.credential !== null &&
    event.generation < context.credential.generation,
  /** C16: while the session waited, the credential has come to its end on this clock. */
  isHeldExpired: ({ context, event }: Asked) =>
    context.credential !== null &&
    context.credential.expiresAt !== null &&
    isExpired(context.credential.expiresAt, event.at),
  isStrict: ({ context }: Asked) => context.input.inSession === 'strict',
  isDrainedForUser: ({ context }: Asked) => context.drainReason === 'user',
  hasForcedCheck,
  /** The storage says expired, and so does the protocol's own line: an ordinary reconnect. */
  isBelowOwnLine: ({ context, event }: Asked) =>
    context.check !== null &&
    context.credential !== null &&
    checkRenewal(context.credential.expiresAt, event.at, context.check).decision === 'renew',
  /** C20: denied is not expired; it earns one forced check where a credential is involved. */
  isDeniedOnce: ({ context, event }: Asked) =>
    event.type === 'transfer.failed' &&
    event.code === 'access.denied' &&
    context.credential !== null &&
    !hasForcedCheck({ context, event }) &&
    context.restarts < context.input.restartsMax,
  /** F1, F2, F5, F6: something broke that a fresh pair of movers can continue. */
  mayRestart: ({ context, event }: Asked) =>
    (event.type === 'mover.failed' || event.type === 'transfer.failed') &&
    errorClass(event.code) === 'retry' &&
    context.restarts < context.input.restartsMax,
  isRestartLeft: ({ context }: Asked) => context.restarts < context.input.restartsMax,
  mayWaitForQuota: ({ context }: Asked) => context.input.quotaWaitMs > 0,
  isOutcomeDone: ({ context }: Asked) => context.outcome?.state === 'done',
  isOutcomeCancelled: ({ context }: Asked) => context.outcome?.state === 'cancelled',
  isQuotaOutcome: ({ context }: Asked) => context.outcome?.code === 'quota.exceeded',
  /** An engine that failed by itself has nothing in flight, and no abort would be answered. */
  isTransferToAbort: ({ context, event }: Asked) =>
    context.hasTransferStarted && event.type !== 'transfer.failed' && event.type !== 'mover.failed',
};
