import type { SessionContext } from '../../machines/backup-session/index.ts';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import { type EpochMs, SECOND_MS } from '../../machines/rules/time.ts';
import type { NewsEvent } from './session-possible.ts';
import type { Dialect } from './types.ts';

/** One of each kind that the machine can tell apart (`mayRestart`, `isDeniedOnce`). */
const CODES: readonly ErrorCode[] = ['mover.exited', 'access.denied'];

export interface SilentGiven {
  readonly context: SessionContext;
  readonly dialect: Dialect;
  /** The session ends with this code; so it may have been said. */
  readonly endCode: ErrorCode | null;
  /** Without an end in the log, any code may have been said. */
  readonly hasEnded: boolean;
  /** The SP has refused a grant, or serves the tenant no more. */
  readonly isQuotaRefused: boolean;
  /** Every mover of the tenant's own hosts has told its exit. */
  readonly areMoversGone: boolean;
}

/**
 * What may reach a session without a line in the log: the user, the wire, the engines, and alarms.
 * The more is possible here, the less a log proves; so each entry says why it has no line.
 */
export function silentSessionEvents(given: SilentGiven): readonly NewsEvent[] {
  const { context, dialect, endCode, hasEnded, isQuotaRefused } = given;
  const ending: ErrorCode | null = hasEnded ? endCode : 'unknown';
  const codes = ending === null ? CODES : [...new Set([...CODES, ending])];
  const events: NewsEvent[] = [
    // The tenant's own view of its connection; the log has the SP's.
    { type: 'channel.up' },
    { type: 'channel.down' },
    { type: 'session.cancelled' },
    { type: 'quota.raised' },
    { type: 'session.closed' },
    { type: 'transfer.drained' },
    { type: 'transfer.cleaned' },
  ];
  for (const code of codes) {
    // A process that did not start, the end of a link between movers, an SP that was started again.
    events.push({ type: 'mover.failed', role: 'target', code });
    events.push({ type: 'transfer.failed', code });
    events.push({ type: 'credential.refused', code });
  }
  if (given.areMoversGone) events.push({ type: 'movers.stopped' });
  if (dialect === 'fleet') events.push({ type: 'contact.lost' });
  // Nobody sits before a fleet.
  else events.push({ type: 'session.paused' }, { type: 'session.continued' });
  if (context.hasTransferStarted) {
    events.push({ type: 'transfer.completed' }, { type: 'transfer.credentialExpired' });
    if (isQuotaRefused) events.push({ type: 'quota.exhausted' });
  }
  return events;
}

/** An event is told a moment after it has happened. */
const TOLD_LATE_MS = SECOND_MS;

/** Alarms, when they are due; in a fleet a tenant's clock may be off by what no line tells. */
export function silentAlarms(
  { deadlines }: SessionContext,
  at: EpochMs,
  dialect: Dialect,
): readonly NewsEvent[] {
  const events: NewsEvent[] = [];
  const isDue = (dueAt: EpochMs | null): boolean =>
    dueAt !== null && (dialect === 'fleet' || at + TOLD_LATE_MS >= dueAt);
  if (isDue(deadlines.budget)) events.push({ type: 'alarm.budget' });
  // The margin is a setting that stands in no line.
  if (deadlines.stopStarting !== null) events.push({ type: 'alarm.stopStarting' });
  if (deadlines.heartbeat !== null) events.push({ type: 'alarm.heartbeat' });
  if (isDue(deadlines.expiry)) events.push({ type: 'alarm.expiry' });
  return events;
}
