import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type Checker, notes } from './checker.ts';
import { asCount, asText, text } from './facts.ts';
import type { SessionFacts } from './session-facts.ts';

type Role = 'source' | 'target';
const ROLES: readonly Role[] = ['source', 'target'];

function roleOf(event: LogEvent): Role | null {
  const role = asText(event.data.role);
  return role === 'source' || role === 'target' ? role : null;
}

/**
 * I13: on a gateway route the movers run where the route says. I14: on a direct route both run on
 * the same tenant host.
 */
export const checkMoverHosts: Checker = {
  name: 'mover-hosts',
  invariants: ['I13', 'I14'],
  start: ({ witness, report }) => {
    const sawGateway = witness('I13');
    const sawDirect = witness('I14');
    return {
      placed: {
        'route.selected': (event, { route, dataPath }) => {
          if (event !== route || dataPath !== 'direct') return;
          if (asText(route.data.sourceHost) === asText(route.data.targetHost)) return;
          const what = 'a direct route puts the two movers on different hosts';
          report('I14', 'P3', what, [route]);
        },
        'mover.started': (event, { route, dataPath }) => {
          const role = roleOf(event);
          if (route === null || role === null) return;
          const isDirect = dataPath === 'direct';
          if (isDirect) sawDirect();
          else sawGateway();
          const host = asText(event.data.host);
          const wanted = text(route, role === 'source' ? 'sourceHost' : 'targetHost');
          if (host === wanted) return;
          const what = `the ${role} mover runs on ${host}; the route says ${wanted}`;
          report(isDirect ? 'I14' : 'I13', isDirect ? 'P3' : 'P2', what, [route, event]);
        },
      },
    };
  },
};

interface Movers {
  readonly running: Record<Role, LogEvent | null>;
  readonly wasSeen: Record<Role, boolean>;
}

const movers = notes<Movers>(() => ({
  running: { source: null, target: null },
  wasSeen: { source: false, target: false },
}));

/** I15: one source and one target mover at a time, and a session that is done had both. */
export const checkMoverCount: Checker = {
  name: 'mover-count',
  invariants: ['I15'],
  start: ({ witness, report }) => {
    const sawMover = witness('I15');
    return {
      sees: {
        'mover.started': (event, session) => {
          const role = roleOf(event);
          if (session === null || role === null) return;
          const own = movers.of(session);
          const before = own.running[role];
          sawMover();
          own.wasSeen[role] = true;
          own.running[role] = event;
          if (before === null) return;
          const what = `a second ${role} mover started while the first was running`;
          report('I15', 'P7', what, [before, event]);
        },
        'mover.exited': (event, session) => {
          const role = roleOf(event);
          if (session !== null && role !== null) movers.of(session).running[role] = null;
        },
      },
      leaves: (session) => {
        const { ended, endState } = session;
        if (ended === null || endState !== 'done') return;
        for (const role of ROLES) {
          if (movers.known(session)?.wasSeen[role] === true) continue;
          report('I15', 'P7', `the session is done without a ${role} mover`, [ended]);
        }
      },
    };
  },
};

interface Steps {
  source: LogEvent | null;
  target: LogEvent | null;
  connected: LogEvent | null;
  delivered: LogEvent | null;
  used: LogEvent | null;
  hop: LogEvent | null;
}

const steps = notes<Steps>(() => ({
  source: null,
  target: null,
  connected: null,
  delivered: null,
  used: null,
  hop: null,
}));

/** By their first occurrence: what comes first, what follows, and the rule that says so. */
type Order = (before: LogEvent | null, after: LogEvent | null, rule: string) => void;

function judgeOrder(session: SessionFacts, order: Order): void {
  const { source, target, connected, delivered, used, hop } = steps.of(session);
  if (session.dataPath === 'direct') {
    order(source, connected, 'P3');
    order(target, connected, 'P3');
    order(connected, delivered, 'P3');
    order(delivered, used, 'P7');
  } else order(source, target, 'P2');
  order(session.route, source, 'P2');
  order(session.route, target, 'P2');
  order(source, used, 'P7');
  order(target, used, 'P7');
  order(source, hop, 'P7');
  order(target, hop, 'P7');
}

/** I15: the steps come in the order of P2 or P3, and no byte moves before both movers exist. */
export const checkStepOrder: Checker = {
  name: 'step-order',
  invariants: ['I15'],
  start: ({ witness, report }) => {
    const sawStep = witness('I15');
    const order: Order = (before, after, rule) => {
      if (after === null) return;
      sawStep();
      if (before === null) {
        const what = `${after.type} without the step of ${rule} that comes before it`;
        report('I15', rule, what, [after]);
      } else if (before.seq > after.seq) {
        report('I15', rule, `${after.type} came before ${before.type}`, [after, before]);
      }
    };
    return {
      sees: {
        'mover.started': (event, session) => {
          const role = roleOf(event);
          if (session !== null && role !== null) steps.of(session)[role] ??= event;
        },
        'gateway.connected': (event, session) => {
          if (session !== null) steps.of(session).connected ??= event;
        },
        'credential.delivered': (event, session) => {
          if (session !== null) steps.of(session).delivered ??= event;
        },
        'storage.used': (event, session) => {
          if (session !== null) steps.of(session).used ??= event;
        },
        'hop.bytes': (event, session) => {
          if (session === null || (asCount(event.data.bytes) ?? 0) <= 0) return;
          steps.of(session).hop ??= event;
        },
      },
      leaves: (session) => {
        if (session.route !== null) judgeOrder(session, order);
      },
    };
  },
};
