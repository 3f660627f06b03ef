import { beforeEach, describe, expect, test, vi } from 'vitest';
import { DAY_MS } from '../../machines/rules/time.ts';
import { LINGER_MS, LiveStore, NOTICE_MS } from '../../sim/tui/live-store.ts';
import { FakeRun } from './fake-run.ts';
import { recordedEvents } from './recorded-run.ts';

let run: FakeRun;
let store: LiveStore;

beforeEach(() => {
  run = new FakeRun();
  run.happen(...recordedEvents());
  store = new LiveStore(run);
  store.tick(0);
});

const press = (...keys: readonly string[]): void => {
  for (const key of keys) store.press(key);
};

/** Lets what a promise answers arrive. */
const settle = (): Promise<void> => Promise.resolve();

describe('what happened', () => {
  test('is there from before the subscription, and arrives with the next tick', () => {
    expect(store.frame().view.sessions.size).toBe(7);
    run.happen({ ...(recordedEvents()[1] ?? expect.fail()), session: 's7', seq: 999 });
    expect(store.frame().view.sessions.size).toBe(7);
    store.tick(66);
    expect(store.frame().view.sessions.size).toBe(8);
  });

  test('a thousand events between two ticks draw one frame', () => {
    const listener = vi.fn();
    store.subscribe(listener);
    const [event] = recordedEvents();
    for (let seq = 0; seq < 1_000; seq += 1) run.happen({ ...(event ?? expect.fail()), seq });
    run.progress('s6', { role: 'target', linkBytes: 1, storageBytes: 1 });
    store.tick(66);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('a tick without news draws nothing', () => {
    const listener = vi.fn();
    store.subscribe(listener);
    store.tick(66);
    expect(listener).not.toHaveBeenCalled();
  });

  test('progress shows the last counts of each mover', () => {
    run.progress('s6', { role: 'source', linkBytes: 7, storageBytes: 0 });
    run.progress('s6', { role: 'target', linkBytes: 5, storageBytes: 4 });
    run.progress('s6', { role: 'target', linkBytes: 6, storageBytes: 5 });
    store.tick(66);
    const hops = store.frame().view.sessions.get('s6')?.hops;
    expect(hops).toMatchObject({ atSource: 7, atTarget: 6, atStorage: 5 });
  });
});

describe('orders', () => {
  test('space holds the scenario and lets it go on', () => {
    press('space');
    expect([store.frame().isPaused, run.orders]).toEqual([true, ['pause']]);
    press('space');
    expect([store.frame().isPaused, run.orders]).toEqual([false, ['pause', 'continue']]);
  });

  test('w moves the clock to 1 ms before the renewal line of the chosen credential', async () => {
    const at = run.at;
    press('w', 'enter');
    await settle();
    expect(store.frame().shown).toBe('sessions');
    const expiresAt = store.frame().view.credentials.get('acme/vault-direct')?.generations.at(-1)
      ?.expiresAt as number;
    expect(run.orders).toEqual([`warp ${expiresAt - DAY_MS - 1 - at}`]);
    expect(run.at).toBe(expiresAt - DAY_MS - 1);
  });

  test('a stop that is past says so and moves nothing', async () => {
    run.at += 13 * DAY_MS + DAY_MS / 2;
    store.tick(66);
    press('w', 'enter');
    await settle();
    expect(run.orders).toEqual([]);
    expect(store.frame().shown).toBe('choosingWarp');
    expect(store.frame().notice).toContain('already past');
  });

  test('a run whose clock cannot be moved says so', () => {
    run.canWarp = false;
    press('w');
    expect(store.frame().shown).toBe('sessions');
    expect(store.frame().notice).toContain('cannot be moved');
  });

  test('a warp that fails is told', async () => {
    vi.spyOn(run, 'warp', 'get').mockReturnValue(() => Promise.reject(new Error('no time')));
    press('w', 'enter');
    await settle();
    await settle();
    expect(store.frame().notice).toBe('The clock did not move: no time');
  });

  test('an answer goes away with time or with the next key', () => {
    press('space');
    store.tick(NOTICE_MS - 1);
    expect(store.frame().notice).not.toBeNull();
    store.tick(1);
    expect(store.frame().notice).toBeNull();
    press('space', 'j');
    expect(store.frame().notice).toBeNull();
  });
});

describe('places', () => {
  test('enter opens the chosen session, escape goes back', () => {
    press('k', 'k', 'k', 'enter');
    expect([store.frame().shown, store.frame().ui.cursors.sessions]).toEqual(['details', 's4']);
    press('escape');
    expect(store.frame().shown).toBe('sessions');
  });

  test('the list behind a page stays known', () => {
    press('2', '?');
    expect([store.frame().shown, store.frame().list]).toEqual(['help', 'credentials']);
    press('escape');
    expect(store.frame().shown).toBe('credentials');
  });

  test('a page does not scroll past what was laid out', () => {
    store.noteOffsetMax(4);
    press('?', 'pagedown');
    expect(store.frame().ui.offset).toBe(4);
  });

  test('a shows all events in the log', () => {
    press('a');
    expect([store.frame().shown, store.frame().ui.showsEverything]).toEqual(['log', true]);
  });
});

describe('leaving', () => {
  test('q and Ctrl-C leave, and keys typed ahead of them do nothing any more', async () => {
    press('q', 'q', 'space');
    expect(await store.left).toBe('quit');
    expect(run.orders).toEqual([]);
    const other = new LiveStore(run);
    other.press('ctrl+c');
    expect(await other.left).toBe('interrupt');
  });

  test('after the end of an untouched run it leaves by itself, a moment later', async () => {
    run.finish();
    await settle();
    expect(store.frame().shown).toBe('finished');
    const left = vi.fn();
    void store.left.then(left);
    store.tick(LINGER_MS - 1);
    await settle();
    expect(left).not.toHaveBeenCalled();
    store.tick(1);
    expect(await store.left).toBe('finished');
  });

  test('whoever touched a key stays', async () => {
    press('j');
    run.finish();
    await settle();
    store.tick(10 * LINGER_MS);
    expect(store.frame().shown).toBe('sessions');
    expect(store.frame().result?.ok).toBe(true);
    press('w');
    expect(store.frame().notice).toContain('over');
  });

  test('a run that breaks off is told', async () => {
    run.fail(new Error('no disk'));
    await settle();
    await settle();
    expect(store.frame().result).toEqual({ ok: false, problem: 'no disk' });
  });

  test('closing lets go of the run', async () => {
    store.close();
    expect(run.listenerCount).toBe(0);
    run.finish();
    await settle();
    expect(store.frame().result).toBeNull();
  });
});
