import { describe, expect, test } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { Checker, Search, SYSTEMS, System, systemNamed } from '../../../sim/explore/index.ts';
import type { MachineStep, Stepper } from '../../../sim/explore/machine-step.ts';
import type { ScopeCell } from '../../../sim/explore/scope-cell.ts';
import type { SearchLimits } from '../../../sim/explore/search.ts';
import type { FaultKind } from '../../../sim/explore/settings.ts';
import type { AnyMachine } from '../../../sim/kernel/compile/index.ts';

const NO_LIMITS = { depth: null, bytes: null, isOver: () => false };

function checker(): Checker {
  let ticks = 0;
  const now = (): number => {
    ticks += 1;
    return ticks;
  };
  return new Checker({ ...NO_LIMITS, now });
}

describe('every system, one session, no fault: no rule is broken and every session ends (L1)', () => {
  test.each(SYSTEMS.map((settings) => [settings.name, settings] as const))(
    '%s',
    (_name, settings) => {
      const report = checker().exhaust(settings, { scopes: 1, sessions: 1, faults: 0 });
      expect(report.broken).toEqual([]);
      expect(report.end).toBe('complete');
      expect(report.liveness?.stuck).toBeNull();
      expect(report.states).toBeGreaterThan(5);
    },
  );
});

test('two sessions share one scope: no rule is broken (C12, I31)', () => {
  const one = checker();
  const report = one.exhaust(systemNamed('iam-sts'), { scopes: 1, sessions: 2, faults: 0 });
  expect(report.broken).toEqual([]);
  expect(report.end).toBe('complete');
  const shared = one.exercised().find(({ id }) => id === 'C12, I31');
  expect(shared?.steps).toBeGreaterThan(0);
});

test('two scopes are the pairs of what one can be, in either order', () => {
  const settings = { ...systemNamed('share'), faults: [] };
  const statesOf = (scopes: number): number => {
    const bounds = { scopes, sessions: 1, faults: 0 };
    return new Search(new System({ settings, bounds }), NO_LIMITS).run().states;
  };
  const one = statesOf(1);
  expect(statesOf(2)).toBe((one * (one + 1)) / 2);
  expect(statesOf(3)).toBe((one * (one + 1) * (one + 2)) / 6);
});

test('two sessions in either order are one state: with symmetry fewer states than pairs', () => {
  const settings = { ...systemNamed('gateway'), faults: [] };
  const statesOf = (sessions: number): number => {
    const bounds = { scopes: 1, sessions, faults: 0 };
    return new Search(new System({ settings, bounds }), NO_LIMITS).run().states;
  };
  const one = statesOf(1);
  expect(statesOf(2)).toBe((one * (one + 1)) / 2);
});

test.each<[string, readonly FaultKind[], number]>([
  ['aws-direct', ['issuer', 'contact'], 1_000],
  ['quota-contact', ['contact', 'quota'], 100],
  ['mover-gate', ['contact', 'storage'], 1_000],
  ['connection', ['channel', 'refusal', 'late'], 30],
])(
  'XState itself takes every step of %s as the compiled tables do',
  (name, faults, count) => {
    let compared = 0;
    const compare = (step: MachineStep): void => {
      const { machine, state, context, event, next, nextContext, requests } = step;
      const steppers = [...system.hubLogic.steppers, ...system.spokeLogic.steppers];
      const stepper = steppers.find(({ program }) => program.machine === machine);
      const { program } = stepper as Stepper<AnyMachine>;
      const snapshot = machine.resolveState({
        value: program.valueOf(state) as never,
        context: context as never,
      });
      const [after, actions] = transition(machine, snapshot as never, event as never);
      expect(after.value).toEqual(program.valueOf(next));
      expect(after.context).toEqual(nextContext);
      const emitted = actions.flatMap((action) => {
        const { type, params } = action as { type: string; params?: { event?: unknown } };
        return type === 'xstate.emit' ? [params?.event] : [];
      });
      expect(emitted).toEqual(requests);
      compared += 1;
    };
    const system = new System({
      settings: { ...systemNamed(name), faults },
      bounds: { scopes: 1, sessions: 1, faults: 1 },
      watchers: [compare],
    });
    const { end } = new Search(system, NO_LIMITS).run();
    expect(end).toBe('complete');
    expect(compared).toBeGreaterThan(count);
  },
  120_000,
);

test('a machine starts in the explorer as XState starts it', () => {
  const system = new System({
    settings: systemNamed('aws-direct'),
    bounds: { scopes: 1, sessions: 1, faults: 0 },
  });
  const { stepper, initial } = system.hubLogic as ScopeCell;
  const { program } = stepper;
  const { settings } = initial.context;
  const input = { settings, current: null, older: [], lastGeneration: 0 };
  const [snapshot] = initialTransition(program.machine, input);
  expect(snapshot.value).toEqual(program.valueOf(initial.state));
});

test('a search that is cut short says so', () => {
  const bounds = { scopes: 1, sessions: 1, faults: 0 };
  const settings = systemNamed('aws-direct');
  const run = (limits: Partial<SearchLimits>) =>
    new Search(new System({ settings, bounds }), { ...NO_LIMITS, ...limits }).run();
  expect(run({ depth: 5 }).end).toBe('depth');
  expect(run({ isOver: () => true }).end).toBe('stopped');
  expect(run({ bytes: 1 }).end).toBe('memory');
});

test('the same seed walks the same way', () => {
  const run = () => {
    const one = checker();
    one.walk(systemNamed('aws-direct'), { scopes: 1, sessions: 2, faults: 3 }, 5, 'seed');
    const { transitions } = one.reports[0] ?? { transitions: 0 };
    return { transitions, exercised: one.exercised() };
  };
  expect(run()).toEqual(run());
});
