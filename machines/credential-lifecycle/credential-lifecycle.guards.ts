import { errorClass } from '../rules/errors.ts';
import { checkRenewal, isExpired } from '../rules/renewal.ts';
import type { EpochMs } from '../rules/time.ts';
import type { LifecycleContext, LifecycleEvent } from './credential-lifecycle.events.ts';

interface Asked {
  readonly context: LifecycleContext;
  readonly event: LifecycleEvent;
}

/** C13, I33: whether one more generation may be alive at once. */
export function mayIssueAnother(context: LifecycleContext, at: EpochMs): boolean {
  const { generationsMax } = context.settings;
  if (generationsMax === null || context.current === null) return true;
  const alive = [context.current, ...context.older].filter((one) => !isExpired(one.expiresAt, at));
  return alive.length < generationsMax;
}

/**
 * C2, C3, C11: whether a request that finds `current` leads to a new generation. Expired: always.
 * A tenant's "renew" counts only for the generation that it was about: somebody else may have
 * renewed since (C12), and only at the moment that the rule names (I27).
 */
export function isRenewalAsked({ context, event }: Asked): boolean {
  if (event.type !== 'credential.requested' || context.current === null) return false;
  const { settings, current } = context;
  const check = checkRenewal(current.expiresAt, event.at, settings);
  if (check.because === 'expired') return true;
  if (event.trigger === 'forced') return false;
  const isSpCheck = settings.checkedAt === 'request' || settings.checkClock === 'sp';
  const saysRenew = isSpCheck
    ? check.decision === 'renew'
    : event.renew && event.heldGeneration === current.generation;
  return saysRenew && mayIssueAnother(context, event.at);
}

export const guards = {
  isNothingHeld: ({ context }: Asked) => context.current === null,
  isRenewalAsked,
  isCurrentExpired: ({ context, event }: Asked) =>
    context.current !== null && isExpired(context.current.expiresAt, event.at),
  isWaiting: ({ context, event }: Asked) =>
    event.type === 'credential.requested' && context.waiters.includes(event.requestId),
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
  isDisabled: ({ context }: Asked) => context.isDisabled,
  isRevocationSettled: ({ context }: Asked) => context.revoking.length === 0,
  mayRevokeAgain: ({ context }: Asked) =>
    context.revokeAttempt < context.settings.revokeAttemptsMax,
};
