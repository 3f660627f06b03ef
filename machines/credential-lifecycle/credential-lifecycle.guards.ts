import { errorClass } from '../rules/errors.ts';
import { checkRenewal, isExpired } from '../rules/renewal.ts';
import type { EpochMs } from '../rules/time.ts';
import type { LifecycleContext, LifecycleEvent } from './credential-lifecycle.events.ts';

interface Asked {
  readonly context: LifecycleContext;
  readonly event: LifecycleEvent;
}

/**
 * C13, I33: whether a generation may be issued although the SP's own clock does not ask for it yet
 * (a tenant whose clock runs ahead). Only if the one that it replaces is dead when the new one
 * reaches its own line; so an early renewal never stands in the way of a due one.
 */
export function mayIssueEarly(context: LifecycleContext, at: EpochMs): boolean {
  const { generationsMax, lifetimeMs, renewBelowMs } = context.settings;
  if (generationsMax === null || context.current === null) return true;
  const alive = [context.current, ...context.older].filter((one) => !isExpired(one.expiresAt, at));
  const leftMs = context.current.expiresAt - at;
  return alive.length < generationsMax && leftMs <= lifetimeMs - renewBelowMs;
}

/**
 * C2, C3, C11: whether a request that finds `current` leads to a new generation. Expired: always.
 * A tenant's "renew" counts only for the generation that it was about: somebody else may have
 * renewed since (C12), and only at the moment that the rule names (I27). C20: a forced check is
 * the SP's own check, no more.
 */
export function isRenewalAsked({ context, event }: Asked): boolean {
  if (event.type !== 'credential.requested' || context.current === null) return false;
  const { settings, current } = context;
  const check = checkRenewal(current.expiresAt, event.at, settings);
  if (check.because === 'expired') return true;
  const isSpCheck = settings.checkedAt === 'request' || settings.checkClock === 'sp';
  if (isSpCheck || event.trigger === 'forced') return check.decision === 'renew';
  if (!event.renew || event.heldGeneration !== current.generation) return false;
  return check.decision === 'renew' || mayIssueEarly(context, event.at);
}

export const guards = {
  isNothingHeld: ({ context }: Asked) => context.current === null,
  isRenewalAsked,
  isCurrentExpired: ({ context, event }: Asked) =>
    context.current !== null && isExpired(context.current.expiresAt, event.at),
  isWaiting: ({ context, event }: Asked) =>
    event.type === 'credential.requested' && context.waiters.includes(event.requestId),
  /** I74: an answer to an attempt that was given up; a repeated answer (I70) is not one. */
  isOrphan: ({ context, event }: Asked) =>
    event.type === 'issuer.issued' &&
    ![context.current, context.issued, ...context.older].some(
      (one) => one?.generation === event.generation,
    ),
  isForAttemptInFlight: ({ context, event }: Asked) =>
    'generation' in event && event.generation === context.lastGeneration,
  /** C17: the old credential can stand in, and the settings allow it. */
  mayStandIn: ({ context, event }: Asked) =>
    context.current !== null &&
    !isExpired(context.current.expiresAt, event.at) &&
    !context.settings.strictRenewal,
  isCurrentAlive: ({ context, event }: Asked) =>
    context.current !== null && !isExpired(context.current.expiresAt, event.at),
  mayTryAgain: ({ context }: Asked) =>
    context.lastError !== null &&
    errorClass(context.lastError) === 'retry' &&
    context.attempt < context.settings.issueAttemptsMax,
  isRevocationSettled: ({ context }: Asked) => context.revoking.length === 0,
  mayRevokeAgain: ({ context }: Asked) =>
    context.revokeAttempt < context.settings.revokeAttemptsMax,
};
