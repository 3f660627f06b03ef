import fc from 'fast-check';
import type { LifecycleSettings } from '../../machines/credential-lifecycle/index.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../machines/rules/time.ts';
import { seeded } from '../support/seed.ts';
import { type LifecycleCommand, lifecycleCommands } from './lifecycle-commands.ts';
import { FOURTEEN_DAYS } from './lifecycle-settings.ts';
import { type LifecycleMachine, LifecycleWorld } from './lifecycle-world.ts';

/** L3: an attempt in flight may time out, then the healthy answer follows its backoff. */
const ANSWER_BOUND_MS = 30 * MINUTE_MS;

/** One drawn life of a scope, its healthy phase included; throws at the first broken rule. */
export function runLifecycle(
  commands: Iterable<LifecycleCommand>,
  settings: LifecycleSettings,
  isRevocable: boolean,
  machine?: LifecycleMachine,
): LifecycleWorld {
  const world = new LifecycleWorld({
    settings,
    isRevocable,
    ...(machine === undefined ? {} : { machine }),
  });
  fc.modelRun(() => ({ model: {}, real: world }), commands);
  world.heal(ANSWER_BOUND_MS);
  if (world.isDisabled) world.enable();
  // Healthy: whoever asks now is served, and by one issue at most.
  const issuesBefore = world.watch.issueCount;
  world.request('connect');
  world.request('connect');
  world.heal(ANSWER_BOUND_MS);
  if (world.watch.issueCount > issuesBefore + 2) throw new Error('L11: a storm of issues');
  world.stop();
  return world;
}

/** Draws lives; the result says whether and how the machine broke a rule. */
export function checkLifecycle(
  settings: LifecycleSettings,
  options: {
    readonly numRuns: number;
    readonly machine?: LifecycleMachine;
    readonly statesSeen?: Set<string>;
  },
) {
  const { numRuns, machine, statesSeen } = options;
  const property = fc.property(
    fc.commands(lifecycleCommands, { maxCommands: 60, size: 'max' }),
    fc.boolean(),
    (commands, isRevocable) => {
      const world = runLifecycle(commands, settings, isRevocable, machine);
      for (const state of world.statesSeen) statesSeen?.add(state);
    },
  );
  return fc.check(property, seeded({ numRuns }));
}

/** C13: a tenant 14 days ahead asks every hour for 13 days; returns how often was issued. */
export function renewFromFastClock(machine?: LifecycleMachine): number {
  const world = new LifecycleWorld({
    settings: FOURTEEN_DAYS,
    isRevocable: false,
    ...(machine === undefined ? {} : { machine }),
  });
  world.isPrompt = true;
  for (let hour = 0; hour < 13 * 24; hour += 1) {
    world.request('connect', 14 * DAY_MS);
    world.moveTo(world.clock.now() + HOUR_MS);
  }
  return world.watch.issueCount;
}
