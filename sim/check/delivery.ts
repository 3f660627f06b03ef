import type { LogEvent } from '../../machines/ports/event-log.ts';
import { OPERATIONS } from '../../machines/rules/settings.ts';
import { count, scopeOf, text, texts } from './facts.ts';
import { readSessions } from './sessions.ts';
import { type Checker, ignoreWitness, type Violation, violation } from './violation.ts';

function deliveries(events: readonly LogEvent[]): readonly LogEvent[] {
  return events.filter((event) => event.type === 'credential.delivered');
}

/** I2, I6: on a gateway route nothing is delivered to the tenant; *backup server* is such a one. */
export const checkGatedDelivery: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  for (const session of readSessions(events).values()) {
    const { route } = session;
    if (route === null) continue;
    const isBackupServer = text(route, 'access') === 'backup-server';
    const [invariant, rule] = isBackupServer ? ['I6', 'C7'] : ['I2', 'P2'];
    if (session.dataPath === 'gateway') {
      witness(invariant);
      for (const event of deliveries(session.events)) {
        const what = 'a credential was delivered to the tenant on a gateway route';
        violations.push(violation(invariant, rule, what, [route, event]));
      }
    } else if (isBackupServer) {
      const what = 'the option "backup server" has led to a direct route';
      violations.push(violation('I6', 'P6', what, [route]));
    }
    // X1 and X2 send a job to the gateway server whatever the option says.
    const isForced = texts(route, 'rules').some((rule) => rule === 'X1' || rule === 'X2');
    if (isBackupServer && !isForced && text(route, 'targetHost') !== 'mountServer') {
      const what = `the target mover belongs on the mount server, not on ${text(route, 'targetHost')}`;
      violations.push(violation('I6', 'P6', what, [route]));
    }
  }
  return violations;
};

/**
 * I36: each delivery is for a running session and its operation. I35: and for that session's own
 * scope. I53: and says how much space there is to one that stores.
 */
export const checkDeliveryPurpose: Checker = (events, witness = ignoreWitness) => {
  const sessions = readSessions(events);
  const violations: Violation[] = [];
  for (const event of deliveries(events)) {
    const session = sessions.get(event.session ?? '');
    const { started = null, ended = null } = session ?? {};
    witness('I36');
    if (session === undefined || started === null || started.seq > event.seq) {
      const what = 'a credential was delivered to no running session';
      violations.push(violation('I36', 'C8', what, [event]));
      continue;
    }
    if (ended !== null && ended.seq < event.seq) {
      const what = 'a credential was delivered after the end of the session';
      violations.push(violation('I36', 'C8', what, [ended, event]));
    }
    const operation = text(event, 'operation');
    const isKnown = OPERATIONS.some((known) => known === operation);
    if (!isKnown || operation !== session.operation) {
      const what = `delivered for "${operation}"; the session's operation is "${session.operation}"`;
      violations.push(violation('I36', 'C8', what, [started, event]));
    }
    witness('I35');
    if (scopeOf(event) !== session.scope) {
      const what = `delivered for ${scopeOf(event)}; the session's scope is ${session.scope}`;
      violations.push(violation('I35', 'C12', what, [started, event]));
    }
    // What only reads needs no space: the quota is told to those who are about to store.
    if (operation !== 'backup') continue;
    witness('I53');
    if (count(event, 'quotaBytes') === null) {
      const what = 'the credential came without information about the quota';
      violations.push(violation('I53', 'P3', what, [event]));
    }
  }
  return violations;
};

/** S24: what was issued in this log is delivered only after it was saved. */
export const checkSavedBeforeDelivery: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  const unsaved = new Map<string, LogEvent>();
  for (const event of events) {
    const generation = count(event, 'generation');
    const name = `${scopeOf(event)} generation ${generation}`;
    if (event.type === 'credential.issued') unsaved.set(name, event);
    if (event.type === 'credential.saved') unsaved.delete(name);
    if (event.type !== 'credential.delivered' || generation === 0) continue;
    witness('S24');
    const issued = unsaved.get(name);
    if (issued !== undefined) {
      const what = `${name} was delivered before it was saved in the configuration database`;
      violations.push(violation('S24', 'C5', what, [issued, event]));
    }
  }
  return violations;
};
