import { createRealClock, createWarpClock } from '../../../adapters/clock/index.ts';
import { createDriver, createSettle, createVirtualClock } from '../../../sim/kernel/index.ts';
import { describeClockContract } from '../../contract/clock.contract.ts';
import { FakeTimers } from '../../support/fake-timers.ts';

const settle = createSettle();

describeClockContract('virtual clock', (startAt) => {
  const clock = createVirtualClock(startAt);
  const driver = createDriver(clock, { settle });
  return {
    clock,
    advance: async (byMs) => {
      await driver.advanceTo(clock.now() + byMs);
    },
  };
});

describeClockContract('warp clock, jumping', (startAt) => {
  const timers = new FakeTimers(startAt, settle);
  const clock = createWarpClock({
    state: { virtualAt: startAt, realAt: startAt, rate: 1 },
    settle,
    timers,
  });
  return { clock, advance: (byMs) => clock.warp(byMs) };
});

describeClockContract('warp clock, running at rate 1', (startAt) => {
  const timers = new FakeTimers(startAt, settle);
  const clock = createWarpClock({
    state: { virtualAt: startAt, realAt: startAt, rate: 1 },
    settle,
    timers,
  });
  return { clock, advance: (byMs) => timers.advance(byMs) };
});

describeClockContract('real clock', (startAt) => {
  const timers = new FakeTimers(startAt, settle);
  return { clock: createRealClock({ timers }), advance: (byMs) => timers.advance(byMs) };
});
