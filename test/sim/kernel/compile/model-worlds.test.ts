import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { backupSessionMachine } from '../../../../machines/backup-session/index.ts';
import { credentialLifecycleMachine } from '../../../../machines/credential-lifecycle/index.ts';
import { compileMachine, type Program, type Step } from '../../../../sim/kernel/compile/index.ts';
import { checkLifecycle } from '../../../model/lifecycle-run.ts';
import {
  EVERY_CONNECT,
  FOURTEEN_DAYS,
  SEVEN_DAYS,
  THIRTY_DAYS,
} from '../../../model/lifecycle-settings.ts';
import {
  anyDraws,
  healthyDraws,
  type SessionDraw,
  storyDraws,
} from '../../../model/session-inputs.ts';
import { SessionWorld } from '../../../model/session-world.ts';
import { property } from '../../../support/seed.ts';
import { assertSame } from './side-by-side.ts';

/**
 * The machine on XState, as the model worlds run it, with tables that take every step beside it and
 * are compared. What differs is thrown within the step: the world sees a machine that has died.
 */
function watched<Machine extends AnyStateMachine>(machine: Machine, onStep: () => void): Machine {
  const program = compileMachine(machine) as unknown as Program<AnyStateMachine>;
  const into = program.emptyStep();
  const transition: AnyStateMachine['transition'] = (snapshot, event, scope) => {
    const emitted: unknown[] = [];
    const listening = {
      ...scope,
      actionExecutor: (action: Parameters<typeof scope.actionExecutor>[0]) => {
        const { event: request } = (action.params ?? {}) as { readonly event?: unknown };
        if (action.type === 'xstate.emit') emitted.push(request);
        scope.actionExecutor(action);
      },
    };
    const next = machine.transition(snapshot, event, listening);
    if (event.type.startsWith('xstate.')) return next;
    onStep();
    const state = program.stateNumber(pathOf(snapshot.value));
    compare(program.next(state, snapshot.context, event, into), next, emitted);
    return next;
  };
  const compare = (
    step: Step<AnyStateMachine>,
    next: ReturnType<typeof transition>,
    emitted: unknown,
  ): void => {
    assertSame('state', program.valueOf(step.state), next.value);
    assertSame('context', step.context, next.context);
    assertSame('status', ['active', 'done'][step.status], next.status);
    assertSame('output', step.output, next.output);
    assertSame('requests', step.emitted.toArray(), emitted);
  };
  return Object.create(machine, { transition: { value: transition } }) as Machine;
}

function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[key, inner] = ['', '']] = Object.entries(value as object);
  return `${key}.${pathOf(inner)}`;
}

describe('tables beside the machines in the model worlds', () => {
  let stepCount = 0;
  const onStep = (): void => {
    stepCount += 1;
  };
  const session = watched(backupSessionMachine, onStep);

  property(
    'the session takes the same steps in any world',
    [fc.oneof(anyDraws, healthyDraws)],
    (draw) => {
      new SessionWorld(draw, { machine: session }).run();
      return true;
    },
    { numRuns: 300, examples: storyDraws.map((draw): [SessionDraw] => [draw]) },
  );

  test.each([
    ['14 days', FOURTEEN_DAYS],
    ['30 days', THIRTY_DAYS],
    ['7 days', SEVEN_DAYS],
    ['every connect', EVERY_CONNECT],
  ])('the credential lifecycle takes the same steps: %s', (_, settings) => {
    const machine = watched(credentialLifecycleMachine, onStep);
    const { failed, error } = checkLifecycle(settings, { numRuns: 60, machine }) as {
      readonly failed: boolean;
      readonly error?: unknown;
    };
    expect([failed, error ?? null]).toEqual([false, null]);
  });

  test('thousands of steps were compared', () => {
    expect(stepCount).toBeGreaterThan(5_000);
  });
});
