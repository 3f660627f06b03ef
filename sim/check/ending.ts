import type { LogEvent } from '../../machines/ports/event-log.ts';
import { count, flag, text } from './facts.ts';
import { readSessions } from './sessions.ts';
import { type Checker, ignoreWitness, type Violation, violation } from './violation.ts';

const TERMINAL_STATES: readonly (string | null)[] = ['done', 'failed', 'cancelled'];

/** Facts that may not begin once a session is over. */
const FORBIDDEN_AFTER_END = new Set([
  'session.started',
  'session.state',
  'session.ended',
  'route.selected',
  'mover.started',
  'gateway.connected',
  'quota.granted',
]);

function isTerminalState(event: LogEvent): boolean {
  return event.type === 'session.state' && TERMINAL_STATES.includes(text(event, 'state'));
}

/**
 * I71: terminal states absorb. After the end nothing of the session begins any more; a terminal
 * state is followed by no other state, and is the one that the end reports.
 */
export const checkTerminalStates: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  for (const { events: own, ended } of readSessions(events).values()) {
    const terminal = own.find(isTerminalState) ?? null;
    if (ended !== null || terminal !== null) witness('I71');
    for (const event of own) {
      if (ended !== null && event.seq > ended.seq && FORBIDDEN_AFTER_END.has(event.type)) {
        // The end is told by the SP, the last state by the machine: either may be logged first.
        if (isTerminalState(event) && text(event, 'state') === text(ended, 'state')) continue;
        const what = `${event.type} came after the end of the session`;
        violations.push(violation('I71', 'M8', what, [ended, event]));
      } else if (ended !== null && event.type === 'storage.used') {
        if ((count(event, 'startedAt') ?? 0) <= ended.at) continue;
        const what = 'a storage request started after the end of the session';
        violations.push(violation('I71', 'M8', what, [ended, event]));
      }
    }
    if (terminal === null) continue;
    const next = own.find((event) => event.type === 'session.state' && event.seq > terminal.seq);
    if (next !== undefined && text(next, 'state') !== text(terminal, 'state')) {
      const what = `the session left its terminal state "${text(terminal, 'state')}"`;
      violations.push(violation('I71', 'M8', what, [terminal, next]));
    }
    if (ended !== null && text(ended, 'state') !== text(terminal, 'state')) {
      const what = `ended as "${text(ended, 'state')}" in the state "${text(terminal, 'state')}"`;
      violations.push(violation('I71', 'M8', what, [terminal, ended]));
    }
  }
  return violations;
};

/** I72: a restore or a verification that says success has verified every block. */
export const checkVerifiedRestore: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  for (const session of readSessions(events).values()) {
    const { started, ended, operation } = session;
    if (started === null || ended === null || session.endState !== 'done') continue;
    if (operation !== 'restore' && operation !== 'verify') continue;
    witness('I72');
    if (flag(ended, 'verified') !== true) {
      const what = `the ${operation} says success but has not verified what it read`;
      violations.push(violation('I72', 'P9', what, [started, ended]));
    }
  }
  return violations;
};
