import type { Clock } from '../../machines/ports/clock.ts';

const LOOK_EVERY_MS = 5;
/** How long a jump waits for an answer before it goes on and lets the deadline speak. */
const ANSWER_BUDGET_MS = 10_000;
/** Nothing has happened for this long: what is waited for is a deadline of a clock that stands. */
const STILL_MS = 2_000;

/** Waiting in real time, for a lab whose own clock jumps or stands still. */
export interface Patience {
  /** Until the condition holds, or the budget is used up. */
  until(condition: () => boolean): Promise<void>;
  /**
   * Waits for the work. Where the lab's clock stands still and nothing happens, time is nudged on,
   * further each time, so that backoffs and deadlines come due.
   */
  whileRunning<Result>(
    work: Promise<Result>,
    countEvents: () => number,
    nudge: (byMs: number) => Promise<void>,
    isStanding: () => boolean,
  ): Promise<Result>;
}

export function createPatience(clock: Clock): Patience {
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.wakeAt(clock.now() + ms, resolve);
    });
  return {
    until: async (condition) => {
      const givesUpAt = clock.now() + ANSWER_BUDGET_MS;
      while (!condition() && clock.now() < givesUpAt) await wait(LOOK_EVERY_MS);
    },
    whileRunning: async (work, countEvents, nudge, isStanding) => {
      let isSettled = false;
      const settle = (): void => {
        isSettled = true;
      };
      work.then(settle, settle);
      let seen = countEvents();
      let stillSince = clock.now();
      let nudgeMs = 1_000;
      while (!isSettled) {
        await Promise.race([work.then(settle, settle), wait(100)]);
        if (countEvents() !== seen || !isStanding()) {
          seen = countEvents();
          stillSince = clock.now();
          nudgeMs = 1_000;
        } else if (clock.now() - stillSince >= STILL_MS) {
          await nudge(nudgeMs);
          nudgeMs *= 2;
        }
      }
      return work;
    },
  };
}
