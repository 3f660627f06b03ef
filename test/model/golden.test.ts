import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, SECOND_MS } from '../../machines/rules/time.ts';
import { TraceRecorder } from '../support/trace-recorder.ts';
import { FOURTEEN_DAYS } from './lifecycle-settings.ts';
import { LifecycleWorld } from './lifecycle-world.ts';
import {
  DIRECT_ROUTE,
  GATEWAY_ROUTE,
  MOUNT_SERVER_ROUTE,
  SESSION_INPUT,
  type SessionDraw,
} from './session-inputs.ts';
import { SessionWorld } from './session-world.ts';
import { START } from './start.ts';

const HEALTHY: SessionDraw = {
  route: DIRECT_ROUTE,
  input: { ...SESSION_INPUT, quotaWaitMs: 0 },
  workMs: 20 * SECOND_MS,
  heldLeftMs: null,
  spBehindMs: 0,
  fates: [],
  userActions: [],
  crashes: [],
};

/** Reviewed like code: `npx vitest run test/model/golden.test.ts -u` writes them anew. */
async function expectGolden(name: string, recorder: TraceRecorder): Promise<void> {
  await expect(recorder.text()).toMatchFileSnapshot(`../golden/${name}.txt`);
}

describe('golden traces of sessions', () => {
  test.each<[string, string, Partial<SessionDraw>]>([
    ['direct-first-connect', 'P3, C2: a direct backup, nothing held yet', {}],
    [
      'expiry-in-mid-session',
      'C15: 20 d of work on a 14 d credential: reconnect at the margin, resume',
      { workMs: 20 * DAY_MS },
    ],
    [
      'quota-exhausted',
      'Q3: the quota is used up half-way: nothing more is written, what was written is removed',
      { fates: [0, 0, 0, 0, 0, 0, 81] },
    ],
    [
      'channel-lost-and-back',
      'P8: contact lost for 2 m after a quarter of the work',
      { workMs: 4 * HOUR_MS, fates: [0, 0, 0, 0, 0, 0, 91] },
    ],
    [
      'gateway-route',
      'P2: source mover, then target mover on the gateway server',
      { route: GATEWAY_ROUTE },
    ],
    [
      'backup-server-route',
      'P6: as P2, the target mover on the mount server',
      { route: MOUNT_SERVER_ROUTE },
    ],
  ])('%s', async (name, title, draw) => {
    const recorder = new TraceRecorder(START, title);
    const world = new SessionWorld({ ...HEALTHY, ...draw }, { onStep: recorder.step });
    world.run();
    await expectGolden(name, recorder);
  });
});

describe('golden traces of the credential lifecycle', () => {
  const record = (title: string): { recorder: TraceRecorder; world: LifecycleWorld } => {
    const recorder = new TraceRecorder(START, title);
    const onStep = recorder.step;
    const world = new LifecycleWorld({ settings: FOURTEEN_DAYS, isRevocable: true, onStep });
    world.isPrompt = true;
    return { recorder, world };
  };

  test.each([
    ['renewal-at-13d1h', 'C2: connects at once and after 13 d 1 h', 13 * DAY_MS + HOUR_MS],
    ['exactly-24h-left', 'C10: connects at once and with exactly 24 h left', 13 * DAY_MS],
  ])('%s', async (name, title, atMs) => {
    const { recorder, world } = record(title);
    world.request('connect');
    world.moveTo(START + atMs);
    world.request('connect');
    await expectGolden(name, recorder);
  });

  test('sp-crash-while-issuing', async () => {
    const { recorder, world } = record(
      'F3: the SP dies between the call and the save; the late answer finds an orphan (I74)',
    );
    world.isPrompt = false;
    world.request('connect');
    world.answer(0, null);
    world.crashAndRestore(false);
    world.moveTo(START + 61 * SECOND_MS + SECOND_MS);
    world.answer(0, null);
    world.isPrompt = true;
    world.answerAll();
    await expectGolden('sp-crash-while-issuing', recorder);
    expect(world.open.size).toBe(0);
  });
});
