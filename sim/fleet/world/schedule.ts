import { DAY_MS, type EpochMs } from '../../../machines/rules/time.ts';
import type { Chance } from '../model/chance.ts';
import type { TenantGroup } from '../types.ts';

/** 1970-01-01 was a Thursday; Monday is 0. */
export function weekdayOf(at: EpochMs): number {
  return (Math.floor(at / DAY_MS) + 3) % 7;
}

function isWorkday(at: EpochMs): boolean {
  return weekdayOf(at) < 5;
}

/** Whether a run may begin then (business hours in UTC, Monday to Friday). */
export function isOpenAt(group: TenantGroup, at: EpochMs): boolean {
  if (group.businessHours === null) return true;
  const sinceMidnightMs = at % DAY_MS;
  const { fromMs, toMs } = group.businessHours;
  return isWorkday(at) && sinceMidnightMs >= fromMs && sinceMidnightMs < toMs;
}

/** When the period begins to which an occurrence belongs, before jitter. */
function occurrenceAt(group: TenantGroup, onboardedAt: EpochMs, occurrence: number): EpochMs {
  const { schedule } = group;
  if (schedule.kind === 'every') return onboardedAt + occurrence * schedule.everyMs;
  const midnight = Math.floor(onboardedAt / DAY_MS) * DAY_MS;
  if (schedule.kind === 'daily') {
    const first = midnight + schedule.timeOfDayMs;
    return first + (first < onboardedAt ? DAY_MS : 0) + occurrence * DAY_MS;
  }
  const ahead = (schedule.weekday - weekdayOf(midnight) + 7) % 7;
  const first = midnight + ahead * DAY_MS + schedule.timeOfDayMs;
  return first + (first < onboardedAt ? 7 * DAY_MS : 0) + occurrence * 7 * DAY_MS;
}

export interface Occurrence {
  readonly occurrence: number;
  readonly at: EpochMs;
}

/** More than a year of tries at the shortest period in use; a schedule that fits nowhere ends here. */
const TRIES_MAX = 20_000;

/** The next run at or after an instant, from an occurrence on; null when none comes before `until`. */
export function nextRun(
  group: TenantGroup,
  chance: Chance,
  unitIndex: number,
  onboardedAt: EpochMs,
  from: number,
  until: EpochMs,
): Occurrence | null {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const occurrence = from + tries;
    const base = occurrenceAt(group, onboardedAt, occurrence);
    if (base >= until) return null;
    const jitter =
      group.jitterMs === 0 ? 0 : chance.below('jitter', unitIndex, occurrence, group.jitterMs);
    const at = base + jitter;
    if (at < until && isOpenAt(group, at)) return { occurrence, at };
  }
  return null;
}
