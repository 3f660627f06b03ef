import { beforeEach, describe, expect, test, vi } from 'vitest';
import { DAY_MS } from '../../machines/rules/time.ts';
import { chosenSession } from '../../sim/tui/chosen.ts';
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
const type = (text: string): void =>
  press(...[...text].map((one) => (one === ' ' ? 'space' : one)));

/** Lets what a promise answers arrive. */
const settle = (): Promise<void> => Promise.resolve();
const orders = (): readonly string[] => run.orders.filter((order) => order !== 'stay');

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
    store.tick(66);
    const listener = vi.fn();
    store.subscribe(listener);
    store.tick(66);
    expect(listener).not.toHaveBeenCalled();
  });
});

describe('time', () => {
  test('in the lab space holds the scenario and lets it go on', () => {
    press('space');
    expect([store.frame().isHeld, orders()]).toEqual([true, ['hold']]);
    press('space');
    expect([store.frame().isHeld, orders()]).toEqual([false, ['hold', 'release']]);
  });

  test('C10: w moves the clock to 1 ms before the renewal line of the chosen credential', () => {
    press('w', 'enter');
    store.tick(66);
    expect(store.frame().shown).toBe('sessions');
    const expiresAt = store.frame().view.credentials.get('acme/vault-direct')?.generations.at(-1)
      ?.expiresAt as number;
    const at = expiresAt - DAY_MS - 1;
    expect(orders()).toEqual([`{"type":"warpTo","at":${at}}`]);
    store.tick(66);
    expect(store.frame().now).toBe(at);
  });

  test('a stop that is past says so and moves nothing', () => {
    run.at += 13 * DAY_MS + DAY_MS / 2;
    store.tick(66);
    press('w', 'enter');
    expect(orders()).toEqual([]);
    expect(store.frame().shown).toBe('menu');
    expect(store.frame().notice).toContain('already past');
  });

  test('a time that is typed', () => {
    press(':');
    type('warp 3d');
    press('enter');
    const { now } = store.frame();
    store.tick(66);
    expect(orders()).toEqual([`{"type":"warpTo","at":${now + 3 * DAY_MS}}`]);
    store.command('warp soon');
    expect(store.frame().notice).toContain('not a duration');
  });

  test('steps back and forward, and follows again', () => {
    const all = recordedEvents().length;
    press('p', 'p');
    expect([store.frame().position, store.frame().isInPast]).toEqual([all - 2, true]);
    press('n');
    expect(store.frame().position).toBe(all - 1);
    press('0');
    expect([store.frame().position, store.frame().view.sessions.size]).toEqual([0, 0]);
    press('F');
    expect([store.frame().position, store.frame().mode]).toEqual([all, 'following']);
  });

  test('looking at the past stops nothing: new events wait until they are looked at', () => {
    press('p');
    const { position } = store.frame();
    run.happen(...recordedEvents().slice(0, 3));
    store.tick(66);
    expect([store.frame().position, store.frame().total - position]).toEqual([position, 4]);
  });

  test('an event of the log is gone to', () => {
    press('7', 'k', 'k', 'enter');
    const { position, history } = store.frame();
    expect(history.newsPositions()).toContain(position - 1);
    expect(position).toBeLessThan(recordedEvents().length);
    store.command('goto 5');
    expect(store.frame().position).toBe(5);
  });

  test('the lab has no rate', () => {
    press('+');
    expect([store.frame().rate, store.frame().notice]).toEqual([1, expect.stringContaining('lab')]);
  });
});

