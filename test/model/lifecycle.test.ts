import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { credentialLifecycleMachine } from '../../machines/credential-lifecycle/index.ts';
import { hostMachine } from '../../machines/ports/machine-host.ts';
import { DAY_MS, HOUR_MS } from '../../machines/rules/time.ts';
import { createVirtualClock } from '../../sim/kernel/virtual-clock.ts';
import { leafStates } from '../support/machine-diagram.ts';
import { SEED } from '../support/seed.ts';
import { checkLifecycle, renewFromFastClock } from './lifecycle-run.ts';
import { EVERY_CONNECT, FOURTEEN_DAYS, SEVEN_DAYS, THIRTY_DAYS } from './lifecycle-settings.ts';
import { LifecycleWorld } from './lifecycle-world.ts';

const statesSeen = new Set<string>();

describe(`any life of a credential scope keeps the rules [seed ${SEED}]`, () => {
  test.each([
    ['C2: 14 d / 24 h', FOURTEEN_DAYS],
    ['C2, checkClock sp', { ...FOURTEEN_DAYS, checkClock: 'sp' as const }],
    ['C17: strictRenewal', { ...FOURTEEN_DAYS, strictRenewal: true }],
    ['C3: 30 d / 15 d', THIRTY_DAYS],
    ['C21: 7 d / 6 d', SEVEN_DAYS],
    ['C14: every connect renews', EVERY_CONNECT],
  ])('%s', (_name, settings) => {
    const result = checkLifecycle(settings, { numRuns: 300, statesSeen });
    expect(result.failed ? fc.defaultReportMessage(result) : 'all hold').toBe('all hold');
  });
});

test('L15: every state was seen in those lives', () => {
  const transient = ['restoring', 'failing', 'ending'];
  const all = leafStates(credentialLifecycleMachine).filter((one) => !transient.includes(one));
  expect([...statesSeen].sort()).toEqual(all.sort());
});

describe('stories of a credential scope', () => {
  const promptWorld = (): LifecycleWorld => {
    const world = new LifecycleWorld({ settings: FOURTEEN_DAYS, isRevocable: true });
    world.isPrompt = true;
    return world;
  };

  test.each([
    ['I21: exactly 24 h left is kept', 0, 1],
    ['I22: 1 ms less is renewed once', 1, 2],
    ['I22: expired is renewed once', 24 * HOUR_MS, 2],
  ])('%s', (_name, pastLineMs, generation) => {
    const world = promptWorld();
    world.request('connect');
    world.moveTo(world.clock.now() + 13 * DAY_MS + pastLineMs);
    world.request('connect');
    expect(world.context.current?.generation).toBe(generation);
    expect(world.watch.issueCount).toBe(generation);
  });

  test('I31: ten tenants below the line lead to one issue, and each is answered', () => {
    const world = promptWorld();
    world.request('connect');
    world.moveTo(world.clock.now() + 13 * DAY_MS + 1);
    world.isPrompt = false;
    for (let count = 0; count < 10; count += 1) world.request('connect');
    expect(world.open.size).toBe(10);
    world.answerAll();
    expect(world.open.size).toBe(0);
    expect(world.watch.issueCount).toBe(2);
  });

  test('F4: saved, then a crash before the delivery: the same generation, no second issue', () => {
    const world = promptWorld();
    world.isPrompt = false;
    world.request('connect');
    world.answer(0, null);
    world.answer(0, null);
    world.loseAnswer(0, true);
    world.restartFromRecords();
    world.isPrompt = true;
    world.request('connect');
    expect(world.context.current?.generation).toBe(1);
    expect(world.watch.issueCount).toBe(1);
  });

  test('C13: a tenant whose clock is 14 d ahead gets at most one early renewal', () => {
    expect(renewFromFastClock()).toBeLessThanOrEqual(2);
  });

  test('C20: a forced check renews what is below the line on the clock of the SP, no more', () => {
    const world = promptWorld();
    world.request('connect');
    world.request('forced');
    expect(world.watch.issueCount).toBe(1);
    world.moveTo(world.clock.now() + 13 * DAY_MS + 1);
    world.request('forced');
    expect(world.watch.issueCount).toBe(2);
  });

  test('an event that no state knows kills the machine with an error', () => {
    const errors: unknown[] = [];
    const host = hostMachine({
      machine: credentialLifecycleMachine,
      clock: createVirtualClock(0),
      input: { settings: FOURTEEN_DAYS, current: null, older: [], lastGeneration: 0 },
      onRequest: () => undefined,
      onError: (error) => errors.push(error),
    });
    host.send({ type: 'credential.misspelt' } as never);
    expect(String(errors[0])).toContain('"credential.misspelt" is not allowed here');
  });
});
