import { assign, enqueueActions, setup } from 'xstate';
import { UnexpectedEventError } from '../ports/unexpected-event.ts';
import { changes, initialContext, requests } from './credential-lifecycle.actions.ts';
import type {
  LifecycleContext,
  LifecycleEvent,
  LifecycleInput,
  LifecycleRequest,
} from './credential-lifecycle.events.ts';
import { guards } from './credential-lifecycle.guards.ts';

/**
 * Owns the generations of one credential scope on the SP side (C12): when the next one is issued,
 * who gets which, and how they end. It must not see a secret or decide whether an operation may
 * have a credential at all (C8 is the session's).
 */
const lifecycle = setup({
  types: {
    context: {} as LifecycleContext,
    events: {} as LifecycleEvent,
    emitted: {} as LifecycleRequest,
    input: {} as LifecycleInput,
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
      throw new UnexpectedEventError('credential lifecycle', event.type);
    },
  },
});

const change = (params: keyof typeof changes) => ({ type: 'change' as const, params });
const ask = (params: keyof typeof requests) => ({ type: 'ask' as const, params });

const disabling = {
  target: '#credentialLifecycle.ending',
  actions: [change('markDisabled'), ask('refuseWaitersDisabled'), change('forgetWaiters')],
};

/** Journal the intent, call the issuer, save: the same three steps with and without an old one. */
const obtaining = lifecycle.createStateConfig({
  initial: 'journalling',
  on: {
    'credential.requested': [
      { guard: 'isWaiting' },
      { actions: [ask('reportCheck'), change('addWaiter')] },
    ],
    'scope.disabled': disabling,
  },
  states: {
    journalling: {
      entry: [change('beginAttempt'), change('armIssueTimeout'), ask('recordIntent')],
      exit: change('disarm'),
      on: {
        'intent.saved': { guard: 'isForAttemptInFlight', target: 'calling' },
        'intent.failed': {
          guard: 'isForAttemptInFlight',
          target: '#credentialLifecycle.failing',
          actions: change('keepFailure'),
        },
        // No answer: lost with a crash. Nothing was called yet, so nothing can be orphaned.
        'alarm.issueTimeout': {
          target: '#credentialLifecycle.failing',
          actions: [change('keepRecordsFailure'), ask('dropIntent')],
        },
        'scope.disabled': { ...disabling, actions: [ask('dropIntent'), ...disabling.actions] },
      },
    },
    calling: {
      entry: [change('armIssueTimeout'), ask('issue')],
      exit: change('disarm'),
      on: {
        'issuer.issued': {
          guard: 'isForAttemptInFlight',
          target: 'saving',
          actions: change('keepIssued'),
        },
        'issuer.failed': {
          guard: 'isForAttemptInFlight',
          target: '#credentialLifecycle.failing',
          actions: [change('keepFailure'), ask('dropIntent')],
        },
        // The call may have landed: the intent stays journalled until its answer comes (I74).
        'alarm.issueTimeout': {
          target: '#credentialLifecycle.failing',
          actions: change('keepFailure'),
        },
      },
    },
    saving: {
      entry: [change('armIssueTimeout'), ask('save')],
      exit: change('disarm'),
      on: {
        'credential.saved': {
          guard: 'isForAttemptInFlight',
          target: '#credentialLifecycle.live',
          actions: [change('adoptIssued'), ask('deliverToWaiters'), change('forgetWaiters')],
        },
        // C5: what is not saved is not delivered.
        'credential.saveFailed': {
          guard: 'isForAttemptInFlight',
          target: '#credentialLifecycle.failing',
          actions: [change('keepFailure'), ask('revokeUnsaved')],
        },
        'alarm.issueTimeout': {
          target: '#credentialLifecycle.failing',
          actions: [change('keepRecordsFailure'), ask('revokeUnsaved')],
        },
      },
    },
  },
});

