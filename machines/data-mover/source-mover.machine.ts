import { assign, emit, setup } from 'xstate';
import { UnexpectedEventError } from '../ports/unexpected-event.ts';
import type { MoverContext, MoverEvent, MoverInput, MoverRequest } from './data-mover.events.ts';

/**
 * Owns the life of a source data mover (P1): ready, linked to its target mover, moving, ended. It
 * must never hold a credential (I63).
 */
export const sourceMoverMachine = setup({
  types: {
    context: {} as MoverContext,
    events: {} as MoverEvent,
    emitted: {} as MoverRequest,
    input: {} as MoverInput,
  },
  actions: {
    armLink: assign(({ context, event }) => ({
      deadlines: { link: event.at + context.input.linkTimeoutMs },
    })),
    disarm: assign({ deadlines: { link: null } }),
    awaitLink: emit({ type: 'link.await' }),
    startEngine: emit({ type: 'engine.start' }),
    abortEngine: emit(({ event }) => ({
      type: 'engine.abort' as const,
      code: event.type === 'order.abort' ? event.code : ('link.lost' as const),
    })),
    reportCompleted: emit({ type: 'report.completed' }),
    reportFailed: emit(({ event }) => ({
      type: 'report.failed' as const,
      code: 'code' in event ? event.code : ('link.lost' as const),
    })),
    stopProcess: emit({ type: 'process.stop' }),
    raiseUnexpected: ({ event }) => {
      throw new UnexpectedEventError('source mover', event.type);
    },
  },
}).createMachine({
  id: 'sourceMover',
  context: ({ input }) => ({ input, deadlines: { link: null } }),
  initial: 'ready',
  on: {
    'order.stop': '.stopped',
    'order.start': {},
    'order.abort': {},
    'link.up': {},
    'link.down': {},
    '*': { actions: 'raiseUnexpected' },
  },
  states: {
    ready: {
      on: {
        'order.start': 'linking',
        'order.abort': { target: 'failed', actions: 'reportFailed' },
      },
    },
    linking: {
      entry: ['armLink', 'awaitLink'],
      exit: 'disarm',
      on: {
        'link.up': 'moving',
        'link.down': { target: 'failed', actions: 'reportFailed' },
        'alarm.link': { target: 'failed', actions: 'reportFailed' },
        'order.abort': { target: 'failed', actions: 'reportFailed' },
      },
    },
    moving: {
      entry: 'startEngine',
      on: {
        'engine.completed': { target: 'completed', actions: 'reportCompleted' },
        'engine.failed': { target: 'failed', actions: 'reportFailed' },
        'link.down': { target: 'aborting', actions: 'abortEngine' },
        'order.abort': { target: 'aborting', actions: 'abortEngine' },
      },
    },
    aborting: {
      on: {
        'engine.completed': { target: 'completed', actions: 'reportCompleted' },
        'engine.failed': { target: 'failed', actions: 'reportFailed' },
      },
    },
    completed: { on: { 'engine.completed': {}, 'engine.failed': {} } },
    failed: { on: { 'engine.completed': {}, 'engine.failed': {}, 'order.start': {} } },
    stopped: { type: 'final', entry: ['disarm', 'stopProcess'] },
  },
});
