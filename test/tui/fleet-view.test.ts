import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS } from '../../machines/rules/time.ts';
import { checkAll } from '../../sim/check/index.ts';
import { changedFleet, fleetOffers } from '../../sim/cli/watch/fleet-offers.ts';
import { chosenSession } from '../../sim/tui/chosen.ts';
import type { BranchRun } from '../../sim/tui/live-run.ts';
import type { LiveStore } from '../../sim/tui/live-store.ts';
import { menuEntries } from '../../sim/tui/menus.ts';
import { startLiveChecks } from '../../sim/tui/model/live-checks.ts';
import { credentialsInOrder, sessionsInOrder } from '../../sim/tui/view-model.ts';
import { beatUntil, linesOf, openSmallFleet, smallFleet, stopped } from './fleet-fixture.ts';
import { screenText } from './frames.ts';
import { recordedEvents } from './recorded-run.ts';

let run: BranchRun;
let store: LiveStore;

beforeEach(() => {
  ({ run, store } = openSmallFleet());
});

afterEach(() => {
  store.close();
  run.cancel();
});

const { startAt } = smallFleet();

async function warp(time: string): Promise<void> {
  store.command(`warp ${time}`);
  await stopped(store);
}

describe('a live fleet', () => {
  test('plays at the rate that was chosen, and stands while it is paused', async () => {
    store.command('rate 1000000');
    await beatUntil(store, () => store.frame().now > startAt + 3 * DAY_MS);
    store.press('space');
    const { now, position } = store.frame();
    for (let beats = 0; beats < 20; beats += 1) store.tick(66);
    expect([store.frame().now, store.frame().position]).toEqual([now, position]);
    expect(store.frame().view.endedCount).toBeGreaterThan(20);
  });

  test('a warp shows exactly what has happened by then', async () => {
    await warp('2d6h');
    const { now, history, position, total } = store.frame();
    expect(now).toBe(startAt + 2 * DAY_MS + 6 * HOUR_MS);
    expect(history.timeAt(position)).toBeLessThanOrEqual(now);
    // It may be known already what comes next.
    if (total > position) expect(history.timeAt(position + 1)).toBeGreaterThan(now);
  });

  test('the next event, one back, to the first, and on: the same as a run without stops', async () => {
    await warp('1d4h');
    const { position } = store.frame();
    store.press('n');
    await stopped(store);
    expect(store.frame().position).toBe(position + 1);
    store.press('p');
    store.press('p');
    expect([store.frame().position, store.frame().isInPast]).toEqual([position - 1, true]);
    store.press('0');
    expect(store.frame().view.sessions.size).toBe(0);
    await warp('1d4h');
    const other = openSmallFleet();
    other.store.command('warp 1d4h');
    await stopped(other.store);
    expect(linesOf(store, position)).toEqual(linesOf(other.store, position));
    other.store.close();
    other.run.cancel();
  });

  test('C10: the renewal line of a credential is a stop like everywhere', async () => {
    await warp('1d');
    store.command('credentials');
    const [credential] = credentialsInOrder(store.frame().view);
    const expiresAt = credential?.generations.at(-1)?.expiresAt as number;
    store.press('w');
    store.press('enter');
    await stopped(store);
    expect(store.frame().now).toBe(expiresAt - DAY_MS - 1);
  });

  test('the states that its log leaves out are read off the other facts (P2, P3)', async () => {
    await warp('1d6h');
    const { history, position } = store.frame();
    const seen = new Set<string>();
    for (let at = 0; at <= position; at += 1) {
      for (const { state } of sessionsInOrder(history.viewAt(at))) seen.add(state);
    }
    for (const state of ['active.startingBoth', 'active.contacting', 'active.running', 'done']) {
      expect(seen).toContain(state);
    }
  });

  test('the rules view tells what the checkers say of all that is known', async () => {
    await warp('3d');
    store.press('5');
    const { rules, total, history } = store.frame();
    const { witnesses } = checkAll(history.slice(0, total));
    expect([rules.position, rules.share]).toEqual([total, 1]);
    expect(rules.witnesses.I23).toBe(witnesses.I23);
    expect(screenText(store.frame(), 80, 24).join('\n')).toContain('nothing violated');
  });

  test('is over after its last day; the summary says so', async () => {
    store.command('rate 1000000');
    await beatUntil(store, () => store.frame().result !== null && store.frame().mode === 'paused');
    expect(store.frame().result).toMatchObject({ ok: true, summary: { ok: true } });
    expect(run.wasCut()).toBe(false);
  });
});

