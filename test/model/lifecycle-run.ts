import fc from 'fast-check';
import type { LifecycleSettings } from '../../machines/credential-lifecycle/index.ts';
import { MINUTE_MS } from '../../machines/rules/time.ts';
import { seeded } from '../support/seed.ts';
import { type LifecycleCommand, lifecycleCommands } from './lifecycle-commands.ts';
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
  options: { readonly numRuns: number; readonly machine?: LifecycleMachine },
) {
  const { numRuns, machine } = options;
  const property = fc.property(
    fc.commands(lifecycleCommands, { maxCommands: 60, size: 'max' }),
    fc.boolean(),
    (commands, isRevocable) => {
      runLifecycle(commands, settings, isRevocable, machine);
    },
  );
  return fc.check(property, seeded({ numRuns }));
}
