import { describe, expect, test } from 'vitest';
import {
  createWarpClock,
  parseWarpClockState,
  virtualNow,
  type WarpClockState,
} from '../../../adapters/clock/index.ts';
import { DAY_MS, HOUR_MS } from '../../../machines/rules/time.ts';
import { createSettle } from '../../../sim/kernel/index.ts';
import { FakeTimers } from '../../support/fake-timers.ts';

const REAL_AT = Date.UTC(2030, 0, 1);
const VIRTUAL_AT = Date.UTC(2026, 10, 22);

function setUp(rate = 1) {
  const settle = createSettle();
  const timers = new FakeTimers(REAL_AT, settle);
  const state: WarpClockState = { virtualAt: VIRTUAL_AT, realAt: REAL_AT, rate };
  const clock = createWarpClock({ state, settle, timers });
  const firedAt: number[] = [];
  const wakeIn = (delayMs: number) =>
    clock.wakeAt(clock.now() + delayMs, () => firedAt.push(clock.now() - VIRTUAL_AT));
  return { settle, timers, clock, firedAt, wakeIn };
}

describe('warp clock', () => {
  test('runs at its rate, in whole milliseconds', async () => {
    const { timers, clock, firedAt, wakeIn } = setUp(60);
    wakeIn(HOUR_MS);
    await timers.advance(59_999);
    expect(clock.now()).toBe(VIRTUAL_AT + 59_999 * 60);
    expect(firedAt).toEqual([]);
    await timers.advance(1);
    expect(firedAt).toEqual([HOUR_MS]);
  });

  test('rounds a rate below one down, so that no instant is shown too early', async () => {
    const { timers, clock } = setUp(0.5);
    await timers.advance(3);
    expect(clock.now()).toBe(VIRTUAL_AT + 1);
  });

  test('setRate goes on from where the clock is', async () => {
    const { timers, clock, firedAt, wakeIn } = setUp(1);
    wakeIn(10_000);
    await timers.advance(1_000);
    clock.setRate(9);
    expect(clock.now()).toBe(VIRTUAL_AT + 1_000);
    await timers.advance(1_000);
    expect(firedAt).toEqual([10_000]);
  });

  test('pause stands still, also for real months; resume takes the old rate', async () => {
    const { timers, clock, firedAt, wakeIn } = setUp(2);
    wakeIn(10);
    clock.pause();
    await timers.advance(60 * DAY_MS);
    expect(clock.now()).toBe(VIRTUAL_AT);
    expect(firedAt).toEqual([]);
    clock.resume();
    await timers.advance(5);
    expect(firedAt).toEqual([10]);
  });

  test('a paused clock still jumps', async () => {
    const { clock, firedAt, wakeIn } = setUp(0);
    wakeIn(DAY_MS);
    await clock.warp(2 * DAY_MS);
    expect(firedAt).toEqual([DAY_MS]);
    expect(clock.now()).toBe(VIRTUAL_AT + 2 * DAY_MS);
  });

  test('jumps queue up behind each other', async () => {
    const { clock, firedAt, wakeIn } = setUp();
    wakeIn(1_500);
    await Promise.all([clock.warp(1_000), clock.warp(1_000)]);
    expect(clock.now()).toBe(VIRTUAL_AT + 2_000);
    expect(firedAt).toEqual([1_500]);
  });

  test('after a jump the clock runs on from its end', async () => {
    const { timers, clock, firedAt, wakeIn } = setUp();
    wakeIn(DAY_MS + 100);
    await clock.warp(DAY_MS);
    await timers.advance(99);
    expect(firedAt).toEqual([]);
    await timers.advance(1);
    expect(firedAt).toEqual([DAY_MS + 100]);
  });

  test('does not jump back, and not by fractions', async () => {
    const { clock } = setUp();
    await expect(clock.warpTo(VIRTUAL_AT - 1)).rejects.toThrow(RangeError);
    await expect(clock.warp(-1)).rejects.toThrow(RangeError);
    await expect(clock.warp(0.5)).rejects.toThrow(RangeError);
    await clock.warp(1);
    expect(clock.now()).toBe(VIRTUAL_AT + 1);
  });

  test('a wake-up that throws ends the jump where it was due; the clock stays usable', async () => {
    const { clock, firedAt, wakeIn } = setUp();
    clock.wakeAt(VIRTUAL_AT + 100, () => {
      throw new Error('planted');
    });
    wakeIn(200);
    await expect(clock.warp(1_000)).rejects.toThrow('planted');
    expect(clock.now()).toBe(VIRTUAL_AT + 100);
    await clock.warp(100);
    expect(firedAt).toEqual([200]);
  });

  test('another process goes on from the exported state and shows the same time', async () => {
    const { settle, timers, clock } = setUp(3);
    await clock.warp(13 * DAY_MS);
    const text = JSON.stringify(clock.exportState());
    await timers.advance(5_000);
    const other = createWarpClock({ state: parseWarpClockState(JSON.parse(text)), settle, timers });
    expect(other.now()).toBe(clock.now());
    expect(other.now()).toBe(VIRTUAL_AT + 13 * DAY_MS + 15_000);
  });

  test('adopting a later state is a jump: what lies between fires', async () => {
    const { timers, clock, firedAt, wakeIn } = setUp();
    wakeIn(DAY_MS);
    await clock.adopt({ virtualAt: VIRTUAL_AT + 2 * DAY_MS, realAt: timers.now(), rate: 5 });
    expect(firedAt).toEqual([DAY_MS]);
    await timers.advance(10);
    expect(clock.now()).toBe(VIRTUAL_AT + 2 * DAY_MS + 50);
  });

  test('adopting an earlier state sets the clock back; what has fired stays fired', async () => {
    const { timers, clock, firedAt, wakeIn } = setUp();
    wakeIn(10);
    wakeIn(5_000);
    await timers.advance(4_000);
    await clock.adopt({ virtualAt: VIRTUAL_AT, realAt: timers.now(), rate: 1 });
    expect(clock.now()).toBe(VIRTUAL_AT);
    await timers.advance(5_000);
    expect(firedAt).toEqual([10, 5_000]);
  });

  test.each([
    null,
    {},
    { virtualAt: 1, realAt: 1 },
    { virtualAt: 1.5, realAt: 1, rate: 1 },
    { virtualAt: 1, realAt: 1, rate: -1 },
    { virtualAt: 1, realAt: 1, rate: Number.NaN },
    { virtualAt: '1', realAt: 1, rate: 1 },
  ])('refuses the state %j', (state) => {
    expect(() => parseWarpClockState(state)).toThrow(RangeError);
  });

  test('virtualNow is exact for a whole rate', () => {
    const state = { virtualAt: VIRTUAL_AT, realAt: REAL_AT, rate: 86_400 };
    expect(virtualNow(state, REAL_AT + 14_000)).toBe(VIRTUAL_AT + 14 * DAY_MS);
  });
});
