import { afterEach, describe, expect, test } from 'vitest';
import { DAY_MS } from '../../machines/rules/time.ts';
import { formatEvent } from '../../sim/kernel/index.ts';
import type { BranchRun, Order } from '../../sim/tui/live-run.ts';
import { createMemoryWorld } from '../../sim/world/memory-world.ts';
import { runScenario } from '../../sim/world/run-scenario.ts';
import {
  eventsOf,
  linesOf,
  place,
  runStep,
  runToEnd,
  settled,
  smallScenario,
  start,
  startMemoryRun,
  turn,
} from './memory-run.ts';

const SMALL = smallScenario(
  runStep('files'),
  { type: 'warp', place, byMs: DAY_MS },
  runStep('gateway-laptop'),
);

const open: BranchRun[] = [];
afterEach(async () => {
  for (const run of open.splice(0)) await run.close();
});
async function started(...parameters: Parameters<typeof startMemoryRun>): Promise<BranchRun> {
  const run = await startMemoryRun(...parameters);
  open.push(run);
  return run;
}

const kill: Order = { type: 'act', act: { type: 'killMover', session: 's1', role: 'source' } };
const denied: Order = {
  type: 'act',
  act: {
    type: 'fault',
    fault: {
      site: 'storage',
      storage: null,
      operation: 'PutObject',
      nth: 1,
      repeat: 1,
      effect: { kind: 'error', error: 'SlowDown' },
    },
  },
};

describe('a watched run', () => {
  test('does what the same scenario does without anybody watching', async () => {
    const world = await createMemoryWorld({ scenario: SMALL });
    const summary = await runScenario(SMALL, world);
    const plain = world.log.events.map(formatEvent);
    await world.close();
    const run = await started(SMALL);
    await runToEnd(run);
    expect(linesOf(run)).toEqual(plain);
    expect(await run.finished).toEqual(summary);
  });

  test('begins a step only when it is asked to', async () => {
    const run = await started(SMALL);
    await settled(run);
    for (let round = 0; round < 20; round += 1) await turn();
    expect([run.steps().length, run.stepsLeft()]).toEqual([0, 3]);
    run.next();
    run.next();
    await turn();
    await settled(run);
    expect([run.steps().length, run.stepsLeft()]).toEqual([1, 2]);
    expect(eventsOf(run).filter(({ type }) => type === 'session.started')).toHaveLength(1);
  });

  test('takes an order before its own next step, and tells the steps apart', async () => {
    const run = await started(SMALL);
    await settled(run);
    run.order(start('unset-files'));
    await turn();
    await settled(run);
    run.order({ type: 'warpTo', at: run.now() + 5 });
    run.order({ type: 'warpTo', at: 0 });
    await turn();
    await settled(run);
    await runToEnd(run);
    const words = run.steps().map(({ step, isOrdered }) => `${step.type} ${isOrdered}`);
    expect(words).toEqual(['run true', 'warp true', 'run false', 'warp false', 'run false']);
  });

  test('stays open for orders once its steps are over, and then ends in good order', async () => {
    const run = await started(smallScenario(runStep('gateway-laptop')));
    run.stay();
    await runToEnd(run);
    expect(run.isWaiting()).toBe(true);
    run.order(start('gateway-laptop'));
    await turn();
    await settled(run);
    run.cancel();
    const summary = await run.finished;
    expect([summary.ok, summary.sessions.length, run.wasCut()]).toEqual([true, 2, false]);
  });

  test('that is cancelled before its end says so', async () => {
    const run = await started(SMALL);
    await settled(run);
    run.cancel();
    expect((await run.finished).ok).toBe(false);
    expect(run.wasCut()).toBe(true);
  });
});

