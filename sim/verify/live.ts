import { createRealClock } from '../../adapters/clock/index.ts';
import { runVerify, type VerifyOptions, type VerifyReport } from './run.ts';

/** A run against a storage that keeps real time. */
export function verifyLive(
  options: Omit<VerifyOptions, 'clock' | 'limitClock' | 'waitUntil'>,
): Promise<VerifyReport> {
  const clock = createRealClock();
  return runVerify({
    ...options,
    clock,
    limitClock: clock,
    waitUntil: (at) =>
      new Promise((due) => {
        clock.wakeAt(at, due);
      }),
  });
}
