import type { Clock } from '../../machines/ports/clock.ts';
import { HOP_MS_DEFAULT, type LowLevelTimers, systemTimers, WakeUpPump } from './wake-up-pump.ts';

export interface RealClockOptions {
  /** Default: the runtime's own. */
  readonly timers?: LowLevelTimers;
  /** Longest single low-level timer, 1 ms to 24 h; default one minute. */
  readonly hopMs?: number;
}

/**
 * Wall-clock time. A wake-up of 30 days does not overflow the runtime's 32-bit timers, and a
 * wall clock that is set back or forward is noticed at the next hop (F15, F16, F19).
 */
export function createRealClock(options: RealClockOptions = {}): Clock {
  const timers = options.timers ?? systemTimers;
  const pump = new WakeUpPump({
    timers,
    hopMs: options.hopMs ?? HOP_MS_DEFAULT,
    now: () => timers.now(),
    realDelayMs: (dueAt) => dueAt - timers.now(),
  });
  return {
    now: () => timers.now(),
    wakeAt: (dueAt, wake) => pump.add(dueAt, wake),
  };
}
