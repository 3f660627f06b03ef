import { describe, expect, test } from 'vitest';
import { createRealClock, HOP_MS_DEFAULT, HOP_MS_MAX } from '../../../adapters/clock/index.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import { createSettle } from '../../../sim/kernel/index.ts';
import { FakeTimers } from '../../support/fake-timers.ts';

const START_AT = Date.UTC(2026, 10, 22);

function setUp(hopMs = HOP_MS_DEFAULT) {
  const timers = new FakeTimers(START_AT, createSettle());
  const clock = createRealClock({ timers, hopMs });
  const firedAt: number[] = [];
  const wakeIn = (delayMs: number) =>
    clock.wakeAt(clock.now() + delayMs, () => firedAt.push(clock.now()));
  return { timers, clock, firedAt, wakeIn };
}

describe('real clock', () => {
  test('F19: 30 days never ask the runtime for more than one hop', async () => {
    const { timers, firedAt, wakeIn } = setUp(HOP_MS_MAX);
    wakeIn(30 * DAY_MS);
    await timers.advance(30 * DAY_MS);
    expect(firedAt).toEqual([START_AT + 30 * DAY_MS]);
    expect(timers.delayMsSeenMax).toBe(DAY_MS);
  });

  test('F16: a wall clock set forward past the instant wakes at the next hop', async () => {
    const { timers, firedAt, wakeIn } = setUp();
    wakeIn(20 * HOUR_MS);
    await timers.advance(HOUR_MS);
    timers.setWallClock(DAY_MS);
    await timers.advance(MINUTE_MS);
    expect(firedAt).toHaveLength(1);
  });

  test('F15: a wall clock set back is waited for', async () => {
    const { timers, firedAt, wakeIn, clock } = setUp();
    wakeIn(HOUR_MS);
    await timers.advance(30 * MINUTE_MS);
    timers.setWallClock(-5 * DAY_MS);
    await timers.advance(30 * MINUTE_MS);
    expect(firedAt).toEqual([]);
    await timers.advance(5 * DAY_MS);
    expect(firedAt).toEqual([START_AT + HOUR_MS]);
    expect(clock.now()).toBe(START_AT + HOUR_MS);
  });

  test('a timer that fires early wakes nobody', async () => {
    const timers = new FakeTimers(START_AT, createSettle());
    const early = {
      now: () => timers.now(),
      setTimeout: (run: () => void, delayMs: number) =>
        timers.setTimeout(run, Math.max(1, delayMs - 1)),
      clearTimeout: (handle: unknown) => timers.clearTimeout(handle),
    };
    const clock = createRealClock({ timers: early });
    const firedAt: number[] = [];
    clock.wakeAt(START_AT + 1_000, () => firedAt.push(clock.now()));
    await timers.advance(999);
    expect(firedAt).toEqual([]);
    await timers.advance(1);
    expect(firedAt).toEqual([START_AT + 1_000]);
  });

  test('a wake-up that throws does not take the others with it', async () => {
    const { timers, clock, firedAt, wakeIn } = setUp();
    clock.wakeAt(START_AT + 10, () => {
      throw new Error('planted');
    });
    wakeIn(10);
    await expect(timers.advance(10)).rejects.toThrow('planted');
    await timers.advance(1);
    expect(firedAt).toHaveLength(1);
  });

  test('nothing is left in the runtime once the last wake-up is cancelled', () => {
    const { timers, wakeIn } = setUp();
    const cancel = wakeIn(DAY_MS);
    expect(timers.pendingCount).toBe(1);
    cancel();
    expect(timers.pendingCount).toBe(0);
  });

  test('a wake-up that sets itself in the past again and again lets others run', async () => {
    const { timers, clock, firedAt, wakeIn } = setUp();
    let againCount = 0;
    const again = (): void => {
      againCount += 1;
      if (againCount < 100) clock.wakeAt(START_AT - 1, again);
    };
    clock.wakeAt(START_AT - 1, again);
    wakeIn(0);
    await timers.advance(0);
    expect(againCount).toBe(100);
    expect(firedAt).toHaveLength(1);
  });

  test.each([0, -1, HOP_MS_MAX + 1, Number.NaN])('refuses a hop of %d ms', (hopMs) => {
    expect(() => createRealClock({ hopMs })).toThrow(RangeError);
  });

  test('with the real runtime: now() moves and a short wake-up comes', async () => {
    const clock = createRealClock();
    const before = clock.now();
    await new Promise<void>((resolve) => clock.wakeAt(before + 2, resolve));
    expect(clock.now()).toBeGreaterThanOrEqual(before + 2);
  });
});
