import { describe, expect, test } from 'vitest';
import {
  type AnyStateMachine,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  fromPromise,
  log,
  raise,
  sendTo,
  spawnChild,
  stateIn,
  stopChild,
} from 'xstate';
import {
  ACTIVE,
  CompileRefusal,
  compileMachine,
  FAILED,
  Requests,
} from '../../../../sim/kernel/compile/index.ts';

type Config = Parameters<typeof createMachine>[0];
type State = NonNullable<NonNullable<Config['states']>[string]>;

/** A machine `m` whose state `a.b` is as given. */
function withState(state: State, rest: Config = {}): AnyStateMachine {
  const states = { a: { initial: 'b', states: { b: state, c: {} } } };
  return createMachine({ id: 'm', initial: 'a', states, ...rest } as Config) as AnyStateMachine;
}

const logic = fromPromise(async () => 1);

const ROWS: readonly (readonly [string, AnyStateMachine, string, RegExp])[] = [
  [
    'parallel',
    withState({ type: 'parallel', states: { x: {}, y: {} } }),
    'a.b',
    /parallel regions/,
  ],
  [
    'history',
    withState({ initial: 'x', states: { x: {}, h: { type: 'history' } } }),
    'a.b.h',
    /history/,
  ],
  ['invoke', withState({ invoke: { src: logic } }), 'a.b', /invoked actor/],
  ['after', withState({ after: { 10: 'c' } }), 'a.b', /delayed transition/],
  ['partial wildcard', withState({ on: { 'x.*': 'c' } }), 'a.b', /"x\.\*"/],
  [
    'delayed raise',
    withState({ entry: raise({ type: 'x' }, { delay: 5 }) }),
    'a.b',
    /a raise with a delay/,
  ],
  ['sendTo', withState({ entry: sendTo('x', { type: 'y' }) }), 'a.b', /sendTo/],
  ['spawnChild', withState({ exit: spawnChild(logic) }), 'a.b', /spawnChild/],
  ['stopChild', withState({ exit: stopChild('x') }), 'a.b', /stopChild/],
  ['cancel', withState({ on: { x: { actions: cancel('y') } } }), 'a.b', /cancel/],
  ['log', withState({ entry: log('x') }), 'a.b', /log/],
  ['stateIn', withState({ on: { x: { guard: stateIn('a'), target: 'c' } } }), 'a.b', /stateIn/],
  [
    'unknown guard',
    withState({ always: { guard: 'nobody', target: 'c' } }),
    'a.b',
    /guard "nobody"/,
  ],
  ['unknown action', withState({ entry: 'nobody' }), 'a.b', /action "nobody"/],
  ['no states', createMachine({ id: 'm' }) as AnyStateMachine, '', /without states/],
  [
    'maxIterations',
    withState({}, { options: { maxIterations: 5 } } as Config),
    '',
    /maxIterations/,
  ],
  ['routes', withState({ id: 'r', route: {} } as State), '', /route/],
];

describe('refused when compiled', () => {
  test.each(ROWS)('%s', (_, machine, state, why) => {
    const refusal = refusalOf(() => compileMachine(machine));
    expect(refusal).toMatchObject({ machine: 'm', state });
    expect(refusal.message).toMatch(why);
    expect(refusal.message).toMatch(/run it on XState$/);
  });
});

describe('refused when a callback asks for it', () => {
  const machineWith = (collect: Parameters<typeof enqueueActions>[0]) =>
    compileMachine(withState({ on: { x: { actions: enqueueActions(collect as never) } } }));
  const asking: readonly (readonly [string, Parameters<typeof enqueueActions>[0], RegExp])[] = [
    ['sendTo', ({ enqueue }) => enqueue.sendTo('y' as never, { type: 'z' } as never), /sendTo/],
    ['cancel', ({ enqueue }) => enqueue.cancel('y'), /cancel/],
    ['spawnChild', ({ enqueue }) => enqueue.spawnChild(logic as never), /spawnChild/],
    ['stopChild', ({ enqueue }) => enqueue.stopChild('y'), /stopChild/],
    [
      'delayed raise',
      ({ enqueue }) => enqueue.raise({ type: 'z' } as never, { delay: 1 }),
      /delay/,
    ],
  ];

  test.each(asking)('%s', (_, collect, why) => {
    const program = machineWith(collect);
    const instance = program.startWith({});
    const refusal = refusalOf(() => program.step(instance, { type: 'x' }, new Requests()));
    expect(refusal.message).toMatch(why);
    expect(instance.error).toBe(refusal);
  });

  test('enqueue after its callback has returned', () => {
    let kept: (event: object) => void = () => {};
    const program = machineWith(({ enqueue }) => {
      kept = enqueue.emit as never;
    });
    program.step(program.startWith({}), { type: 'x' }, new Requests());
    expect(refusalOf(() => kept({ type: 'late' })).message).toMatch(/has returned/);
  });
});

describe('what only an actor has', () => {
  test.each([
    ['self of an assign', assign(({ self }) => ({ self })), /no "self"/],
    ['system of a request', emit(({ system }) => ({ type: 'x', system })), /no "system"/],
    ['spawn of an assign', assign(({ spawn }) => ({ child: spawn(logic) })), /cannot spawn/],
  ])('%s is an error, not undefined', (_, action, why) => {
    const program = compileMachine(withState({ on: { x: { actions: action as never } } }));
    const instance = program.startWith({});
    expect(() => program.step(instance, { type: 'x' }, new Requests())).toThrow(why);
  });

  test('a step within a step of the same machine is an error; the inner instance is untouched', () => {
    let other: () => void = () => {};
    const states = { a: { on: { x: { actions: () => other() }, y: 'b' } }, b: {} };
    const program = compileMachine(createMachine({ initial: 'a', states }) as AnyStateMachine);
    const [outer, inner] = [program.startWith({}), program.startWith({})];
    other = () => program.step(inner, { type: 'y' }, new Requests());
    expect(() => program.step(outer, { type: 'x' }, new Requests())).toThrow(/do not nest/);
    expect([inner.state, inner.status, outer.status]).toEqual([0, ACTIVE, FAILED]);
    other();
    expect(program.states[inner.state]).toBe('b');
  });

  test("XState's own events are sent by nobody", () => {
    const program = compileMachine(withState({}));
    const instance = program.startWith({});
    const send = (type: string) => () => program.step(instance, { type }, new Requests());
    expect(send('xstate.stop')).toThrow(/XState's own/);
    expect(send('*')).toThrow(/wildcard/);
  });
});

describe('a snapshot that does not belong', () => {
  const program = compileMachine(withState({}));
  const good = program.persist(program.startWith({})) as unknown as Record<string, unknown>;

  test.each([
    ['a state that the machine does not have', { value: { a: 'z' } }, /no state/],
    ['two regions', { value: { a: 'b', x: 'y' } }, /no state/],
    ['children', { children: { child: {} } }, /children/],
    ['history', { historyValue: { h: [] } }, /history/],
    ['an unknown status', { status: 'stopped' }, /"stopped"/],
  ])('%s', (_, wrong, why) => {
    expect(() => program.restore({ ...good, ...wrong } as never)).toThrow(why);
  });

  test('a value that stops early means the states that it begins with', () => {
    const { state } = program.restore({ ...good, value: 'a' } as never);
    expect(program.states[state]).toBe('a.b');
  });
});

function refusalOf(act: () => unknown): CompileRefusal {
  try {
    act();
  } catch (error) {
    if (error instanceof CompileRefusal) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
