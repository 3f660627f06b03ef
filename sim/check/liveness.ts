import type { LogEvent } from '../../machines/ports/event-log.ts';
import { formatDuration } from '../../machines/rules/duration.ts';
import { formatInstant } from '../../machines/rules/time.ts';
import { type Checker, notes } from './checker.ts';
import { asCount, asText } from './facts.ts';
import type { SessionFacts } from './session-facts.ts';

/** How long things may take while nothing is broken; what is absent is not judged. */
export interface LivenessBounds {
  /** Nothing before this instant counts: faults may still have been at work. */
  readonly healthyFrom?: number;
  /** L1: from the start of a session to its end. */
  readonly sessionMs?: number;
  /** L3: from a check that finds nothing, or something expired, to a new credential. */
  readonly credentialMs?: number;
  /** L6: from the loss of a tenant's control channel to its return. */
  readonly channelMs?: number;
}

/** What a session that has not ended waits for, by the state it was last in. */
const WAITS: readonly (readonly [RegExp, string])[] = [
  [/\bconnecting/, 'waits for its control channel to the SP'],
  [/opening/, 'waits for its route'],
  [/starting/, 'waits for its movers to start'],
  [/contacting|reattaching/, 'waits for its target mover to reach the SP'],
  [/awaitingCredential/, 'waits for its credential'],
  [/detached/, 'waits for its control channel to come back'],
  [/draining/, 'waits for what is in flight'],
  [/quota|exhausted/i, 'waits for space'],
  [/paused/i, 'is paused'],
  [/running/, 'moves data'],
  [/aborting|abandoning/, 'waits for its movers to give up'],
  [/cleaningUp/, 'waits until what it stored is removed'],
  [/stoppingMovers/, 'waits for its movers to stop'],
  [/closing/, 'waits for the SP to close it'],
];

/** One session that had not ended when the log did. JSON. */
export interface PendingSession {
  readonly session: string;
  readonly startedAt: number;
  /** A sentence: where it stands and what it waits for. */
  readonly text: string;
}

/** Where a session stands that has not ended, in words. */
export function describePending(session: SessionFacts, last: LogEvent): PendingSession {
  const { id, state, lastFact } = session;
  const startedAt = session.started?.at ?? last.at;
  const name = state === null ? null : asText(state.data.state);
  const wait = WAITS.find(([pattern]) => name !== null && pattern.test(name))?.[1];
  const what = wait ?? (session.route === null ? 'waits for its route' : 'has told no state');
  const since = state === null ? '' : ` since ${formatInstant(state.at)} (state "${name}")`;
  const word =
    lastFact === null
      ? ''
      : `; its last word was ${lastFact.type}, ` +
        `${formatDuration(Math.max(0, last.at - lastFact.at))} before the end of the log`;
  const begun = `${id} started at ${formatInstant(startedAt)}`;
  return { session: id, startedAt, text: `${begun} and ${what}${since}${word}` };
}

const asked = notes<{ since: LogEvent | null }>(() => ({ since: null }));

/**
 * L1, L3, L6 over a finished log: what must happen has happened within its bound. What had not yet
 * come when the log ended is judged by how long it had been due then.
 */
export function checkLiveness(bounds: LivenessBounds): Checker {
  const { healthyFrom = Number.NEGATIVE_INFINITY, sessionMs, credentialMs, channelMs } = bounds;
  const tookMs = (from: LogEvent, until: LogEvent): number =>
    until.at - Math.max(from.at, healthyFrom);

  return {
    name: 'liveness',
    invariants: ['L1', 'L3', 'L6'],
    start: ({ witness, report }) => {
      const sawEnd = witness('L1');
      const sawCredential = witness('L3');
      const sawChannel = witness('L6');
      const downByNode = new Map<string, LogEvent>();

      const judgeSession = (started: LogEvent, until: LogEvent, how: string): void => {
        if (sessionMs === undefined || until.at < healthyFrom) return;
        sawEnd();
        const took = tookMs(started, until);
        if (took <= sessionMs) return;
        const limit = formatDuration(sessionMs);
        report('L1', 'L1', `${how} after ${formatDuration(took)}; the bound is ${limit}`, [
          started,
          until,
        ]);
      };
      const judgeCredential = (since: LogEvent, until: LogEvent, how: string): void => {
        if (credentialMs === undefined || until.at < healthyFrom) return;
        sawCredential();
        const took = tookMs(since, until);
        if (took <= credentialMs) return;
        const limit = formatDuration(credentialMs);
        report('L3', 'C2', `${how} after ${formatDuration(took)}; the bound is ${limit}`, [
          since,
          until,
        ]);
      };
      const judgeChannel = (down: LogEvent, until: LogEvent, how: string): void => {
        if (channelMs === undefined || until.at < healthyFrom) return;
        sawChannel();
        const took = tookMs(down, until);
        if (took <= channelMs) return;
        const limit = formatDuration(channelMs);
        report('L6', 'P5', `${how} after ${formatDuration(took)}; the bound is ${limit}`, [
          down,
          until,
        ]);
      };
      const channelOf = (event: LogEvent): string =>
        `${asText(event.data.tenant) ?? event.node} ${asText(event.data.role)} ${event.session}`;

      return {
        sees: {
          'channel.down': (event) => {
            const name = channelOf(event);
            if (!downByNode.has(name)) downByNode.set(name, event);
          },
          'channel.up': (event) => {
            const name = channelOf(event);
            const down = downByNode.get(name);
            downByNode.delete(name);
            if (down !== undefined) judgeChannel(down, event, 'the channel came back');
          },
          'credential.checked': (event, session) => {
            if (session === null || asText(event.data.decision) !== 'renew') return;
            const expiresAt = asCount(event.data.expiresAt);
            if (expiresAt !== null && (asCount(event.data.leftMs) ?? 1) > 0) return;
            asked.of(session).since ??= event;
          },
          'credential.delivered': (event, session) => {
            const own = session === null ? undefined : asked.known(session);
            if (own === undefined || own.since === null) return;
            judgeCredential(own.since, event, 'a new credential came');
            own.since = null;
          },
          'session.ended': (event, session) => {
            if (session === null || session.started === null || session.ended !== event) return;
            judgeSession(session.started, event, 'the session ended');
            const own = asked.known(session);
            if (own !== undefined) own.since = null;
            // Its target mover has gone with it, and needs no channel any more.
            downByNode.delete(`${event.node} target ${session.id}`);
          },
        },
        ends: ({ last, open }) => {
          if (last === null) return;
          for (const session of open) {
            if (session.started === null) continue;
            judgeSession(session.started, last, describePending(session, last).text);
            const since = asked.known(session)?.since ?? null;
            if (since !== null) judgeCredential(since, last, 'no new credential had come');
          }
          for (const down of downByNode.values()) {
            judgeChannel(down, last, 'the channel was still down');
          }
        },
      };
    },
  };
}
