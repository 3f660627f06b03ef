import type { EpochMs } from '../../../machines/rules/time.ts';
import { MINUTE_MS } from '../../../machines/rules/time.ts';
import { scheduledRuns } from '../../scenario/index.ts';
import type { Scenario, ScenarioStep } from '../../scenario/types.ts';
import { roughDuration } from '../words.ts';
import { upcoming } from './next.ts';
import type { CredentialView } from './types.ts';

/** Something that is due. */
export interface Due {
  readonly at: EpochMs;
  readonly text: string;
}

/** A gap of at least this is folded into one line. */
export const IDLE_MS_MIN = MINUTE_MS;

/** How far ahead schedules are looked at. */
const AHEAD_MS = 60 * 24 * 60 * MINUTE_MS;

/** What is due after an instant, soonest first: renewal lines, expiries, scheduled backups. */
export function dueAfter(
  now: EpochMs,
  credentials: readonly CredentialView[],
  scenario: Scenario | null,
  countMax: number,
): readonly Due[] {
  const ofCredentials = upcoming(credentials, now, countMax).map(
    ({ at, scope, generation, what }) => ({
      at,
      text:
        what === 'expiry'
          ? `${scope}: generation ${generation} ends`
          : `${scope}: generation ${generation} comes below its renewal line`,
    }),
  );
  const isSane = Number.isFinite(now);
  const ofJobs =
    scenario === null || !isSane
      ? []
      : scheduledRuns(scenario.jobs, now, now + AHEAD_MS)
          .slice(0, countMax)
          .map(({ at, job }) => ({ at, text: `${job} is scheduled` }));
  return [...ofCredentials, ...ofJobs].sort((left, right) => left.at - right.at).slice(0, countMax);
}

/** `13d 00h idle`; null where the gap is not worth a line. */
export function idleWords(from: EpochMs, to: EpochMs): string | null {
  const gapMs = to - from;
  return gapMs >= IDLE_MS_MIN ? `${roughDuration(gapMs)} idle` : null;
}

/** The scenario's own next step in few words. */
export function stepWords(step: ScenarioStep): string {
  switch (step.type) {
    case 'run':
      return `${step.operation} ${step.job}`;
    case 'warp':
      return `move the clock by ${roughDuration(step.byMs)}`;
    case 'warpTo':
      return `move the clock to ${step.instant === 'expiry' ? 'an expiry' : 'a renewal line'}`;
    case 'setRepository':
      return `set ${step.repository}: ${Object.keys(step.changes).join(', ')}`;
    case 'setTenant':
      return `set ${step.tenant}: ${Object.keys(step.changes).join(', ')}`;
    case 'fault':
      return `arm a fault: ${step.fault.site} ${step.fault.effect.kind}`;
    case 'setMaintenance':
      return step.isOn ? 'begin maintenance' : 'end maintenance';
    case 'restoreAll':
      return 'restore and compare everything';
    default:
      return step satisfies never;
  }
}
