export { createRealClock, type RealClockOptions } from './real-clock.ts';
export { HOP_MS_DEFAULT, HOP_MS_MAX, type LowLevelTimers, systemTimers } from './wake-up-pump.ts';
export {
  createWarpClock,
  parseWarpClockState,
  virtualNow,
  type WarpClock,
  type WarpClockOptions,
  type WarpClockState,
} from './warp-clock.ts';
