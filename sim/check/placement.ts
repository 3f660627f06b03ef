import type { LogEvent } from '../../machines/ports/event-log.ts';
import { count, text } from './facts.ts';
import { readSessions, type SessionHistory } from './sessions.ts';
import { type Checker, ignoreWitness, type Violation, violation } from './violation.ts';

type Role = 'source' | 'target';
const ROLES: readonly Role[] = ['source', 'target'];

function startsOf(session: SessionHistory, role: Role): readonly LogEvent[] {
  return session.events.filter(
    (event) => event.type === 'mover.started' && text(event, 'role') === role,
  );
}

/**
 * I13: on a gateway route the movers run where the route says. I14: on a direct route both run on
 * the same tenant host.
 */
export const checkMoverHosts: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  for (const session of readSessions(events).values()) {
    const { route, dataPath } = session;
    if (route === null) continue;
    const [invariant, rule] = dataPath === 'direct' ? ['I14', 'P3'] : ['I13', 'P2'];
    for (const role of ROLES) {
      const wanted = text(route, `${role}Host`);
      for (const event of startsOf(session, role)) {
        witness(invariant);
        const host = text(event, 'host');
        if (host === wanted) continue;
        const what = `the ${role} mover runs on ${host}; the route says ${wanted}`;
        violations.push(violation(invariant, rule, what, [route, event]));
      }
    }
    if (dataPath === 'direct' && text(route, 'sourceHost') !== text(route, 'targetHost')) {
      const what = 'a direct route puts the two movers on different hosts';
      violations.push(violation('I14', 'P3', what, [route]));
    }
  }
  return violations;
};

/** I15: one source and one target mover at a time, and a session that is done had both. */
export const checkMoverCount: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  for (const session of readSessions(events).values()) {
    for (const role of ROLES) {
      let running: LogEvent | null = null;
      for (const event of session.events) {
        if (text(event, 'role') !== role) continue;
        if (event.type === 'mover.exited') running = null;
        if (event.type !== 'mover.started') continue;
        witness('I15');
        if (running !== null) {
          const what = `a second ${role} mover started while the first was running`;
          violations.push(violation('I15', 'P7', what, [running, event]));
        }
        running = event;
      }
      const { ended, endState } = session;
      if (ended !== null && endState === 'done' && startsOf(session, role).length === 0) {
        const what = `the session is done without a ${role} mover`;
        violations.push(violation('I15', 'P7', what, [ended]));
      }
    }
  }
  return violations;
};

/** Pairs of (what comes first, what follows), by their first occurrence; with the rule. */
function orderOf(session: SessionHistory): [LogEvent | null, LogEvent | null, string][] {
  const first = (type: string): LogEvent | null =>
    session.events.find((event) => event.type === type) ?? null;
  const source = startsOf(session, 'source')[0] ?? null;
  const target = startsOf(session, 'target')[0] ?? null;
  const used = first('storage.used');
  const hop = session.events.find(
    (event) => event.type === 'hop.bytes' && (count(event, 'bytes') ?? 0) > 0,
  );
  const bytes: [LogEvent | null, LogEvent | null, string][] = [
    [session.route, source, 'P2'],
    [session.route, target, 'P2'],
    [source, used, 'P7'],
    [target, used, 'P7'],
    [source, hop ?? null, 'P7'],
    [target, hop ?? null, 'P7'],
  ];
  if (session.dataPath !== 'direct') return [[source, target, 'P2'], ...bytes];
  const connected = first('gateway.connected');
  const delivered = first('credential.delivered');
  return [
    [source, connected, 'P3'],
    [target, connected, 'P3'],
    [connected, delivered, 'P3'],
    [delivered, used, 'P7'],
    ...bytes,
  ];
}

/** I15: the steps come in the order of P2 or P3, and no byte moves before both movers exist. */
export const checkStepOrder: Checker = (events, witness = ignoreWitness) => {
  const violations: Violation[] = [];
  for (const session of readSessions(events).values()) {
    if (session.route === null) continue;
    for (const [before, after, rule] of orderOf(session)) {
      if (after === null) continue;
      witness('I15');
      if (before === null) {
        const what = `${after.type} without the step of ${rule} that comes before it`;
        violations.push(violation('I15', rule, what, [after]));
      } else if (before.seq > after.seq) {
        const what = `${after.type} came before ${before.type}`;
        violations.push(violation('I15', rule, what, [after, before]));
      }
    }
  }
  return violations;
};
