import { assign, enqueueActions, setup } from 'xstate';
import { UnexpectedEventError } from '../ports/unexpected-event.ts';
import { changes, initialContext, requests } from './backup-session.actions.ts';
import type {
  SessionContext,
  SessionEvent,
  SessionInput,
  SessionOutcome,
  SessionRequest,
} from './backup-session.events.ts';
import { guards } from './backup-session.guards.ts';

/**
 * Owns one session of the tenant, whatever its operation (P9): the order of P2, P3 and P6, its
 * credential's checks, pauses, restarts and its end. It must not move bytes, see a secret, or
 * choose the route (the SP does, once; M8).
 */
const session = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    emitted: {} as SessionRequest,
    input: {} as SessionInput,
    output: {} as SessionOutcome,
  },
  guards,
  actions: {
    change: assign(({ context, event }, name: keyof typeof changes) =>
      changes[name]({ context, event }),
    ),
    ask: enqueueActions(({ context, event, enqueue }, name: keyof typeof requests) => {
      for (const request of requests[name]({ context, event })) enqueue.emit(request);
    }),
    raiseUnexpected: ({ event }) => {
      throw new UnexpectedEventError('backup session', event.type);
    },
  },
});

const change = (params: keyof typeof changes) => ({ type: 'change' as const, params });
const ask = (params: keyof typeof requests) => ({ type: 'ask' as const, params });

/** What ends or restarts a session wherever its movers are up. */
const moverTrouble = [
  {
    guard: 'mayRestart' as const,
    target: '#session.active.restarting',
    actions: change('beginRestart'),
  },
  { target: '#session.ending', actions: change('endWithCode') },
];
const transferTrouble = [
  {
    guard: 'isDeniedOnce' as const,
    target: '#session.active.restarting',
    actions: [change('beginRestart'), change('forceCheck')],
  },
  ...moverTrouble,
];
const completion = { target: '#session.ending', actions: change('endDone') };

/** From the first word with the SP to both movers being ready (P2, P3, P6, P7). */
const preparing = {
  connecting: session.createStateConfig({
    entry: [change('armOutage'), ask('requireChannel')],
    on: {
      'channel.up': 'opening',
      'alarm.budget': { target: '#session.ending', actions: change('endChannelLost') },
    },
  }),
  opening: session.createStateConfig({
    entry: [change('armAnswer'), ask('open')],
    on: {
      'session.opened': [
        { guard: 'isOpenedDirect', target: 'startingBoth', actions: change('fixRoute') },
        { target: 'startingSource', actions: change('fixRoute') },
      ],
      'session.refused': { target: '#session.over', actions: change('endWithCode') },
      'channel.down': 'connecting',
      'alarm.budget': { target: '#session.ending', actions: change('endChannelLost') },
    },
  }),
  /** P2, P6: the source mover first, then the target mover on the SP's host. */
  startingSource: session.createStateConfig({
    entry: [change('armAnswer'), ask('startSource')],
    on: {
      'mover.ready': {
        guard: 'isSourceReady',
        target: 'startingTarget',
        actions: change('noteMoverReady'),
      },
    },
  }),
  startingTarget: session.createStateConfig({
    entry: [change('armAnswer'), ask('startTarget')],
    on: {
      'mover.ready': {
        guard: 'isTargetReady',
        target: 'running',
        actions: change('noteMoverReady'),
      },
    },
  }),
  /** P3: both movers on the same tenant host. */
  startingBoth: session.createStateConfig({
    entry: [change('armAnswer'), ask('startSource'), ask('startTarget')],
    on: {
      'mover.ready': [
        { guard: 'isOtherMoverReady', target: 'contacting', actions: change('noteMoverReady') },
        { actions: change('noteMoverReady') },
      ],
    },
  }),
  /** P3: the target mover reaches the SP through the cloud gateway. C2's moment. */
  contacting: session.createStateConfig({
    entry: [change('armOutage'), ask('contact')],
    on: {
      'contact.made': {
        target: 'awaitingCredential',
        actions: [change('noteHeld'), ask('checkAndRequest')],
      },
      'alarm.budget': { target: '#session.ending', actions: change('endChannelLost') },
    },
  }),
  awaitingCredential: session.createStateConfig({
    entry: change('armOutage'),
    on: {
      'credential.delivered': [
        // F25: an old generation that comes late says nothing about the one that is awaited.
        { guard: 'isOlderGeneration' },
        {
          guard: 'isDeliveredExpired',
          target: '#session.ending',
          actions: change('endExpired'),
        },
        { target: 'running', actions: change('adoptDelivered') },
      ],
      'credential.refused': { target: '#session.ending', actions: change('endWithCode') },
      'contact.lost': 'contacting',
      'alarm.budget': { target: '#session.ending', actions: change('endChannelLost') },
    },
  }),
};

