import { afterEach, expect, test } from 'vitest';
import { DAY_MS } from '../../machines/rules/time.ts';
import type { BranchRun } from '../../sim/tui/live-run.ts';
import { LiveStore } from '../../sim/tui/live-store.ts';
import { screenText } from './frames.ts';
import { runStep, smallScenario, startMemoryRun, turn } from './memory-run.ts';

let run: BranchRun;
let store: LiveStore;
afterEach(async () => {
  store.close();
  await run.close();
});

/** Lets time pass until the store rests: paused, with nothing on its way. */
async function rest(isThere: () => boolean = () => store.frame().mode === 'paused'): Promise<void> {
  for (let round = 0; round < 4_000; round += 1) {
    store.tick(66);
    if (isThere()) return;
    await turn();
  }
  throw new Error(`it does not come to rest: ${store.frame().mode}, ${store.frame().notice}`);
}
const shown = (): string => screenText(store.frame(), 100, 60).join('\n');

test('C2, C10: with keys alone: the renewal line -1 ms, past it, back, and a fork', async () => {
  run = await startMemoryRun(smallScenario(runStep('files')));
  store = new LiveStore(run);
  store.press('j');
  await rest();
  expect(store.frame().view.sessions.get('s1')?.outcome?.state).toBe('done');
  const first = store.frame().view.credentials.get('acme/vault-direct')?.generations[0];
  const lineAt = (first?.expiresAt ?? expect.fail('no credential')) - DAY_MS;

  store.press('w');
  store.press('enter');
  await rest();
  expect(store.frame().now).toBe(lineAt - 1);

  store.command('run files');
  await rest();
  store.press('y');
  expect(shown()).toContain('Not renewed: 24 h 00 m 00.001 s left; C2 says less than 24 hours');
  expect(shown()).toContain('left < line: false, so keep');

  // Past the line, which has been passed in the meantime: the session took some milliseconds.
  store.press('escape');
  store.command('run files');
  await rest();
  expect(store.frame().view.sessions.get('s3')?.held?.generation).toBe(2);
  // The opened session stays the chosen one until the newest is asked for.
  store.press('G');
  store.press('y');
  expect(shown()).toMatch(/Renewed: 23 h 59 m 59\.\d{3} s left; C2 says less than 24 hours/);

  // Back to before the renewal: what was seen stays, and an order there is refused.
  store.press('escape');
  const end = store.frame().position;
  while (store.frame().view.sessions.get('s3')?.held?.generation === 2) store.press('p');
  expect(store.frame().isInPast).toBe(true);
  store.command('run files');
  expect(store.frame().notice).toContain('the past');

  // From here the storage refuses everything: the same up to here, then another end.
  const { position } = store.frame();
  store.press('f');
  store.command('filter "issuer: access denied"');
  store.press('enter');
  await rest(() => store.frame().comparison?.areComplete.every(Boolean) === true);
  const { comparison, shown: place } = store.frame();
  expect(place).toBe('comparing');
  expect(comparison?.forkPosition).toBe(position);
  expect(comparison?.eventCounts[0]).toBeGreaterThanOrEqual(end);
  const row = comparison?.sessions.find(({ name }) => name === 's2');
  expect(row?.isSame).toBe(true);
  const screen = screenText(store.frame(), 120, 60).join('\n');
  expect(screen).toContain('fault issuer: access denied');

  // And on in the other future, from the same position.
  store.press('X');
  await rest(() => store.frame().position === position && store.frame().run !== run);
  expect(
    store
      .frame()
      .run.steps()
      .map(({ step }) => step.type),
  ).toContain('run');
  store.press('q');
  expect(await store.left).toBe('quit');
});
