import { assign, emit, setup } from 'xstate';
import { UnexpectedEventError } from '../ports/unexpected-event.ts';
import type {
  MoverInput,
  TargetMoverContext,
  TargetMoverEvent,
  TargetMoverRequest,
} from './data-mover.events.ts';

/**
 * Owns the life of a target data mover: contact with the SP, the credential's handle, grants, and
 * what its engine may do now. It must not decide whether a credential is renewed (the session asks,
 * the SP's lifecycle decides); it only stops starting requests when told or when the storage says so.
 */
const mover = setup({
  types: {
    context: {} as TargetMoverContext,
    events: {} as TargetMoverEvent,
    emitted: {} as TargetMoverRequest,
    input: {} as MoverInput,
  },
  guards: {
    /** P8: a grant can be asked for only over the control channel. */
    isInContact: ({ context }) => context.isInContact,
    isGrantAsked: ({ context }) => context.askedBytes > 0,
    /** L9: the quota may have been raised since. */
    wasRefused: ({ context }) => context.refusedBytes > 0 && context.isInContact,
  },
  actions: {
    armLink: assign(({ context, event }) => ({
      deadlines: { link: event.at + context.input.linkTimeoutMs },
    })),
    disarm: assign({ deadlines: { link: null } }),
    noteContact: assign({ isInContact: true }),
    noteNoContact: assign({ isInContact: false }),
    keepHandle: assign(({ event }) =>
      event.type === 'credential.opened'
        ? { credential: { generation: event.generation, expiresAt: event.expiresAt } }
        : {},
    ),
    noteAsked: assign(({ event }) =>
      event.type === 'engine.grantNeeded' ? { askedBytes: event.bytes } : {},
    ),
    noteAnswered: assign({ askedBytes: 0, refusedBytes: 0 }),
    // A refusal that is heard twice takes nothing back of what is still wanted (L9, F24).
    noteRefused: assign(({ context }) => ({
      askedBytes: 0,
      refusedBytes: Math.max(context.askedBytes, context.refusedBytes),
    })),
    askRefusedAgain: assign(({ context }) => ({
      askedBytes: context.refusedBytes,
      refusedBytes: 0,
    })),
    openContact: emit({ type: 'contact.open' }),
    awaitLink: emit({ type: 'link.await' }),
    startEngine: emit({ type: 'engine.start' }),
    pauseEngine: emit({ type: 'engine.pause' }),
    resumeEngine: emit({ type: 'engine.resume' }),
    cleanUpEngine: emit({ type: 'engine.cleanUp' }),
    grantDelivered: emit(({ event }) => ({
      type: 'engine.grant' as const,
      bytes: event.type === 'credential.opened' ? (event.grantedBytes ?? 0) : 0,
    })),
    grantAnswered: emit(({ event }) => ({
      type: 'engine.grant' as const,
      bytes: event.type === 'quota.granted' ? event.bytes : 0,
    })),
    askGrant: emit(({ context }) => ({
      type: 'quota.request' as const,
      bytes: context.askedBytes,
    })),
    abortEngine: emit(({ event }) => ({
      type: 'engine.abort' as const,
      code: event.type === 'order.abort' ? event.code : ('link.lost' as const),
    })),
    reportCredentialExpired: emit({ type: 'report.credentialExpired' }),
    reportDrained: emit({ type: 'report.drained' }),
    reportCleaned: emit({ type: 'report.cleaned' }),
    reportQuotaExhausted: emit({ type: 'report.quotaExhausted' }),
    reportCompleted: emit({ type: 'report.completed' }),
    reportFailed: emit(({ event }) => ({
      type: 'report.failed' as const,
      code: 'code' in event ? event.code : ('link.lost' as const),
    })),
    stopProcess: emit({ type: 'process.stop' }),
    raiseUnexpected: ({ event }) => {
      throw new UnexpectedEventError('target mover', event.type);
    },
  },
});

const ASKING_AGAIN = ['resumeEngine' as const, 'askRefusedAgain' as const, 'askGrant' as const];

/** L9: also when the refusal came while nothing was to be started, it is asked again. */
const RESUMING = [
  { guard: 'wasRefused' as const, target: 'flowing', actions: ASKING_AGAIN },
  { target: 'flowing', actions: 'resumeEngine' as const },
];