export const credentialLifecycleMachine = lifecycle.createMachine({
  id: 'credentialLifecycle',
  context: initialContext,
  initial: 'restoring',
  on: {
    // Late and repeated answers change nothing (I70); a late credential must not live on (I74).
    'issuer.issued': [{ guard: 'isOrphan', actions: ask('revokeOrphan') }, {}],
    'issuer.failed': {},
    'issuer.revoked': { actions: [ask('markRevoked'), change('settleRevoked')] },
    'issuer.irrevocable': { actions: ask('markIrrevocable') },
    'issuer.revokeFailed': { actions: ask('markIrrevocable') },
    'intent.saved': {},
    'intent.failed': {},
    'credential.saved': {},
    'credential.saveFailed': {},
    'scope.enabled': {},
    '*': { actions: 'raiseUnexpected' },
  },
  states: {
    /** L7: what the database knows decides before anybody is answered. */
    restoring: {
      always: [{ guard: 'isNothingHeld', target: 'absent' }, { target: 'live' }],
    },
    absent: {
      on: {
        'credential.requested': {
          target: 'issuing',
          actions: [ask('reportCheck'), change('addWaiter')],
        },
        'scope.disabled': { target: 'ending', actions: change('markDisabled') },
      },
    },
    issuing: { ...obtaining, tags: ['obtaining'] },
    renewing: { ...obtaining, tags: ['obtaining', 'usable'] },
    live: {
      initial: 'fresh',
      tags: ['usable'],
      on: {
        'credential.requested': [
          {
            guard: 'isRenewalAsked',
            target: 'renewing',
            actions: [ask('reportCheck'), change('addWaiter')],
          },
          { actions: [ask('reportCheck'), ask('deliverToAsker')] },
        ],
        'scope.disabled': { target: 'ending', actions: change('markDisabled') },
      },
      states: {
        /** At or above the renewal line. Wake-ups move it on; guards decide by the event's `at`. */
        fresh: {
          entry: change('armLife'),
          on: { 'alarm.renewalLine': 'due', 'alarm.expiry': 'expired' },
        },
        /** Below the line: the next check renews. Nothing is issued before somebody asks (I27). */
        due: { entry: change('armExpiry'), on: { 'alarm.expiry': 'expired' } },
        expired: { entry: [change('disarm'), change('forgetAttempts')] },
        /** C17: renewal failed, the old one is delivered meanwhile, and the retry is set. */
        degraded: {
          entry: change('armRetryBesideLife'),
          on: {
            'alarm.retry': '#credentialLifecycle.renewing',
            'alarm.expiry': 'expired',
            'credential.requested': [
              {
                guard: 'isCurrentExpired',
                target: '#credentialLifecycle.issuing',
                actions: [ask('reportCheck'), change('addWaiter')],
              },
              { actions: [ask('reportCheck'), ask('deliverToAskerDegraded')] },
            ],
          },
        },
      },
    },
    /** An attempt has failed: stand in with the old one, try again, or refuse. */
    failing: {
      always: [
        {
          guard: 'mayStandIn',
          target: 'live.degraded',
          actions: [ask('deliverToWaitersDegraded'), change('forgetWaiters')],
        },
        { guard: 'mayTryAgain', target: 'backingOff' },
        {
          // strictRenewal: the asker is refused, the old credential goes on living.
          guard: 'isCurrentAlive',
          target: 'live.due',
          actions: [ask('refuseWaiters'), change('forgetWaiters'), change('forgetAttempts')],
        },
        {
          target: 'refused',
          actions: [ask('refuseWaiters'), change('forgetWaiters'), change('forgetAttempts')],
        },
      ],
    },
    backingOff: {
      entry: change('armRetry'),
      exit: change('disarm'),
      on: {
        'alarm.retry': 'issuing',
        'credential.requested': [
          { guard: 'isWaiting' },
          { actions: [ask('reportCheck'), change('addWaiter')] },
        ],
        'scope.disabled': disabling,
      },
    },
    /** The issuer said no. The next request asks again, once. */
    refused: {
      on: {
        'credential.requested': {
          target: 'issuing',
          actions: [ask('reportCheck'), change('addWaiter')],
        },
        'scope.disabled': { target: 'ending', actions: change('markDisabled') },
      },
    },
    /** C22: the scope ends; what can be revoked is, the rest is listed with its end. */
    ending: {
      entry: [change('disarm'), change('collectRevocations')],
      always: 'revoking',
    },
    revoking: {
      entry: [change('armIssueTimeout'), ask('revokeAll')],
      always: { guard: 'isRevocationSettled', target: 'revoked' },
      on: {
        'issuer.irrevocable': { actions: [ask('markIrrevocable'), change('settleIrrevocable')] },
        'issuer.revokeFailed': [
          { guard: 'mayRevokeAgain', actions: change('armRevokeRetry') },
          { target: 'revocationFailed', actions: [ask('markRestIrrevocable'), change('disarm')] },
        ],
        // No answer: asked again as often as after a refusal.
        'alarm.issueTimeout': [
          {
            guard: 'mayRevokeAgain',
            target: 'revoking',
            reenter: true,
            actions: change('countRevokeAttempt'),
          },
          { target: 'revocationFailed', actions: [ask('markRestIrrevocable'), change('disarm')] },
        ],
        'alarm.retry': { target: 'revoking', reenter: true, actions: change('countRevokeAttempt') },
        'credential.requested': { actions: ask('refuseAskerDisabled') },
        'scope.disabled': {},
        // What is being revoked must not be found live after a crash; its answer still counts.
        'scope.enabled': {
          target: 'absent',
          actions: [ask('markRestIrrevocable'), change('disarm'), change('markEnabled')],
        },
      },
    },
    revoked: {
      entry: change('disarm'),
      on: {
        'credential.requested': { actions: ask('refuseAskerDisabled') },
        'scope.disabled': {},
        'scope.enabled': { target: 'absent', actions: change('markEnabled') },
      },
    },
    /** L8: tried often enough; listed as irrevocable with the instant at which it dies. */
    revocationFailed: {
      on: {
        'credential.requested': { actions: ask('refuseAskerDisabled') },
        'scope.disabled': {},
        'scope.enabled': { target: 'absent', actions: change('markEnabled') },
      },
    },
  },
});
