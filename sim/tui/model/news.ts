import type { LogEvent } from '../../../machines/ports/event-log.ts';

/** What a person wants to hear of; single requests and bookkeeping are details. */
const NEWS: ReadonlySet<string> = new Set([
  'session.started',
  'session.refused',
  'session.ended',
  'route.selected',
  'route.refused',
  'credential.checked',
  'credential.issued',
  'credential.issueFailed',
  'credential.delivered',
  'credential.refused',
  'credential.revoked',
  'quota.refused',
  'channel.down',
  'fault.fired',
  'clock.warped',
]);

const NOTABLE_STATES: ReadonlySet<string> = new Set([
  'draining',
  'detached',
  'awaitingQuota',
  'restarting',
  'pausedByUser',
]);

/** The last part of a state's name: `active.draining` is `draining`. */
export function leafOf(state: string): string {
  return state.slice(state.lastIndexOf('.') + 1);
}

export function isNotableState(state: string): boolean {
  return NOTABLE_STATES.has(leafOf(state));
}

/** The session does nothing any more but end. */
export function isEndingState(state: string): boolean {
  return state.startsWith('ending.');
}

/** Asked of every event of a log once, so it makes no sentence. */
export function isNews(event: LogEvent): boolean {
  if (NEWS.has(event.type)) return true;
  const { state } = event.data;
  return event.type === 'session.state' && typeof state === 'string' && isNotableState(state);
}