describe('what can be done', () => {
  test('a change is an event or a fault of the file from now on; the log before is the same', async () => {
    await warp('2d3h');
    const { position, now } = store.frame();
    const before = linesOf(store, position);
    store.press('d');
    store.command('filter "SP: down"');
    store.press('enter');
    expect(store.frame().ui.question).toContain('SP: down');
    store.press('y');
    await beatUntil(store, () => store.frame().notice?.includes('again') === true);
    await stopped(store);
    expect([store.frame().position, store.frame().now]).toEqual([position, now]);
    expect(linesOf(store, position)).toEqual(before);
    await warp('1m');
    expect([...store.frame().view.faults.values()]).toMatchObject([{ site: 'sp', firedCount: 1 }]);
    expect(store.run.wasCut()).toBe(false);
  });

  test.each(fleetOffers(smallFleet()).map(({ label }) => [label]))('%s', (label) => {
    const fleet = smallFleet();
    const changed = changedFleet(fleet, [{ name: label, at: startAt + DAY_MS }]);
    const added = [...changed.events.slice(fleet.events.length)];
    const faults = changed.faults.slice(fleet.faults.length);
    expect(added.length + faults.length).toBe(1);
    const [{ atMs } = { atMs: null }] = added;
    const [{ trigger } = { trigger: null }] = faults;
    expect(atMs ?? trigger).toEqual(atMs === null ? { kind: 'at', atMs: DAY_MS + 1 } : DAY_MS + 1);
  });

  test('what a fleet cannot do stands there with the reason', async () => {
    await warp('1d3h');
    store.press('d');
    const entries = menuEntries(store.frame());
    const id = chosenSession(store.frame())?.id;
    const barred = entries.filter(({ reason }) => reason !== null);
    expect(barred.some(({ label }) => label.startsWith(`${id}: `))).toBe(true);
    expect(barred.map(({ label }) => label)).toContain('start a session');
    expect(barred.every(({ effect }) => effect === null)).toBe(true);
  });

  test.each([
    ['compare', 'fortnight simulate'],
    ['save x.yaml', 'its file and its seed'],
    ['run files', 'schedules'],
    ['switch', 'fortnight simulate'],
  ])(':%s says why not', (command, words) => {
    store.command(command);
    expect(store.frame().notice).toContain(words);
  });
});

test('live checks say at any time what the checkers say of the log so far', () => {
  const events = recordedEvents();
  const live = startLiveChecks();
  for (const event of events) live.see(event);
  const { witnesses, violations } = checkAll(events);
  const report = live.end();
  expect(report.position).toBe(events.length);
  expect(report.witnesses).toEqual(witnesses);
  expect(report.violations).toEqual(violations);
});

describe('a fleet at four sizes, as reviewed', () => {
  const sizes = [
    [120, 40],
    [80, 24],
    [60, 20],
    [40, 10],
  ] as const;
  test.each(['sessions', 'log', 'menu'] as const)('%s', async (shown) => {
    await warp('2d2h40m');
    if (shown === 'menu') store.press('d');
    else store.command(shown);
    store.tick(66);
    for (const [columns, rows] of sizes) {
      const text = screenText({ ...store.frame(), notice: null }, columns, rows);
      const file = `screens/fleet-${shown}-${columns}x${rows}.txt`;
      const lines = text.map((line) => line.trimEnd()).join('\n');
      await expect(`${lines}\n`).toMatchFileSnapshot(file);
    }
  });
});
