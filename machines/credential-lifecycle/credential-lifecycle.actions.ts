import type { ErrorCode } from '../rules/errors.ts';
import { checkRenewal, isExpired, renewalDueAt } from '../rules/renewal.ts';
import type {
  LifecycleContext,
  LifecycleEvent,
  LifecycleInput,
  LifecycleRequest,
} from './credential-lifecycle.events.ts';

interface Given {
  readonly context: LifecycleContext;
  readonly event: LifecycleEvent;
}
type Change = Partial<LifecycleContext>;

const NO_DEADLINES: LifecycleContext['deadlines'] = {
  renewalLine: null,
  expiry: null,
  retry: null,
  issueTimeout: null,
};

export function initialContext({ input }: { input: LifecycleInput }): LifecycleContext {
  return {
    settings: input.settings,
    current: input.current,
    older: input.older,
    lastGeneration: input.lastGeneration,
    waiters: [],
    attempt: 0,
    issued: null,
    lastError: null,
    revoking: [],
    revokeAttempt: 0,
    isDisabled: false,
    deadlines: NO_DEADLINES,
  };
}

/** Exponential from `retryFirstMs`, capped; the role behind the port may add jitter of its own. */
export function backoffMs(context: LifecycleContext, attempt: number): number {
  const { retryFirstMs, retryCapMs } = context.settings;
  return Math.min(retryCapMs, retryFirstMs * 2 ** Math.max(0, attempt - 1));
}

export const changes = {
  addWaiter: ({ context, event }: Given): Change =>
    event.type === 'credential.requested' ? { waiters: [...context.waiters, event.requestId] } : {},
  /** A number is used once, also when the call behind it fails (C12: they only rise). */
  beginAttempt: ({ context }: Given): Change => ({
    lastGeneration: context.lastGeneration + 1,
    attempt: context.attempt + 1,
    issued: null,
    deadlines: NO_DEADLINES,
  }),
  armIssueTimeout: ({ context, event }: Given): Change => ({
    deadlines: { ...NO_DEADLINES, issueTimeout: event.at + context.settings.issueTimeoutMs },
  }),
  keepIssued: ({ event }: Given): Change =>
    event.type === 'issuer.issued'
      ? {
          issued: { generation: event.generation, issuedAt: event.at, expiresAt: event.expiresAt },
        }
      : {},
  /** C13: the old generation is not dead; it is only no longer the one that is delivered. */
  adoptIssued: ({ context, event }: Given): Change => {
    if (context.issued === null) throw new Error('nothing was issued');
    const older = context.current === null ? context.older : [...context.older, context.current];
    return {
      current: context.issued,
      older: older.filter((one) => !isExpired(one.expiresAt, event.at)),
      issued: null,
      attempt: 0,
      lastError: null,
    };
  },
  armLife: ({ context }: Given): Change => {
    if (context.current === null) return { deadlines: NO_DEADLINES };
    const { expiresAt } = context.current;
    const renewalLine = renewalDueAt(expiresAt, context.settings);
    return { deadlines: { ...NO_DEADLINES, renewalLine, expiry: expiresAt } };
  },
  armExpiry: ({ context }: Given): Change => ({
    deadlines: { ...NO_DEADLINES, expiry: context.current?.expiresAt ?? null },
  }),
  armRetryBesideLife: ({ context, event }: Given): Change => ({
    deadlines: {
      ...NO_DEADLINES,
      expiry: context.current?.expiresAt ?? null,
      retry: event.at + backoffMs(context, context.attempt),
    },
  }),
  armRetry: ({ context, event }: Given): Change => ({
    deadlines: { ...NO_DEADLINES, retry: event.at + backoffMs(context, context.attempt) },
  }),
  disarm: (): Change => ({ deadlines: NO_DEADLINES }),
  keepFailure: ({ event }: Given): Change => ({
    issued: null,
    lastError: 'code' in event ? event.code : 'issuer.unavailable',
  }),
  keepRecordsFailure: (): Change => ({ issued: null, lastError: 'records.failed' }),
  forgetAttempts: (): Change => ({ attempt: 0 }),
  forgetWaiters: (): Change => ({ waiters: [] }),
  /** C22: takes effect at once; an answer that is still under way finds an orphan (I74). */
  markDisabled: (): Change => ({ isDisabled: true }),
  markEnabled: (): Change => ({ isDisabled: false, revoking: [], revokeAttempt: 0 }),
  /** Nothing is deliverable any more; what lives on is `older`, and what is being saved too. */
  collectRevocations: ({ context, event }: Given): Change => {
    const all = [...context.older, context.current, context.issued].filter((one) => one !== null);
    const older = all.filter((one) => !isExpired(one.expiresAt, event.at));
    const revoking = older.map((one) => one.generation);
    return { current: null, issued: null, attempt: 0, older, revoking, revokeAttempt: 1 };
  },
  /** What is revoked is dead and no longer counts (C13). */
  settleRevoked: ({ context, event }: Given): Change =>
    'generation' in event
      ? {
          older: context.older.filter((one) => one.generation !== event.generation),
          revoking: context.revoking.filter((generation) => generation !== event.generation),
        }
      : {},
  settleIrrevocable: ({ context, event }: Given): Change =>
    'generation' in event
      ? { revoking: context.revoking.filter((generation) => generation !== event.generation) }
      : {},
  /** The first refusal sets the one retry for all that are left; more refusals wait for it too. */
  armRevokeRetry: ({ context, event }: Given): Change => ({
    deadlines: {
      ...NO_DEADLINES,
      retry: context.deadlines.retry ?? event.at + backoffMs(context, context.revokeAttempt),
    },
  }),
  countRevokeAttempt: ({ context }: Given): Change => ({
    revokeAttempt: context.revokeAttempt + 1,
    deadlines: NO_DEADLINES,
  }),
};

