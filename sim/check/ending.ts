import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type Checker, notes } from './checker.ts';
import { asCount, asFlag, asText } from './facts.ts';
import type { SessionFacts } from './session-facts.ts';

const TERMINAL_STATES: readonly (string | null)[] = ['done', 'failed', 'cancelled'];

/**
 * Facts that may not begin once a session is over. Not `route.selected`: the tenant may have given up
 * while its question was on the way, and the SP then opens and at once closes what nobody waits for.
 */
const FORBIDDEN_AFTER_END = [
  'session.started',
  'session.state',
  'session.ended',
  'mover.started',
  'gateway.connected',
  'quota.granted',
] as const;

function isTerminalState(event: LogEvent): boolean {
  return event.type === 'session.state' && TERMINAL_STATES.includes(asText(event.data.state));
}

interface Ending {
  terminal: LogEvent | null;
  /** The first state after the terminal one. */
  next: LogEvent | null;
  /** The request that started last, of those that were told before the end. */
  lastUse: LogEvent | null;
}

const endings = notes<Ending>(() => ({ terminal: null, next: null, lastUse: null }));

/**
 * I71: terminal states absorb. After the end nothing of the session begins any more; a terminal
 * state is followed by no other state, and is the one that the end reports.
 */
export const checkTerminalStates: Checker = {
  name: 'terminal-states',
  invariants: ['I71'],
  start: ({ witness, report }) => {
    const sawEnd = witness('I71');
    const onFact = (event: LogEvent, session: SessionFacts | null): void => {
      const ended = session?.ended ?? null;
      if (ended === null || ended === event) return;
      // The end is told by the SP, the last state by the machine: either may be logged first.
      if (isTerminalState(event) && asText(event.data.state) === session?.endState) return;
      const what = `${event.type} came after the end of the session`;
      report('I71', 'M8', what, [ended, event]);
    };
    const reportUse = (ended: LogEvent, use: LogEvent): void => {
      const what = 'a storage request started after the end of the session';
      report('I71', 'M8', what, [ended, use]);
    };
    return {
      sees: {
        ...Object.fromEntries(FORBIDDEN_AFTER_END.map((type) => [type, onFact])),
        'session.state': (event, session) => {
          if (session === null) return;
          const own = endings.of(session);
          if (own.terminal !== null) own.next ??= event;
          else if (isTerminalState(event)) own.terminal = event;
          onFact(event, session);
        },
        'storage.used': (event, session) => {
          if (session === null) return;
          const startedAt = asCount(event.data.startedAt) ?? 0;
          if (session.ended !== null) {
            if (startedAt > session.ended.at) reportUse(session.ended, event);
            return;
          }
          const own = endings.of(session);
          const latest = own.lastUse === null ? -1 : (asCount(own.lastUse.data.startedAt) ?? 0);
          if (startedAt > latest) own.lastUse = event;
        },
      },
      leaves: (session) => {
        const { ended, endState } = session;
        const { terminal, next, lastUse } = endings.of(session);
        if (ended !== null || terminal !== null) sawEnd();
        if (
          ended !== null &&
          lastUse !== null &&
          (asCount(lastUse.data.startedAt) ?? 0) > ended.at
        ) {
          reportUse(ended, lastUse);
        }
        if (terminal === null) return;
        const state = asText(terminal.data.state);
        if (next !== null && asText(next.data.state) !== state) {
          const what = `the session left its terminal state "${state}"`;
          report('I71', 'M8', what, [terminal, next]);
        }
        if (ended !== null && endState !== state) {
          report('I71', 'M8', `ended as "${endState}" in the state "${state}"`, [terminal, ended]);
        }
      },
    };
  },
};

/** I72: a restore or a verification that says success has verified every block. */
export const checkVerifiedRestore: Checker = {
  name: 'verified-restore',
  invariants: ['I72'],
  start: ({ witness, report }) => {
    const sawRestore = witness('I72');
    return {
      leaves: ({ started, ended, operation, endState }) => {
        if (started === null || ended === null || endState !== 'done') return;
        if (operation !== 'restore' && operation !== 'verify') return;
        sawRestore();
        if (asFlag(ended.data.verified) === true) return;
        const what = `the ${operation} says success but has not verified what it read`;
        report('I72', 'P9', what, [started, ended]);
      },
    };
  },
};
