import { assign, emit, setup } from 'xstate';
import { UnexpectedEventError } from '../ports/unexpected-event.ts';
import type {
  ConnectionContext,
  ConnectionEvent,
  ConnectionInput,
  ConnectionRequest,
} from './control-connection.events.ts';

const NO_DEADLINES: ConnectionContext['deadlines'] = {
  handshake: null,
  heartbeat: null,
  silence: null,
  backoff: null,
};

/**
 * Owns one persistent connection to the SP through the cloud gateway (P5): the tenant server's, or
 * a direct target mover's (P3, P4). It must not know what is said over it, nor give up by itself:
 * how long a session waits is the session's business (P8).
 */
const connection = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
    emitted: {} as ConnectionRequest,
    input: {} as ConnectionInput,
  },
  actions: {
    armHandshake: assign(({ context, event }) => ({
      deadlines: { ...NO_DEADLINES, handshake: event.at + context.input.handshakeTimeoutMs },
    })),
    armConnected: assign(({ context, event }) => ({
      attempt: 0,
      lastError: null,
      deadlines: {
        ...NO_DEADLINES,
        heartbeat: event.at + context.input.heartbeatMs,
        silence: event.at + context.input.silenceMs,
      },
    })),
    armHeartbeat: assign(({ context, event }) => ({
      deadlines: { ...context.deadlines, heartbeat: event.at + context.input.heartbeatMs },
    })),
    armSilence: assign(({ context, event }) => ({
      deadlines: { ...context.deadlines, silence: event.at + context.input.silenceMs },
    })),
    /** L6: exponential, capped. */
    armBackoff: assign(({ context, event }) => {
      const { backoffFirstMs, backoffCapMs } = context.input;
      const delayMs = Math.min(backoffCapMs, backoffFirstMs * 2 ** Math.min(context.attempt, 30));
      return {
        attempt: context.attempt + 1,
        deadlines: { ...NO_DEADLINES, backoff: event.at + delayMs },
      };
    }),
    disarm: assign({ deadlines: NO_DEADLINES }),
    keepError: assign({
      lastError: ({ event }) => ('code' in event ? event.code : ('channel.lost' as const)),
    }),
    forgetAttempts: assign({ attempt: 0, lastError: null }),
    openLink: emit({ type: 'link.open' }),
    closeLink: emit({ type: 'link.close' }),
    sayHello: emit({ type: 'hello.send' }),
    sendHeartbeat: emit({ type: 'heartbeat.send' }),
    reportUp: emit({ type: 'connection.up' }),
    reportDown: emit({ type: 'connection.down' }),
    reportRefused: emit(({ event }) => ({
      type: 'connection.refused' as const,
      code: 'code' in event ? event.code : ('channel.refused' as const),
    })),
    raiseUnexpected: ({ event }) => {
      throw new UnexpectedEventError('control connection', event.type);
    },
  },
});

export const controlConnectionMachine = connection.createMachine({
  id: 'controlConnection',
  context: ({ input }) => ({
    input,
    attempt: 0,
    lastError: null,
    deadlines: NO_DEADLINES,
  }),
  initial: 'idle',
  on: {
    // News of a link that is no longer this machine's, or that says nothing new.
    'link.opened': { actions: 'closeLink' },
    'link.failed': {},
    'link.lost': {},
    'hello.accepted': {},
    'hello.refused': {},
    'peer.heard': {},
    'connection.required': {},
    'connection.released': { target: '.idle', actions: 'closeLink' },
    '*': { actions: 'raiseUnexpected' },
  },
  states: {
    idle: {
      entry: ['disarm', 'forgetAttempts'],
      on: { 'connection.required': 'dialing', 'connection.released': {} },
    },
    dialing: {
      entry: ['armHandshake', 'openLink'],
      on: {
        'link.opened': 'handshaking',
        'link.failed': { target: 'backingOff', actions: 'keepError' },
        'link.lost': { target: 'backingOff', actions: 'keepError' },
        'alarm.handshake': { target: 'backingOff', actions: ['keepError', 'closeLink'] },
      },
    },
    /** With TLS 1.3 a client sees "connected" before the server has refused it: only a yes counts. */
    handshaking: {
      entry: ['armHandshake', 'sayHello'],
      on: {
        'hello.accepted': 'connected',
        'hello.refused': { target: 'refused', actions: ['keepError', 'closeLink'] },
        'link.lost': { target: 'backingOff', actions: 'keepError' },
        'alarm.handshake': { target: 'backingOff', actions: ['keepError', 'closeLink'] },
      },
    },
    connected: {
      entry: ['armConnected', 'reportUp'],
      exit: 'reportDown',
      on: {
        'peer.heard': { actions: 'armSilence' },
        'alarm.heartbeat': { actions: ['armHeartbeat', 'sendHeartbeat'] },
        'alarm.silence': { target: 'backingOff', actions: ['keepError', 'closeLink'] },
        'link.lost': { target: 'backingOff', actions: 'keepError' },
        'connection.required': { actions: 'reportUp' },
      },
    },
    backingOff: {
      entry: 'armBackoff',
      on: { 'alarm.backoff': 'dialing' },
    },
    /** The SP said no; asking again is somebody's decision, not a timer's. */
    refused: {
      entry: ['disarm', 'reportRefused'],
      on: { 'connection.required': 'dialing' },
    },
  },
});