export const targetMoverMachine = mover.createMachine({
  id: 'targetMover',
  context: ({ input }) => ({
    input,
    credential: null,
    askedBytes: 0,
    refusedBytes: 0,
    isInContact: false,
    deadlines: { link: null },
  }),
  initial: 'ready',
  on: {
    'order.contact': { actions: 'openContact' },
    'contact.made': { actions: 'noteContact' },
    'contact.lost': { actions: 'noteNoContact' },
    'credential.opened': { actions: ['keepHandle', 'grantDelivered'] },
    'quota.granted': { actions: ['noteAnswered', 'grantAnswered'] },
    'quota.refused': { actions: 'noteRefused' },
    'order.stop': '.stopped',
    'order.start': {},
    'order.pause': { actions: 'reportDrained' },
    'order.resume': {},
    'order.abort': { actions: 'reportFailed' },
    'link.up': {},
    'link.down': {},
    '*': { actions: 'raiseUnexpected' },
  },
  states: {
    /** On a gateway route the start may be lost with the channel; the order to go on is one too. */
    ready: { on: { 'order.start': 'linking', 'order.resume': 'linking' } },
    linking: {
      entry: ['armLink', 'awaitLink'],
      exit: 'disarm',
      on: {
        'link.up': 'moving',
        'link.down': { target: 'failed', actions: 'reportFailed' },
        'alarm.link': { target: 'failed', actions: 'reportFailed' },
        'order.abort': { target: 'failed', actions: 'reportFailed' },
        'order.pause': 'heldBack',
      },
    },
    /** Paused before the data link was up: it stays paused when the link comes (C15). */
    heldBack: {
      entry: 'reportDrained',
      on: {
        'link.up': 'moving.draining',
        'link.down': { target: 'failed', actions: 'reportFailed' },
        'order.abort': { target: 'failed', actions: 'reportFailed' },
        'order.resume': 'linking',
      },
    },
    moving: {
      entry: 'startEngine',
      initial: 'flowing',
      on: {
        'engine.completed': { target: 'completed', actions: 'reportCompleted' },
        'engine.failed': { target: 'failed', actions: 'reportFailed' },
        'engine.drained': {},
        'engine.grantNeeded': [
          { guard: 'isInContact', actions: ['noteAsked', 'askGrant'] },
          { actions: 'noteAsked' },
        ],
        'contact.made': [
          { guard: 'isGrantAsked', actions: ['noteContact', 'askGrant'] },
          { actions: 'noteContact' },
        ],
        'quota.refused': { actions: ['noteRefused', 'reportQuotaExhausted'] },
        'link.down': { target: 'aborting', actions: 'abortEngine' },
        'order.abort': { target: 'aborting', actions: 'abortEngine' },
      },
      states: {
        flowing: {
          on: {
            'order.pause': 'draining',
            'order.resume': [
              { guard: 'wasRefused', actions: ASKING_AGAIN },
              { actions: 'resumeEngine' },
            ],
            'engine.credentialExpired': {
              target: 'expired',
              actions: 'reportCredentialExpired',
            },
          },
        },
        draining: {
          entry: 'pauseEngine',
          on: {
            'engine.drained': { target: 'paused', actions: 'reportDrained' },
            'engine.credentialExpired': {},
            'order.resume': RESUMING,
            'order.pause': {},
          },
        },
        paused: {
          on: {
            'order.resume': RESUMING,
            'order.pause': { actions: 'reportDrained' },
            'engine.credentialExpired': {},
          },
        },
        /** The storage, or this process's own clock (C16), says that the credential has ended. */
        expired: {
          on: {
            'order.pause': 'draining',
            'order.resume': RESUMING,
            'engine.credentialExpired': {},
          },
        },
      },
    },
    aborting: {
      on: {
        'engine.completed': { target: 'completed', actions: 'reportCompleted' },
        'engine.failed': { target: 'failed', actions: 'reportFailed' },
        'engine.drained': {},
        'engine.grantNeeded': {},
        'engine.credentialExpired': {},
        'order.abort': {},
        'order.cleanUp': { target: 'abortingToClean', actions: 'cleanUpEngine' },
      },
    },
    /** Q3: the clean-up is ordered while puts are still in flight; the engine does it after them. */
    abortingToClean: {
      on: {
        'engine.completed': { target: 'completed', actions: 'reportCleaned' },
        'engine.failed': { target: 'cleaning', actions: 'reportFailed' },
        'engine.cleaned': { target: 'failed', actions: 'reportCleaned' },
        'engine.drained': {},
        'engine.grantNeeded': {},
        'engine.credentialExpired': {},
        'order.abort': {},
        'order.cleanUp': {},
      },
    },
    completed: {
      on: {
        'engine.drained': {},
        'engine.failed': {},
        'order.pause': {},
        'order.abort': {},
        'order.cleanUp': { actions: 'reportCleaned' },
      },
    },
    failed: {
      on: {
        'order.cleanUp': { target: 'cleaning', actions: 'cleanUpEngine' },
        'engine.drained': {},
        'engine.grantNeeded': {},
        'engine.credentialExpired': {},
        'engine.failed': {},
      },
    },
    /** Q3: removing what the failed session stored. */
    cleaning: {
      on: {
        'engine.cleaned': { target: 'failed', actions: 'reportCleaned' },
        'engine.failed': { target: 'failed', actions: 'reportCleaned' },
        'engine.drained': {},
        'engine.credentialExpired': {},
        'order.cleanUp': {},
      },
    },
    stopped: { type: 'final', entry: ['disarm', 'stopProcess'] },
  },
});