describe('doing', () => {
  const choose = (words: string): void => {
    press('d', '/');
    type(words);
    press('enter', 'enter');
  };

  test('a job is started', () => {
    choose('"start files"');
    expect(orders()).toHaveLength(1);
    expect(JSON.parse(orders()[0] ?? '')).toMatchObject({ step: { type: 'run', job: 'files' } });
    expect([store.frame().shown, store.frame().input]).toEqual(['sessions', 'none']);
  });

  test('what destroys is asked about, and only a yes does it', () => {
    choose('user cancels');
    expect([store.frame().input, store.frame().ui.question]).toEqual([
      'question',
      expect.stringContaining('session.cancelled'),
    ]);
    press('n');
    expect(orders()).toEqual([]);
    press('escape');
    choose('user cancels');
    press('y');
    expect(orders()).toEqual(['{"type":"act","act":{"type":"cancel","session":"s6"}}']);
  });

  test('what cannot be done now says why', () => {
    choose('quota.raised');
    expect(orders()).toEqual([]);
    expect(store.frame().notice).toContain('quota.raised');
  });

  test('the past stays as it was', () => {
    press('p');
    choose('start files');
    expect(orders()).toEqual([]);
    expect(store.frame().notice).toContain('the past');
  });

  test('a trace takes no orders and cannot be forked', () => {
    run.scenario = null;
    run.world = 'trace';
    press('d');
    expect(store.frame().notice).toContain('takes no orders');
    press('f');
    expect(store.frame().notice).toContain('--world memory');
    press('w', 'last', 'escape', 's');
    expect(store.frame().notice).toContain('no scenario');
  });

  test('the situation is saved under the name that is typed, never over a file', () => {
    const written: string[] = [];
    run.strikes = () => [
      { order: { type: 'act', act: { type: 'restartProvider' } }, position: 12, slot: null },
      { order: { type: 'act', act: { type: 'dropConnections' } }, position: 9_999, slot: null },
    ];
    const saving = new LiveStore(run, {
      writeFile: (name, text) => {
        if (name === 'there.yaml') throw new Error('there.yaml: it exists already');
        written.push(name, text);
      },
    });
    saving.command('save mine.yaml');
    expect(written[0]).toBe('mine.yaml');
    expect(written[1]).toContain('version: 1');
    expect(written[1]).toContain('# Not in the steps: after 12 events: restartProvider {}.');
    expect(written[1]).not.toContain('dropConnections');
    saving.command('save there.yaml');
    expect(saving.frame().notice).toBe('there.yaml: it exists already');
  });
});

describe('places', () => {
  test('enter opens the chosen session, escape goes back', () => {
    press('k', 'k', 'k', 'enter');
    expect([store.frame().shown, store.frame().ui.cursors.sessions]).toEqual(['details', 's4']);
    press('escape');
    expect(store.frame().shown).toBe('sessions');
  });

  test('the list behind a page stays known, also while a line is typed', () => {
    press('2', '?');
    expect([store.frame().shown, store.frame().list]).toEqual(['help', 'credentials']);
    press('/');
    expect([store.frame().shown, store.frame().input]).toEqual(['help', 'typing']);
    press('escape', 'escape');
    expect(store.frame().shown).toBe('credentials');
  });

  test('a filter narrows what the cursor walks through; escape shows everything again', () => {
    press('/');
    type('state:failed');
    press('enter', 'g');
    expect(chosenSession(store.frame())?.id).toBe('s5');
    press('escape', 'G', 'g');
    expect(chosenSession(store.frame())?.id).toBe('s1');
  });

  test('a typed line is text: its letters do nothing else', () => {
    press('/');
    type('q p');
    expect([store.frame().input, store.frame().ui.prompt.text]).toEqual(['typing', 'q p']);
    press('backspace');
    expect(store.frame().ui.filters.sessions).toBe('q ');
    press('ctrl+u', 'enter');
    expect(store.frame().ui.filters).toEqual({});
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

  test('the rules are looked at only where they are shown', () => {
    expect(store.frame().rules.share).toBe(0);
    press('5');
    expect(store.frame().rules.position).toBe(recordedEvents().length);
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

describe('leaving', () => {
  test('q and Ctrl-C leave, and keys typed ahead of them do nothing any more', async () => {
    press('q', 'q', 'space');
    expect(await store.left).toBe('quit');
    expect(orders()).toEqual([]);
    const other = new LiveStore(run);
    other.press('/');
    other.press('ctrl+c');
    expect(await other.left).toBe('interrupt');
  });

  test('after the end of an untouched run it leaves by itself, a moment later', async () => {
    run.finish();
    await settle();
    store.tick(0);
    expect(store.frame().shown).toBe('finished');
    const left = vi.fn();
    void store.left.then(left);
    store.tick(LINGER_MS - 1);
    await settle();
    expect(left).not.toHaveBeenCalled();
    store.tick(1);
    expect(await store.left).toBe('finished');
  });

  test('whoever touched a key stays, and the run stays open', async () => {
    press('j');
    expect(run.orders).toContain('stay');
    run.finish();
    await settle();
    store.tick(10 * LINGER_MS);
    expect(store.frame().shown).toBe('sessions');
    expect(store.frame().result?.ok).toBe(true);
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
