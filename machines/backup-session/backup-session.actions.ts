import { checkRenewal } from '../rules/renewal.ts';
import type { EpochMs } from '../rules/time.ts';
import type {
  DrainReason,
  SessionContext,
  SessionEvent,
  SessionInput,
  SessionOutcome,
  SessionRequest,
} from './backup-session.events.ts';

interface Given {
  readonly context: SessionContext;
  readonly event: SessionEvent;
}
type Change = Partial<SessionContext>;

const NO_DEADLINES: SessionContext['deadlines'] = {
  budget: null,
  stopStarting: null,
  expiry: null,
  heartbeat: null,
};

export function initialContext({ input }: { input: SessionInput }): SessionContext {
  return {
    input,
    route: null,
    check: null,
    held: { generation: 0, expiresAt: null },
    credential: null,
    trigger: 'connect',
    isSourceReady: false,
    isTargetReady: false,
    hasTransferStarted: false,
    drainReason: null,
    isMarginSpent: false,
    checkSpent: null,
    restarts: 0,
    outageSince: null,
    lastError: null,
    outcome: null,
    deadlines: NO_DEADLINES,
  };
}

/** The first state is entered before any event: then the start of the session counts. */
function instantOf({ context, event }: Given): EpochMs {
  return event.at ?? context.input.startedAt;
}

/** What the storage has just refused; the same again is the end of the session (C20). */
function spendCheck({ context, event }: Given): Pick<SessionContext, 'checkSpent'> {
  return { checkSpent: { generation: context.credential?.generation ?? 0, at: event.at } };
}

function drainFor(drainReason: DrainReason): () => Change {
  return () => ({ drainReason });
}

function endWith(outcome: SessionOutcome): () => Change {
  return () => ({ outcome });
}

/**
 * L11: a new generation that has little more than the margin left on this clock (a short life, or a
 * clock that runs ahead) is used to its end. To stop again at once would ask for the next one, and
 * the next, without a byte in between.
 */
function isShortLived(
  { input }: SessionContext,
  { at, expiresAt }: Extract<SessionEvent, { type: 'credential.delivered' }>,
): boolean {
  return expiresAt !== null && expiresAt - at < 2 * input.marginMs;
}

export const changes = {
  fixRoute: ({ event }: Given): Change =>
    event.type === 'session.opened'
      ? { route: event.route, check: event.check, outageSince: null }
      : {},
  noteMoverReady: ({ event }: Given): Change => {
    if (event.type !== 'mover.ready') return {};
    return event.role === 'source' ? { isSourceReady: true } : { isTargetReady: true };
  },
  noteHeld: ({ event }: Given): Change =>
    event.type === 'contact.made'
      ? { held: { generation: event.heldGeneration, expiresAt: event.heldExpiresAt } }
      : {},
  checkOnConnect: (): Change => ({ trigger: 'connect' }),
  /** A new generation has not been denied yet (C20). */
  adoptDelivered: ({ context, event }: Given): Change => {
    if (event.type !== 'credential.delivered') return {};
    const { generation, expiresAt, degraded } = event;
    const isNew = context.credential?.generation !== generation;
    return {
      credential: { generation, expiresAt, degraded },
      held: { generation, expiresAt },
      isMarginSpent: isNew ? isShortLived(context, event) : context.isMarginSpent,
      trigger: 'connect',
    };
  },
  noteTransferStarted: (): Change => ({ hasTransferStarted: true }),
  drainForExpiry: drainFor('expiry'),
  /** A generation that is delivered again within its margin must not drain again at once. */
  spendMargin: (): Change => ({ isMarginSpent: true }),
  drainForUser: drainFor('user'),
  /** The storage was asked with this generation and said no: counts as its one check (C20). */
  noteCheckSpent: spendCheck,
  drainForForcedCheck: (given: Given): Change => ({
    ...spendCheck(given),
    drainReason: 'forced',
    trigger: 'forced',
  }),
  forgetDrain: (): Change => ({ drainReason: null }),
  /** L1: a connection that comes and goes without getting anywhere spends one budget. */
  armOutage: ({ context, event }: Given): Change => {
    const outageSince = context.outageSince ?? instantOf({ context, event });
    const budget = outageSince + context.input.reconnectBudgetMs;
    return { outageSince, deadlines: { ...NO_DEADLINES, budget } };
  },
  armBudget: ({ context, event }: Given): Change => ({
    deadlines: {
      ...NO_DEADLINES,
      budget: instantOf({ context, event }) + context.input.reconnectBudgetMs,
    },
  }),
  armAnswer: ({ context, event }: Given): Change => ({
    deadlines: { ...NO_DEADLINES, budget: event.at + context.input.answerTimeoutMs },
  }),
  armQuotaWait: ({ context, event }: Given): Change => ({
    deadlines: { ...NO_DEADLINES, budget: event.at + context.input.quotaWaitMs },
  }),
  /** C15: what a running session watches depends on its policy. */
  armRunning: ({ context, event }: Given): Change => {
    const { inSession, marginMs, heartbeatMs } = context.input;
    const expiresAt = context.credential?.expiresAt ?? null;
    const outageSince = null;
    if (expiresAt === null) return { outageSince, deadlines: NO_DEADLINES };
    if (inSession === 'strict') {
      return { outageSince, deadlines: { ...NO_DEADLINES, expiry: expiresAt } };
    }
    const heartbeat = inSession === 'proactive' ? event.at + heartbeatMs : null;
    const stopStarting = context.isMarginSpent ? expiresAt : expiresAt - marginMs;
    return { outageSince, deadlines: { ...NO_DEADLINES, stopStarting, heartbeat } };
  },
  /** P8: while cut off, the credential's end counts as before and the budget runs besides. */
  armDetached: ({ context, event }: Given): Change => {
    const outageSince = context.outageSince ?? event.at;
    const budget = outageSince + context.input.reconnectBudgetMs;
    return { outageSince, deadlines: { ...context.deadlines, heartbeat: null, budget } };
  },
  /** P8: the pause is asked for once; the budget goes on running. */
  disarmStopStarting: ({ context }: Given): Change => ({
    deadlines: { ...context.deadlines, stopStarting: null },
  }),
  disarm: (): Change => ({ deadlines: NO_DEADLINES }),
  beginRestart: ({ context, event }: Given): Change => ({
    restarts: context.restarts + 1,
    isSourceReady: false,
    isTargetReady: false,
    hasTransferStarted: false,
    drainReason: null,
    outageSince: null,
    trigger: 'connect',
    lastError: 'code' in event ? event.code : 'mover.timeout',
  }),
  forceCheck: (given: Given): Change => ({ ...spendCheck(given), trigger: 'forced' }),
  endDone: endWith({ state: 'done', code: null }),
  endCancelled: endWith({ state: 'cancelled', code: 'session.cancelled' }),
  endChannelLost: endWith({ state: 'failed', code: 'channel.lost' }),
  endMoverTimeout: endWith({ state: 'failed', code: 'mover.timeout' }),
  endExpired: endWith({ state: 'failed', code: 'credential.expired' }),
  endQuota: endWith({ state: 'failed', code: 'quota.exceeded' }),
  endWithCode: ({ event }: Given): Change => ({
    outcome: { state: 'failed', code: 'code' in event ? event.code : 'unknown' },
  }),
};

