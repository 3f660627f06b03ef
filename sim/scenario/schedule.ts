import { DAY_MS, type EpochMs } from '../../machines/rules/time.ts';
import type { ScenarioJob, ScheduledRun } from './types.ts';

/**
 * The first run of a schedule: the first instant at or after the start with that time of day
 * (ms since midnight, UTC); without a time of day, one period after the start.
 */
export function firstRunAt(startAt: EpochMs, everyMs: number, timeOfDayMs: number | null): EpochMs {
  if (timeOfDayMs === null) return startAt + everyMs;
  const midnight = Math.floor(startAt / DAY_MS) * DAY_MS;
  const sameDay = midnight + timeOfDayMs;
  return sameDay >= startAt ? sameDay : sameDay + DAY_MS;
}

/**
 * The scheduled backups that are due after `after` and at or before `until`, in the order in which
 * they start (at one instant: in the order of the jobs). Whoever moves the clock asks for one
 * stretch after the other and so meets every run exactly once.
 */
export function scheduledRuns(
  jobs: readonly ScenarioJob[],
  after: EpochMs,
  until: EpochMs,
): readonly ScheduledRun[] {
  const runs: ScheduledRun[] = [];
  for (const { name, schedule } of jobs) {
    if (schedule === null) continue;
    const { firstAt, everyMs, times } = schedule;
    const first = after < firstAt ? 0 : Math.floor((after - firstAt) / everyMs) + 1;
    const last = Math.min(
      times ?? Number.POSITIVE_INFINITY,
      Math.floor((until - firstAt) / everyMs) + 1,
    );
    for (let index = first; index < last; index += 1) {
      runs.push({ at: firstAt + index * everyMs, job: name });
    }
  }
  return runs.sort((left, right) => left.at - right.at);
}
