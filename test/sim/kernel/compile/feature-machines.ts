import {
  type AnyStateMachine,
  and,
  assign,
  createMachine,
  emit,
  enqueueActions,
  not,
  or,
  raise,
  setup,
} from 'xstate';
import type { AnyEvent } from './side-by-side.ts';

/** Emits its name, so that the order of everything can be seen. */
const say = (word: string) => emit({ type: 'said', word }) as never;
const count = assign({ n: ({ context }: { context: { n: number } }) => context.n + 1 }) as never;

type Said = { readonly type: string; readonly word?: string; readonly n?: number };
type Config = Parameters<typeof createMachine>[0];
const withSetup = setup({
  types: {
    context: {} as { n: number; log?: string[] },
    events: {} as AnyEvent,
    emitted: {} as Said,
  },
  guards: {
    isAbove: ({ context }, limit: number) => context.n > limit,
    isEven: ({ context }) => context.n % 2 === 0,
    isOddAndAbove: and([not('isEven'), { type: 'isAbove', params: 1 }]),
    isEvenOrAbove: or(['isEven', { type: 'isAbove', params: 2 }]),
    throws: () => {
      throw new Error('a guard that cannot');
    },
  },
  actions: {
    add: assign((_, by: number) => ({ n: by })),
    addOf: assign(({ context }, by: number) => ({ n: context.n + by })),
    sayN: emit(({ context }) => ({ type: 'n', n: context.n })),
    fails: () => {
      throw new Error('an action that cannot');
    },
  },
});

/** Its types are those of any machine; inside a setup they would have to name every action. */
const mixed = enqueueActions(({ context, enqueue, check }) => {
  enqueue.emit({ type: 'first' });
  enqueue.assign({ n: context.n + 10 });
  enqueue.emit(({ context: { n } }) => ({ type: 'seen', n }));
  if (check({ type: 'isAbove', params: 5 } as never))
    enqueue({ type: 'addOf', params: 100 } as never);
  enqueue('sayN' as never);
  enqueue.assign(({ context: { n } }) => ({ log: [`${n}`] }));
  enqueue.raise({ type: 'inner' });
  enqueue.emit({ type: 'last' });
}) as never;

export interface FeatureRow {
  readonly feature: string;
  readonly machine: AnyStateMachine;
  /** Names of events; each is sent with `at`. */
  readonly events: readonly string[];
  /** What the whole run says, as a check that the feature was reached. */
  readonly said: readonly string[];
}

function plain(config: Config): AnyStateMachine {
  return createMachine(config) as AnyStateMachine;
}

