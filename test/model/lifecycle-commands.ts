import fc from 'fast-check';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import { DAY_MS, formatDurationOf, HOUR_MS, MINUTE_MS } from './durations.ts';
import type { LifecycleWorld } from './lifecycle-world.ts';

/** The model is empty: the world itself watches every step (`lifecycle-watch.ts`). */
type Model = Record<string, never>;
export type LifecycleCommand = fc.Command<Model, LifecycleWorld>;

const BOUNDARIES = ['line', 'expiry', 'retry', 'issueTimeout'] as const;
const FAILURES: readonly ErrorCode[] = ['issuer.unavailable', 'issuer.refused', 'issuer.limit'];
const TRIGGERS = ['connect', 'connect', 'connect', 'request', 'heartbeat', 'forced'] as const;
const SKEWS = [0, 0, 0, 0, MINUTE_MS, -MINUTE_MS, 26 * HOUR_MS, -26 * HOUR_MS, 14 * DAY_MS];

function command(text: string, run: (world: LifecycleWorld) => void): LifecycleCommand {
  return {
    check: () => true,
    run: (_model, world) => run(world),
    toString: () => text,
  };
}

function moveToBoundary(boundary: (typeof BOUNDARIES)[number], offsetMs: number) {
  return command(
    `moveTo(${boundary}${offsetMs < 0 ? '-1ms' : offsetMs > 0 ? '+1ms' : ''})`,
    (world) => {
      const { current, deadlines } = world.context;
      const expiresAt = current?.expiresAt ?? null;
      const at = {
        line: expiresAt === null ? null : expiresAt - world.settings.renewBelowMs,
        expiry: expiresAt,
        retry: deadlines.retry,
        issueTimeout: deadlines.issueTimeout,
      }[boundary];
      if (at !== null && at + offsetMs >= world.clock.now()) world.moveTo(at + offsetMs);
    },
  );
}

/** One drawn step each; `check` is always true, a step that cannot be taken does nothing. */
export const lifecycleCommands: fc.Arbitrary<LifecycleCommand>[] = [
  fc
    .record({ trigger: fc.constantFrom(...TRIGGERS), skewMs: fc.constantFrom(...SKEWS) })
    .map(({ trigger, skewMs }) =>
      command(`request(${trigger}, clock ${formatDurationOf(skewMs)})`, (world) => {
        world.request(trigger, skewMs);
      }),
    ),
  fc
    .record({ index: fc.nat(3), failure: fc.option(fc.constantFrom(...FAILURES), { freq: 3 }) })
    .map(({ index, failure }) =>
      command(`answer(#${index}, ${failure ?? 'ok'})`, (world) => world.answer(index, failure)),
    ),
  fc.constant(command('answerAll()', (world) => world.answerAll())),
  fc
    .record({ boundary: fc.constantFrom(...BOUNDARIES), offsetMs: fc.constantFrom(-1, 0, 1) })
    .map(({ boundary, offsetMs }) => moveToBoundary(boundary, offsetMs)),
  fc
    .constantFrom(1, MINUTE_MS, HOUR_MS, 26 * HOUR_MS, 6 * DAY_MS, 14 * DAY_MS)
    .map((ms) => command(`advance(${formatDurationOf(ms)})`, (w) => w.moveTo(w.clock.now() + ms))),
  fc
    .record({ index: fc.nat(3), hasLanded: fc.boolean() })
    .map(({ index, hasLanded }) =>
      command(`loseAnswer(#${index}, ${hasLanded ? 'landed' : 'not landed'})`, (world) =>
        world.loseAnswer(index, hasLanded),
      ),
    ),
  fc
    .nat(20)
    .map((index) => command(`repeatAnswer(#${index})`, (world) => world.repeatAnswer(index))),
  fc.constant(command('repeatRequest()', (world) => world.repeatRequest())),
  fc.constant(
    command('disable()', (world) => {
      if (!world.isDisabled) world.disable();
    }),
  ),
  fc.constant(
    command('enable()', (world) => {
      if (world.isDisabled) world.enable();
    }),
  ),
  fc
    .boolean()
    .map((isLost) =>
      command(`crashAndRestore(${isLost ? 'answers lost' : 'answers still come'})`, (world) =>
        world.crashAndRestore(isLost),
      ),
    ),
  fc
    .constantFrom(HOUR_MS, 15 * DAY_MS)
    .map((downMs) =>
      command(`crashAndRestore(answers lost, down for ${formatDurationOf(downMs)})`, (world) =>
        world.crashAndRestore(true, downMs),
      ),
    ),
  fc.constant(command('restartFromRecords()', (world) => world.restartFromRecords())),
];
