import { createPrng, createVirtualClock, type VirtualClock } from '../../sim/kernel/index.ts';
import { type Benchmark, type Figure, sampleAll } from './measure.ts';

const START_AT = Date.UTC(2026, 10, 22);
const LONGEST_DELAY_MS = 86_400_000;
const FIRED_A_RUN = 200_000;
const PENDING_COUNTS = [100, 10_000, 1_000_000] as const;

/** A clock on which `pending` wake-ups wait; each one that fires sets its successor. */
function filledClock(pending: number): VirtualClock {
  const prng = createPrng(14);
  // Drawn beforehand, so that the generator is not what is measured.
  const delaysMs = Array.from({ length: 65_536 }, () => 1 + prng.integer(0, LONGEST_DELAY_MS - 1));
  const clock = createVirtualClock(START_AT);
  let next = 0;
  const arm = (): void => {
    next = (next + 1) & 0xffff;
    clock.wakeAt(clock.now() + (delaysMs[next] as number), arm);
  };
  for (let index = 0; index < pending; index += 1) arm();
  return clock;
}

/** The virtual clock alone: take the next wake-up, call it, add one more. */
export const clock: Benchmark = {
  name: 'clock',
  title: 'The virtual clock alone',
  notes: ['Each wake-up sets one successor at a random instant within a day.'],
  run: async ({ runs }) => {
    const jobs = PENDING_COUNTS.map((pending) => {
      const filled = filledClock(pending);
      return (): number => {
        for (let fired = 0; fired < FIRED_A_RUN; fired += 1) filled.fireNext();
        return FIRED_A_RUN;
      };
    });
    const samples = sampleAll(runs ?? 5, jobs);
    return PENDING_COUNTS.map((pending, index): Figure => {
      const name = `${pending.toLocaleString('en-US')} pending`;
      return { name, unit: 'wake-ups/s', samples: samples[index] ?? [] };
    });
  },
};