/** Bytes move, or wait for a reason that the state names. */
const transferring = {
  running: session.createStateConfig({
    entry: [change('armRunning'), ask('startTransfer'), change('noteTransferStarted')],
    on: {
      'alarm.stopStarting': {
        target: 'draining',
        actions: [change('drainForExpiry'), change('spendMargin')],
      },
      'alarm.expiry': { target: '#session.ending', actions: change('endExpired') },
      'alarm.heartbeat': { actions: [change('armRunning'), ask('checkOnHeartbeat')] },
      'credential.delivered': [
        { guard: 'isOlderGeneration' },
        { actions: [change('adoptDelivered'), change('armRunning'), ask('resumeTransfer')] },
      ],
      'transfer.credentialExpired': [
        // On the gateway route there is no temporary credential that a reconnect could renew.
        { guard: 'isGateway', target: '#session.ending', actions: change('endExpired') },
        { guard: 'isStrict', target: '#session.ending', actions: change('endExpired') },
        { guard: 'hasForcedCheck', target: '#session.ending', actions: change('endExpired') },
        {
          guard: 'isBelowOwnLine',
          target: 'draining',
          actions: [change('drainForExpiry'), change('noteCheckSpent')],
        },
        { target: 'draining', actions: change('drainForForcedCheck') },
      ],
      'contact.lost': { guard: 'isDirect', target: 'detached' },
      'channel.down': { guard: 'isGateway', target: 'detached' },
      'quota.exhausted': [
        { guard: 'mayWaitForQuota', target: 'awaitingQuota' },
        { target: '#session.ending', actions: change('endQuota') },
      ],
      'session.paused': { target: 'draining', actions: change('drainForUser') },
    },
  }),
  /** C15: nothing new starts; what is in flight may finish (I38). */
  draining: session.createStateConfig({
    entry: [change('armBudget'), ask('pauseTransfer')],
    on: {
      'transfer.drained': [
        { guard: 'isDrainedForUser', target: 'pausedByUser', actions: change('forgetDrain') },
        { target: 'contacting', actions: change('forgetDrain') },
      ],
      // The wish is not lost; a direct session makes sure of its contact first (P8).
      'session.continued': [
        { guard: 'isGateway', target: 'running', actions: change('forgetDrain') },
        { guard: 'isDrainedForUser', actions: change('drainForExpiry') },
      ],
      'quota.exhausted': [
        { guard: 'mayWaitForQuota', target: 'awaitingQuota', actions: change('forgetDrain') },
        { target: '#session.ending', actions: change('endQuota') },
      ],
      'alarm.budget': [
        { guard: 'isRestartLeft', target: 'restarting', actions: change('beginRestart') },
        { target: '#session.ending', actions: change('endMoverTimeout') },
      ],
    },
  }),
  /** P8: granted bytes may still be written; back in time, or the session fails. */
  detached: session.createStateConfig({
    entry: change('armDetached'),
    on: {
      'contact.made': {
        guard: 'isDirect',
        target: 'awaitingCredential',
        actions: [change('noteHeld'), ask('checkAndRequest')],
      },
      'channel.up': { guard: 'isGateway', target: 'running' },
      'alarm.stopStarting': { actions: [change('disarmStopStarting'), ask('pauseTransfer')] },
      'alarm.expiry': { target: '#session.ending', actions: change('endExpired') },
      'alarm.budget': { target: '#session.ending', actions: change('endChannelLost') },
    },
  }),
  /** Q3: nothing more is written until the quota is raised. */
  awaitingQuota: session.createStateConfig({
    entry: [change('armQuotaWait'), ask('askQuota')],
    on: {
      'quota.raised': [{ guard: 'isHeldExpired', target: 'contacting' }, { target: 'running' }],
      // L9: an answer may have been lost with the channel.
      'channel.up': { actions: ask('askQuota') },
      'contact.lost': { guard: 'isDirect', target: 'detached' },
      'alarm.budget': { target: '#session.ending', actions: change('endQuota') },
    },
  }),
  pausedByUser: session.createStateConfig({
    entry: change('disarm'),
    on: {
      'session.continued': [{ guard: 'isDirect', target: 'contacting' }, { target: 'running' }],
    },
  }),
  /** A fresh pair of movers continues from what is stored (F1, F2, F5, F6). */
  restarting: session.createStateConfig({
    entry: [change('armAnswer'), ask('stopMovers')],
    on: {
      'movers.stopped': 'reattaching',
      'mover.failed': {},
      'transfer.failed': {},
      'transfer.completed': {},
      'alarm.budget': { target: '#session.ending', actions: change('endMoverTimeout') },
    },
  }),
  reattaching: session.createStateConfig({
    entry: [change('armBudget'), ask('requireChannel')],
    on: {
      'channel.up': [{ guard: 'isDirect', target: 'startingBoth' }, { target: 'startingSource' }],
      'mover.failed': {},
      'alarm.budget': { target: '#session.ending', actions: change('endChannelLost') },
    },
  }),
};

