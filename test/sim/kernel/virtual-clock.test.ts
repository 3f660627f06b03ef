import { describe, expect, test } from 'vitest';
import { DAY_MS } from '../../../machines/rules/time.ts';
import {
  createDriver,
  createSettle,
  createVirtualClock,
  DeadlockError,
  type DeadlockReport,
} from '../../../sim/kernel/index.ts';

describe('virtual clock', () => {
  test('fireNext fires one wake-up and no more', () => {
    const clock = createVirtualClock(0);
    const fired: string[] = [];
    clock.wakeAt(5, () => fired.push('a'));
    clock.wakeAt(5, () => fired.push('b'));
    expect(clock.fireNext()).toBe(true);
    expect(fired).toEqual(['a']);
    expect(clock.pendingCount).toBe(1);
    expect(clock.fireNext()).toBe(true);
    expect(clock.fireNext()).toBe(false);
    expect(clock.now()).toBe(5);
  });

  test('advanceTo fires what is due on the way and refuses to go back', () => {
    const clock = createVirtualClock(100);
    const seen: number[] = [];
    const again = (): void => {
      seen.push(clock.now());
      clock.wakeAt(clock.now() + 10, again);
    };
    clock.wakeAt(50, again);
    clock.advanceTo(125);
    expect(seen).toEqual([100, 110, 120]);
    expect(clock.now()).toBe(125);
    expect(() => clock.advanceTo(124)).toThrow('does not go back');
    expect(() => clock.advanceTo(125.5)).toThrow('whole millisecond');
  });

  test('moveTo refuses to skip a wake-up', () => {
    const clock = createVirtualClock(0);
    clock.wakeAt(10, () => undefined);
    clock.moveTo(9);
    expect(() => clock.moveTo(10)).toThrow('due at 10');
  });

  test('cancelled wake-ups do not pile up', () => {
    const clock = createVirtualClock(0);
    let firedCount = 0;
    for (let index = 0; index < 200_000; index += 1) {
      clock.wakeAt(30 * DAY_MS + index, () => undefined)();
    }
    clock.wakeAt(1, () => {
      firedCount += 1;
    });
    expect(clock.pendingCount).toBe(1);
    expect(clock.nextDueAt()).toBe(1);
    clock.advanceTo(31 * DAY_MS);
    expect(firedCount).toBe(1);
  });
});

describe('settle', () => {
  test('one turn finishes a promise chain of any length', async () => {
    let step = 0;
    const chain = (async () => {
      for (; step < 10_000; step += 1) await null;
    })();
    await createSettle(1)();
    expect(step).toBe(10_000);
    await chain;
  });

  test('one turn also finishes what goes through nextTick and queueMicrotask', async () => {
    let isDone = false;
    process.nextTick(() => {
      queueMicrotask(() => {
        process.nextTick(() => {
          isDone = true;
        });
      });
    });
    await createSettle(1)();
    expect(isDone).toBe(true);
  });

  test('two turns let a chain go through one setImmediate', async () => {
    let isDone = false;
    void (async () => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      for (let step = 0; step < 100; step += 1) await null;
      isDone = true;
    })();
    await createSettle(2)();
    expect(isDone).toBe(true);
  });
});

describe('driver', () => {
  const sleep = (clock: ReturnType<typeof createVirtualClock>, ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.wakeAt(clock.now() + ms, resolve);
    });

  test('runs asynchronous code to its end, each step at its own instant', async () => {
    const clock = createVirtualClock(0);
    const seen: number[] = [];
    void (async () => {
      for (let turn = 0; turn < 3; turn += 1) {
        await sleep(clock, 100);
        await Promise.resolve();
        seen.push(clock.now());
      }
    })();
    expect(await createDriver(clock).runUntilIdle()).toBe(3);
    expect(seen).toEqual([100, 200, 300]);
  });

  test('runUntil stops as soon as the predicate holds', async () => {
    const clock = createVirtualClock(0);
    let isDone = false;
    void sleep(clock, 100).then(() => {
      isDone = true;
    });
    void sleep(clock, 200);
    await createDriver(clock).runUntil(() => isDone);
    expect(clock.now()).toBe(100);
    expect(clock.pendingCount).toBe(1);
  });

  test('a deadlock says when, and the reasons of those who wait', async () => {
    const clock = createVirtualClock(Date.UTC(2026, 0, 1));
    const reports: DeadlockReport[] = [];
    const driver = createDriver(clock, {
      pending: () => ['session s1 waits for quota'],
      onDeadlock: (report) => reports.push(report),
    });
    const run = driver.runUntil(() => false);
    await expect(run).rejects.toThrow(DeadlockError);
    await expect(run).rejects.toThrow(/2026-01-01T00:00:00.000Z: no wake-up.*\n {2}- session s1/);
    expect(reports).toEqual([
      {
        at: Date.UTC(2026, 0, 1),
        firedCount: 0,
        kind: 'idle',
        reasons: ['session s1 waits for quota'],
      },
    ]);
  });

  test('an endless heartbeat is reported instead of running for ever', async () => {
    const clock = createVirtualClock(0);
    const beat = (): void => void clock.wakeAt(clock.now() + 1, beat);
    beat();
    const driver = createDriver(clock, { wakeUpCountMax: 50 });
    await expect(driver.runUntilIdle()).rejects.toMatchObject({
      report: { kind: 'wakeUpLimit', firedCount: 50 },
    });
  });

  test('advanceTo lets promises settle before the clock goes on', async () => {
    const clock = createVirtualClock(0);
    const seen: number[] = [];
    void (async () => {
      await sleep(clock, 10);
      await sleep(clock, 10);
      seen.push(clock.now());
    })();
    await createDriver(clock).advanceTo(1_000);
    expect(seen).toEqual([20]);
    expect(clock.now()).toBe(1_000);
  });
});
