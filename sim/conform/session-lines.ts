import type { backupSessionMachine } from '../../machines/backup-session/index.ts';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type ErrorCode, isErrorCode } from '../../machines/rules/errors.ts';
import type { Route } from '../../machines/rules/route.ts';
import type { Placed } from './machine-tables.ts';
import {
  type NewsEvent,
  type OwedLine,
  type SessionPossible,
  withKey,
} from './session-possible.ts';

/** A fleet tells only what is off the ordinary way (`sim/fleet/world/session-record.ts`). */
export const TOLD_BY_FLEET: ReadonlySet<string> = new Set([
  'active.draining',
  'active.detached',
  'active.awaitingQuota',
  'active.pausedByUser',
  'active.restarting',
  'active.reattaching',
  'done',
  'failed',
  'cancelled',
]);

export function settle(
  one: SessionPossible,
  isMet: (owed: OwedLine) => boolean,
): readonly SessionPossible[] {
  const index = one.owed.findIndex(isMet);
  if (index === -1) return [];
  return [withKey({ ...one, owed: one.owed.filter((_, at) => at !== index) })];
}

export function isState(state: string): (owed: OwedLine) => boolean {
  return (owed) => owed.type === 'session.state' && owed.state === state;
}

export function owedWords(owed: OwedLine): string {
  if (owed.type === 'session.state') return `session.state ${owed.state}`;
  if (owed.type === 'credential.checked') return 'credential.checked by the tenant';
  return `session.ended ${owed.state}${owed.code === null ? '' : ` (${owed.code})`}`;
}

/** M8: each opening is answered once; asked again, the SP repeats its answer and tells nobody. */
export function answersOpening(one: SessionPossible): readonly SessionPossible[] {
  const { openings } = one;
  if (openings.opens === 0 || owesState(one)) return [];
  return [withKey({ ...one, openings: { ...openings, opens: openings.opens - 1 } })];
}

export function requested(one: SessionPossible, { data }: LogEvent): readonly SessionPossible[] {
  const { asked } = one.openings;
  const isAsked = asked?.trigger === data.trigger && asked?.renew === data.renew;
  return one.owed.length === 0 && isAsked ? [one] : [];
}

/** A fleet's waits are its own, on clocks of its own: a budget is set or it is not. */
export function withoutBudget(
  placed: Placed<typeof backupSessionMachine>,
): Placed<typeof backupSessionMachine> {
  const { deadlines, outageSince } = placed.context;
  if ((deadlines.budget ?? 0) === 0 && outageSince === null) return placed;
  const budget = deadlines.budget === null ? null : 0;
  const context = { ...placed.context, outageSince: null, deadlines: { ...deadlines, budget } };
  return { ...placed, context };
}

/** A state is told before anybody can answer what was asked in it. */
export function owesState({ owed }: SessionPossible): boolean {
  return owed.some(({ type }) => type === 'session.state');
}

export function codeOf({ data }: LogEvent): ErrorCode {
  return isErrorCode(data.code) ? data.code : 'unknown';
}

export function routeOf({ data }: LogEvent): Route {
  const { dataPath, sourceHost, targetHost, credential, assumed } = data;
  return { dataPath, sourceHost, targetHost, credential, assumed } as unknown as Route;
}

export function deliveredBy({ data }: LogEvent): NewsEvent {
  return {
    type: 'credential.delivered',
    generation: Number(data.generation),
    expiresAt: typeof data.expiresAt === 'number' ? data.expiresAt : null,
    degraded: data.degraded === true,
  };
}