const ending = session.createStateConfig({
  initial: 'abandoning',
  // The outcome stands (I71); what the movers still say does not change it.
  on: {
    'session.cancelled': {},
    'mover.failed': {},
    'transfer.failed': {},
    'transfer.completed': {},
  },
  states: {
    abandoning: {
      entry: [change('armAnswer')],
      always: [
        { guard: 'isOutcomeDone', target: 'stoppingMovers' },
        { guard: 'isTransferToAbort', target: 'aborting' },
        { target: 'stoppingMovers' },
      ],
    },
    aborting: {
      entry: [change('armAnswer'), ask('abortTransfer')],
      on: {
        'transfer.failed': [
          { guard: 'isQuotaOutcome', target: 'cleaningUp' },
          { target: 'stoppingMovers' },
        ],
        'transfer.completed': 'stoppingMovers',
        'mover.failed': 'stoppingMovers',
        'alarm.budget': 'stoppingMovers',
      },
    },
    /** Q3: what the failed session wrote is removed. */
    cleaningUp: {
      entry: [change('armAnswer'), ask('cleanUp')],
      on: {
        'transfer.cleaned': 'stoppingMovers',
        'mover.failed': 'stoppingMovers',
        'alarm.budget': 'stoppingMovers',
      },
    },
    stoppingMovers: {
      entry: [change('armAnswer'), ask('stopMovers')],
      on: { 'movers.stopped': 'closing', 'alarm.budget': 'closing' },
    },
    /** Without an answer the SP ends the session by itself and returns its grants (Q2). */
    closing: {
      entry: [change('armBudget'), ask('close')],
      on: {
        'session.closed': '#session.over',
        'channel.up': { actions: ask('close') },
        'alarm.budget': '#session.over',
      },
    },
  },
});

export const backupSessionMachine = session.createMachine({
  id: 'session',
  context: initialContext,
  initial: 'active',
  output: ({ context }) => {
    if (context.outcome === null) throw new Error('a session ended without an outcome');
    return context.outcome;
  },
  on: {
    // Late, repeated and out-of-order news that changes nothing here (I70).
    'channel.up': {},
    'channel.down': {},
    'contact.made': {},
    'contact.lost': {},
    'session.opened': {},
    'session.refused': {},
    'session.paused': {},
    'session.continued': {},
    'session.closed': {},
    'mover.ready': {},
    'credential.delivered': {},
    'credential.refused': {},
    'transfer.drained': {},
    'transfer.credentialExpired': {},
    'transfer.cleaned': {},
    'quota.exhausted': {},
    'quota.raised': {},
    'movers.stopped': {},
    '*': { actions: 'raiseUnexpected' },
  },
  states: {
    active: {
      initial: 'connecting',
      on: {
        'session.cancelled': { target: 'ending', actions: change('endCancelled') },
        'mover.failed': moverTrouble,
        'transfer.failed': transferTrouble,
        'transfer.completed': completion,
        'alarm.budget': { target: 'ending', actions: change('endMoverTimeout') },
      },
      states: { ...preparing, ...transferring },
    },
    ending,
    over: {
      always: [
        { guard: 'isOutcomeDone', target: 'done' },
        { guard: 'isOutcomeCancelled', target: 'cancelled' },
        { target: 'failed' },
      ],
    },
    done: { type: 'final', entry: change('disarm') },
    failed: { type: 'final', entry: change('disarm') },
    cancelled: { type: 'final', entry: change('disarm') },
  },
});
