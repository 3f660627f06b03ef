import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type RouteDecision, routeOracle } from '../../machines/rules/route.ts';
import {
  ACCESS_OPTIONS,
  CONNECTION_MODES,
  JOB_KINDS,
  type RouteSettings,
  STORAGE_KINDS,
} from '../../machines/rules/settings.ts';
import { flag, text, texts } from './facts.ts';
import { readSessions } from './sessions.ts';
import { type Checker, ignoreWitness, violation } from './violation.ts';

function oneOf<Member extends string>(
  members: readonly Member[],
  value: string | null,
): Member | null {
  return members.find((member) => member === value) ?? null;
}

/**
 * The settings behind a `route.selected`. Those that the fact does not carry follow from what it
 * does carry: X1 and X2 are cited where they decided, and an unset option that ends on the gateway
 * server means that there is no mount server (M6).
 */
function settingsBehind(started: LogEvent, route: LogEvent): RouteSettings | null {
  const storage = oneOf(STORAGE_KINDS, text(route, 'storage'));
  const mode = oneOf(CONNECTION_MODES, text(route, 'mode'));
  const jobKind = oneOf(JOB_KINDS, text(started, 'jobKind'));
  const access = oneOf(ACCESS_OPTIONS, text(route, 'access'));
  if (storage === null || mode === null || jobKind === null) return null;
  if (access === null && route.data.access !== null) return null;
  const rules = texts(route, 'rules');
  return {
    storage,
    mode,
    access,
    jobKind,
    hasGatewayServer: true,
    hasMountServer: flag(route, 'hasMountServer') ?? text(route, 'targetHost') !== 'gatewayServer',
    strictGateway: flag(route, 'strictGateway') ?? false,
    needsHttpProxy: flag(route, 'needsHttpProxy') ?? rules.includes('X1'),
    isTenantConfigBackup: flag(route, 'isTenantConfigBackup') ?? rules.includes('X2'),
    hasImmutability: flag(route, 'hasImmutability') ?? false,
  };
}

const ROUTE_FIELDS = ['dataPath', 'sourceHost', 'targetHost', 'credential', 'assumed'] as const;

function describeDecision(decision: RouteDecision): string {
  return decision.ok ? ROUTE_FIELDS.map((key) => decision.route[key]).join(' ') : decision.code;
}

/** I1: what was selected is what the route table says for the same settings. */
export const checkRouteOracle: Checker = (events, witness = ignoreWitness) => {
  const sessions = readSessions(events);
  return events.flatMap((event) => {
    const started = sessions.get(event.session ?? '')?.started ?? null;
    if (event.type !== 'route.selected' || started === null) return [];
    const settings = settingsBehind(started, event);
    if (settings === null) {
      const what = 'the settings of the route are not among those that the rules know';
      return [violation('I1', 'M1', what, [started, event])];
    }
    witness('I1');
    const decision = routeOracle(settings);
    const agrees =
      decision.ok && ROUTE_FIELDS.every((key) => event.data[key] === decision.route[key]);
    if (agrees) return [];
    const selected = ROUTE_FIELDS.map((key) => String(event.data[key])).join(' ');
    const what = `the route is ${selected}; the table says ${describeDecision(decision)}`;
    return [violation('I1', 'M3', what, [started, event])];
  });
};

/** I16: the route is fixed for the life of a session. */
export const checkRouteFixed: Checker = (events, witness = ignoreWitness) =>
  [...readSessions(events).values()].flatMap(({ events: own, route }) => {
    if (route === null) return [];
    witness('I16');
    return own
      .filter((event) => event.type === 'route.selected')
      .filter((event) => ROUTE_FIELDS.some((key) => event.data[key] !== route.data[key]))
      .map((event) => violation('I16', 'M8', 'the route of a session changed', [route, event]));
  });