describe('one session is cancelled in the middle of its step', () => {
  async function cancelled(session: string): Promise<BranchRun> {
    const run = await started(SMALL);
    await settled(run);
    let isOrdered = false;
    run.subscribe((event) => {
      if (isOrdered || event.type !== 'session.started') return;
      isOrdered = true;
      run.order({ type: 'act', act: { type: 'cancel', session } });
    });
    await runToEnd(run);
    return run;
  }
  const ends = (run: BranchRun) =>
    eventsOf(run).flatMap(({ type, session, data }) =>
      type === 'session.ended' ? [`${session} ${data.state}`] : [],
    );

  test('and only that one; what no scenario can say is told', async () => {
    const run = await cancelled('s1');
    expect(ends(run)).toEqual(['s1 cancelled', 's2 done']);
    expect(run.strikes().map(({ order }) => order)).toEqual([
      { type: 'act', act: { type: 'cancel', session: 's1' } },
    ]);
  });

  test('where none of its name goes on nothing happens', async () => {
    expect(ends(await cancelled('s9'))).toEqual(['s1 done', 's2 done']);
  });
});

describe('a branch', () => {
  async function complete(): Promise<BranchRun> {
    const run = await started(SMALL);
    await settled(run);
    run.order(denied);
    run.next();
    await turn();
    await settled(run);
    await runToEnd(run);
    return run;
  }

  test('without an order is the same run, byte for byte, with the orders that were given', async () => {
    const run = await complete();
    expect(eventsOf(run).some(({ type }) => type === 'fault.fired')).toBe(true);
    const again = (await run.branch?.(40, null, Number.POSITIVE_INFINITY)) ?? expect.fail();
    open.push(again);
    await runToEnd(again);
    expect(linesOf(again)).toEqual(linesOf(run));
  });

  test.each([
    ['in the middle of a step', 25],
    ['before anything', 0],
  ])('%s shares everything before its order', async (_, position) => {
    const run = await complete();
    const other = (await run.branch?.(position, kill)) ?? expect.fail();
    open.push(other);
    await runToEnd(other);
    expect(linesOf(other).slice(0, position)).toEqual(linesOf(run).slice(0, position));
  });

  test('F1: a mover that is killed in the middle of a session changes what comes after', async () => {
    const run = await complete();
    const running = eventsOf(run).findIndex(
      ({ type, data }) => type === 'session.state' && data.state === 'active.running',
    );
    const other = (await run.branch?.(running + 1, kill)) ?? expect.fail();
    open.push(other);
    await runToEnd(other);
    const [lines, before] = [linesOf(other), linesOf(run)];
    expect(lines.slice(0, running + 1)).toEqual(before.slice(0, running + 1));
    expect(lines).not.toEqual(before);
    expect(eventsOf(other).some(({ data }) => data.state === 'active.restarting')).toBe(true);
    // And that branch can itself be repeated, with the act at its place.
    const again = (await other.branch?.(lines.length, null)) ?? expect.fail();
    open.push(again);
    await runToEnd(again);
    expect(linesOf(again)).toEqual(lines);
  });

  test('F1: what was ordered in the middle of a step happens, and at the same place again', async () => {
    const run = await started(SMALL);
    await settled(run);
    run.next();
    while (!eventsOf(run).some(({ data }) => data.state === 'active.running')) await turn();
    expect(run.isWaiting()).toBe(false);
    run.order(kill);
    await settled(run);
    await runToEnd(run);
    expect(eventsOf(run).some(({ data }) => data.state === 'active.restarting')).toBe(true);
    const again = (await run.branch?.(linesOf(run).length, null)) ?? expect.fail();
    open.push(again);
    await runToEnd(again);
    expect(linesOf(again)).toEqual(linesOf(run));
  });

  test('waits where it was taken: nothing goes on by itself', async () => {
    const run = await complete();
    const [, , second] = run.steps();
    const other = (await run.branch?.(second?.position ?? 0, null)) ?? expect.fail();
    open.push(other);
    await settled(other);
    for (let round = 0; round < 20; round += 1) await turn();
    expect([other.isWaiting(), other.stepsLeft()]).toEqual([true, 2]);
  });
});