export const FEATURES: readonly FeatureRow[] = [
  {
    feature:
      'inner states before outer ones, guards in order, an empty transition stops the search',
    machine: plain({
      initial: 'a',
      on: { x: { actions: say('root') }, y: { actions: say('rootY') } },
      states: {
        a: {
          initial: 'b',
          on: { x: { actions: say('a') } },
          states: {
            b: {
              on: {
                x: [{ guard: () => false, actions: say('never') }, { actions: say('b') }],
                y: {},
                z: 'c',
              },
            },
            c: {},
          },
        },
      },
    }),
    events: ['x', 'y', 'z', 'x', 'y'],
    said: ['b', 'a', 'rootY'],
  },
  {
    feature: 'exit, transition and entry actions in order, over several levels',
    machine: plain({
      initial: 'a',
      entry: say('in root'),
      states: {
        a: {
          entry: say('in a'),
          exit: say('out a'),
          initial: 'b',
          states: { b: { entry: say('in b'), exit: say('out b'), on: { go: '#deep' } } },
        },
        c: {
          entry: say('in c'),
          exit: say('out c'),
          initial: 'other',
          states: {
            other: {},
            d: {
              entry: say('in d'),
              initial: 'e',
              states: {
                e: { id: 'deep', entry: say('in e'), on: { go: { actions: say('stay') } } },
              },
            },
          },
        },
      },
    }),
    events: ['go', 'go'],
    said: ['in root', 'in a', 'in b', 'out b', 'out a', 'in c', 'in d', 'in e', 'stay'],
  },
  {
    feature: 'reenter, a target within, a target that is the source',
    machine: plain({
      initial: 'a',
      states: {
        a: {
          initial: 'b',
          entry: say('in a'),
          exit: say('out a'),
          on: {
            within: '.c',
            self: 'a',
            again: { target: 'a', reenter: true },
            deepAgain: { target: '.c', reenter: true },
          },
          states: { b: { entry: say('in b'), exit: say('out b') }, c: { entry: say('in c') } },
        },
      },
    }),
    events: ['within', 'self', 'again', 'deepAgain'],
    said: [
      ...['in a', 'in b', 'out b', 'in c', 'in b', 'out b', 'out a', 'in a', 'in b'],
      ...['out b', 'out a', 'in a', 'in c'],
    ],
  },
  {
    feature: 'initial actions, of the machine and of an inner state that is entered by default',
    machine: plain({
      initial: { target: 'a', actions: say('initial root') } as never,
      states: {
        a: {
          initial: { target: 'b', actions: say('initial a') } as never,
          entry: say('in a'),
          states: { b: { entry: say('in b'), on: { out: '#x' } }, c: {} },
          on: { direct: '.c', reset: { target: 'a', reenter: true } },
        },
        x: { id: 'x', on: { back: 'a', toC: 'a.c' } },
      },
    }),
    events: ['direct', 'reset', 'out', 'toC', 'reset'],
    said: [
      ...['initial root', 'in a', 'initial a', 'in b', 'in a', 'initial a', 'in b'],
      ...['in a', 'in a', 'initial a', 'in b'],
    ],
  },
  {
    feature: 'eventless transitions in a row, with assigns between, until nothing changes',
    machine: plain({
      context: { n: 0 },
      initial: 'a',
      states: {
        a: {
          on: { go: { target: 'b', actions: count } },
          always: { guard: ({ context }) => context.n > 2, target: 'd' },
        },
        b: {
          always: [
            { guard: ({ context }) => context.n > 3, target: 'c' },
            { target: 'a', actions: [count, say('back')] },
          ],
        },
        c: { entry: say('in c') },
        d: {
          entry: say('in d'),
          always: { actions: say('once'), guard: ({ context }) => context.n > 0 },
        },
      },
    }),
    events: ['go', 'go', 'x'],
    said: ['back', 'back', 'in d', 'once', 'once'],
  },
  {
    feature: 'raised events come after eventless transitions; wildcards take what nobody names',
    machine: plain({
      initial: 'a',
      states: {
        a: {
          on: {
            go: { target: 'b', actions: [raise({ type: 'one' }), raise(() => ({ type: 'two' }))] },
            '*': { actions: say('any in a') },
          },
        },
        b: { always: { target: 'c', actions: say('always') } },
        c: { on: { one: { actions: say('one') }, '*': { actions: say('any in c') } } },
      },
    }),
    events: ['unknown', 'go', 'strange'],
    said: ['any in a', 'always', 'one', 'any in c', 'any in c'],
  },
  {
    feature: 'an inner final state, onDone with its output, and the end of the machine with output',
    machine: plain({
      context: { n: 1 },
      initial: 'work',
      exit: say('out root'),
      output: ({ context, event }) => ({ ...context, said: event.output, type: event.type }),
      states: {
        work: {
          initial: 'doing',
          exit: say('out work'),
          onDone: { target: 'end', actions: emit(({ event }) => ({ type: 'done', event })) },
          states: {
            doing: { on: { finish: 'finished' } },
            finished: {
              type: 'final',
              output: ({ context }: { context: { n: number } }) => context.n,
              exit: say('out finished'),
            },
          },
        },
        end: { type: 'final', entry: count, output: 'at the end', exit: [say('out end'), count] },
      },
    }),
    events: ['finish', 'finish'],
    said: ['out finished', 'out work', 'xstate.done.state.(machine).work', 'out end', 'out root'],
  },
  {
    feature: 'guards and actions by name, with parameters fixed and computed; and, or, not',
    machine: withSetup.createMachine({
      context: { n: 0 },
      initial: 'a',
      states: {
        a: {
          on: {
            set: { actions: { type: 'add', params: 2 } },
            more: {
              guard: { type: 'isAbove', params: ({ context }) => context.n - 1 },
              actions: ['sayN', { type: 'addOf', params: ({ context }) => context.n }, 'sayN'],
            },
            odd: [{ guard: 'isOddAndAbove', actions: say('odd') }, { actions: say('not odd') }],
            even: [{ guard: 'isEvenOrAbove', actions: say('even') }, { actions: say('not even') }],
            one: { actions: { type: 'addOf', params: 1 } },
          },
        },
      },
    }) as AnyStateMachine,
    events: ['odd', 'even', 'set', 'more', 'one', 'odd', 'even', 'set', 'one', 'odd'],
    said: ['not odd', 'even', '2', '4', 'odd', 'even', 'odd'],
  },
  {
    feature: 'enqueueActions: requests, assigns, named actions, check and raise in their order',
    machine: withSetup.createMachine({
      context: { n: 0 },
      initial: 'a',
      states: {
        a: {
          on: {
            go: { actions: [mixed, 'sayN'] },
            inner: { actions: say('inner') },
          },
        },
      },
    }) as AnyStateMachine,
    events: ['go', 'go'],
    said: [
      ...['first', '10', '10', 'last', '10', 'inner'],
      ...['first', '20', '120', 'last', '120', 'inner'],
    ],
  },
  {
    feature: 'assign of properties: fixed, computed with the context as it was, and new ones',
    machine: plain({
      context: { a: 1, b: 2 },
      initial: 's',
      states: {
        s: {
          on: {
            swap: {
              actions: assign({ a: ({ context }) => context.b, b: ({ context }) => context.a }),
            },
            more: { actions: assign({ c: 'new', a: undefined }) },
            nothing: { actions: [assign({}), assign(() => undefined as never)] },
            strange: {
              actions: assign(() => Object.create(null, { z: { value: 1, enumerable: true } })),
            },
          },
        },
      },
    }),
    events: ['swap', 'more', 'nothing', 'strange'],
    said: [],
  },
  {
    feature: 'a guard that throws kills the machine; its requests are taken back',
    machine: withSetup.createMachine({
      context: { n: 0 },
      initial: 'a',
      states: {
        a: { on: { go: { target: 'b', actions: [count, say('lost')] } } },
        b: { always: { guard: 'throws', target: 'a' } },
      },
    }) as AnyStateMachine,
    events: ['go', 'go'],
    said: [],
  },
  {
    feature: 'a guard of an event that throws is reported with event and state',
    machine: withSetup.createMachine({
      context: { n: 0 },
      initial: 'a',
      states: { a: { on: { go: { guard: 'throws', target: 'a' } } } },
    }) as AnyStateMachine,
    events: ['go'],
    said: [],
  },
  {
    feature:
      'an action of the first step that throws: the state is entered, no request is delivered',
    machine: withSetup.createMachine({
      context: { n: 0 },
      initial: 'a',
      entry: [say('lost'), 'fails', say('lost too')],
      states: { a: { entry: count } },
    }) as AnyStateMachine,
    events: ['x'],
    said: [],
  },
  {
    feature: 'an assign of the first step that throws: nothing has happened',
    machine: plain({
      context: { n: 0 },
      initial: 'a',
      entry: [say('lost'), count],
      states: {
        a: {
          entry: assign(() => {
            throw new Error('an assign that cannot');
          }),
        },
      },
    }),
    events: ['x'],
    said: [],
  },
  {
    feature: 'a context that cannot be made',
    machine: plain({
      context: () => {
        throw new Error('no context');
      },
      initial: 'a',
      states: { a: {} },
    }),
    events: ['x'],
    said: [],
  },
  {
    feature: 'a machine that ends in its first step, tags and meta',
    machine: plain({
      initial: 'a',
      tags: 'outer',
      meta: { of: 'root' },
      output: 'a fixed output',
      states: {
        a: { tags: ['inner'], meta: 7 as never, always: 'b' },
        b: { type: 'final', tags: 'last' },
      },
    }),
    events: ['x'],
    said: [],
  },
];