/** The requests that follow from one event; each list is emitted in order. */
export const requests = {
  recordIntent: ({ context }: Given): LifecycleRequest[] => [
    { type: 'records.recordIntent', generation: context.lastGeneration },
  ],
  issue: ({ context }: Given): LifecycleRequest[] => [
    {
      type: 'issuer.issue',
      generation: context.lastGeneration,
      lifetimeMs: context.settings.lifetimeMs,
    },
  ],
  save: ({ context }: Given): LifecycleRequest[] => [
    { type: 'records.save', generation: context.lastGeneration },
  ],
  dropIntent: ({ context }: Given): LifecycleRequest[] => [
    { type: 'records.dropIntent', generation: context.lastGeneration },
  ],
  /**
   * I74: what was issued but could not be saved must not live on where that can be helped. A save
   * that was not answered may have landed all the same: first the record says that it is no
   * longer to be delivered, or a restart would find it live after its revocation.
   */
  revokeUnsaved: ({ context }: Given): LifecycleRequest[] => [
    { type: 'records.mark', generation: context.lastGeneration, state: 'irrevocable' },
    { type: 'issuer.revoke', generation: context.lastGeneration },
  ],
  revokeOrphan: ({ event }: Given): LifecycleRequest[] =>
    'generation' in event ? [{ type: 'issuer.revoke', generation: event.generation }] : [],
  reportCheck: ({ context, event }: Given): LifecycleRequest[] => {
    if (event.type !== 'credential.requested') return [];
    const check = checkRenewal(context.current?.expiresAt ?? null, event.at, context.settings);
    return [
      {
        type: 'credential.checked',
        requestId: event.requestId,
        at: event.at,
        decision: check.decision,
        leftMs: check.leftMs,
      },
    ];
  },
  deliverToAsker: ({ context, event }: Given): LifecycleRequest[] =>
    event.type === 'credential.requested' ? [delivery(context, event.requestId, false)] : [],
  deliverToAskerDegraded: ({ context, event }: Given): LifecycleRequest[] =>
    event.type === 'credential.requested' ? [delivery(context, event.requestId, true)] : [],
  deliverToWaiters: ({ context }: Given): LifecycleRequest[] =>
    context.waiters.map((requestId) => delivery(context, requestId, false)),
  deliverToWaitersDegraded: ({ context }: Given): LifecycleRequest[] =>
    context.waiters.map((requestId) => delivery(context, requestId, true)),
  refuseWaiters: ({ context }: Given): LifecycleRequest[] =>
    context.waiters.map((requestId) => refusal(requestId, context.lastError ?? 'issuer.refused')),
  refuseWaitersDisabled: ({ context }: Given): LifecycleRequest[] =>
    context.waiters.map((requestId) => refusal(requestId, 'tenant.disabled')),
  refuseAskerDisabled: ({ event }: Given): LifecycleRequest[] =>
    event.type === 'credential.requested' ? [refusal(event.requestId, 'tenant.disabled')] : [],
  revokeAll: ({ context }: Given): LifecycleRequest[] =>
    context.revoking.map((generation) => ({ type: 'issuer.revoke', generation })),
  markRevoked: ({ event }: Given): LifecycleRequest[] =>
    'generation' in event
      ? [{ type: 'records.mark', generation: event.generation, state: 'revoked' }]
      : [],
  markIrrevocable: ({ event }: Given): LifecycleRequest[] =>
    'generation' in event
      ? [{ type: 'records.mark', generation: event.generation, state: 'irrevocable' }]
      : [],
  markRestIrrevocable: ({ context }: Given): LifecycleRequest[] =>
    context.revoking.map((generation) => ({
      type: 'records.mark',
      generation,
      state: 'irrevocable',
    })),
};

function delivery(
  context: LifecycleContext,
  requestId: string,
  degraded: boolean,
): LifecycleRequest {
  if (context.current === null) throw new Error('there is nothing to deliver');
  const { generation, expiresAt } = context.current;
  return { type: 'credential.deliver', requestId, generation, expiresAt, degraded };
}

function refusal(requestId: string, code: ErrorCode): LifecycleRequest {
  return { type: 'credential.refuse', requestId, code };
}