/** C2, C11: the tenant's own check, on the clock that stamped the event. */
function tenantCheck({ context, event }: Given): SessionRequest[] {
  const { check, held, trigger } = context;
  const request = (renew: boolean): SessionRequest => ({
    type: 'credential.request',
    trigger,
    renew,
    heldGeneration: held.generation,
  });
  if (check === null || !check.isByTenant || trigger === 'forced') return [request(false)];
  const result = checkRenewal(held.expiresAt, event.at, check);
  const checked: SessionRequest = {
    type: 'credential.checked',
    trigger,
    at: event.at,
    expiresAt: held.expiresAt,
    leftMs: result.leftMs,
    decision: result.decision,
    renewBelowMs: check.renewBelowMs,
    includesLine: check.includesLine,
  };
  return [checked, request(result.decision === 'renew')];
}

/** The requests that follow from one event; each list is emitted in order. */
export const requests = {
  requireChannel: (): SessionRequest[] => [{ type: 'channel.require' }],
  open: (): SessionRequest[] => [{ type: 'session.open' }],
  startSource: ({ context }: Given): SessionRequest[] =>
    context.route === null
      ? []
      : [{ type: 'mover.start', role: 'source', host: context.route.sourceHost }],
  startTarget: ({ context }: Given): SessionRequest[] =>
    context.route === null
      ? []
      : [{ type: 'mover.start', role: 'target', host: context.route.targetHost }],
  contact: (): SessionRequest[] => [{ type: 'mover.contact' }],
  checkAndRequest: tenantCheck,
  checkOnHeartbeat: ({ context, event }: Given): SessionRequest[] => {
    const asked = tenantCheck({ context: { ...context, trigger: 'heartbeat' }, event });
    const mustAsk = asked.some(
      (request) =>
        request.type === 'credential.request' &&
        (request.renew || context.check?.isByTenant === false),
    );
    return mustAsk ? asked : asked.filter((request) => request.type !== 'credential.request');
  },
  startTransfer: ({ context }: Given): SessionRequest[] => [
    { type: context.hasTransferStarted ? 'transfer.resume' : 'transfer.start' },
  ],
  resumeTransfer: (): SessionRequest[] => [{ type: 'transfer.resume' }],
  pauseTransfer: (): SessionRequest[] => [{ type: 'transfer.pause' }],
  abortTransfer: ({ context }: Given): SessionRequest[] => [
    { type: 'transfer.abort', code: context.outcome?.code ?? 'session.cancelled' },
  ],
  cleanUp: (): SessionRequest[] => [{ type: 'transfer.cleanUp' }],
  askQuota: (): SessionRequest[] => [{ type: 'quota.ask' }],
  stopMovers: (): SessionRequest[] => [{ type: 'movers.stop' }],
  close: ({ context }: Given): SessionRequest[] => {
    if (context.outcome === null) throw new Error('a session closes without an outcome');
    return [{ type: 'session.close', ...context.outcome }];
  },
};
