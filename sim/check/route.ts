import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type RouteDecision, routeOracle } from '../../machines/rules/route.ts';
import {
  ACCESS_OPTIONS,
  CONNECTION_MODES,
  JOB_KINDS,
  type RouteSettings,
  STORAGE_KINDS,
} from '../../machines/rules/settings.ts';
import type { Checker } from './checker.ts';
import { asFlag, asText, texts } from './facts.ts';

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
  const storage = oneOf(STORAGE_KINDS, asText(route.data.storage));
  const mode = oneOf(CONNECTION_MODES, asText(route.data.mode));
  const jobKind = oneOf(JOB_KINDS, asText(started.data.jobKind));
  const access = oneOf(ACCESS_OPTIONS, asText(route.data.access));
  if (storage === null || mode === null || jobKind === null) return null;
  if (access === null && route.data.access !== null) return null;
  const rules = texts(route, 'rules');
  return {
    storage,
    mode,
    access,
    jobKind,
    hasGatewayServer: true,
    hasMountServer:
      asFlag(route.data.hasMountServer) ?? asText(route.data.targetHost) !== 'gatewayServer',
    strictGateway: asFlag(route.data.strictGateway) ?? false,
    needsHttpProxy: asFlag(route.data.needsHttpProxy) ?? rules.includes('X1'),
    isTenantConfigBackup: asFlag(route.data.isTenantConfigBackup) ?? rules.includes('X2'),
    hasImmutability: asFlag(route.data.hasImmutability) ?? false,
  };
}

const ROUTE_FIELDS = ['dataPath', 'sourceHost', 'targetHost', 'credential', 'assumed'] as const;

function describeDecision(decision: RouteDecision): string {
  return decision.ok ? ROUTE_FIELDS.map((key) => decision.route[key]).join(' ') : decision.code;
}

const FLAGS = [
  'hasGatewayServer',
  'hasMountServer',
  'strictGateway',
  'needsHttpProxy',
  'isTenantConfigBackup',
  'hasImmutability',
] as const;

/** The table has few different questions; a log asks them over and over. */
function rememberedOracle(): (settings: RouteSettings) => RouteDecision {
  const known = new Map<string, RouteDecision>();
  return (settings) => {
    const { storage, mode, access, jobKind } = settings;
    const named = `${storage} ${mode} ${access} ${jobKind}`;
    let flags = 0;
    for (const name of FLAGS) flags = 2 * flags + (settings[name] ? 1 : 0);
    const question = `${named} ${flags}`;
    let answer = known.get(question);
    if (answer === undefined) {
      answer = routeOracle(settings);
      known.set(question, answer);
    }
    return answer;
  };
}

/** I1: what was selected is what the route table says for the same settings. */
export const checkRouteOracle: Checker = {
  name: 'route-oracle',
  invariants: ['I1'],
  start: ({ witness, report }) => {
    const sawRoute = witness('I1');
    const oracle = rememberedOracle();
    return {
      placed: {
        'route.selected': (event, { started }) => {
          if (started === null) return;
          const settings = settingsBehind(started, event);
          if (settings === null) {
            const what = 'the settings of the route are not among those that the rules know';
            report('I1', 'M1', what, [started, event]);
            return;
          }
          sawRoute();
          const decision = oracle(settings);
          const agrees =
            decision.ok && ROUTE_FIELDS.every((key) => event.data[key] === decision.route[key]);
          if (agrees) return;
          const selected = ROUTE_FIELDS.map((key) => String(event.data[key])).join(' ');
          const what = `the route is ${selected}; the table says ${describeDecision(decision)}`;
          report('I1', 'M3', what, [started, event]);
        },
      },
    };
  },
};

/** I16: the route is fixed for the life of a session. */
export const checkRouteFixed: Checker = {
  name: 'route-fixed',
  invariants: ['I16'],
  start: ({ witness, report }) => {
    const sawRoute = witness('I16');
    return {
      sees: {
        'route.selected': (event, session) => {
          const route = session?.route ?? null;
          if (route === null) return;
          if (route === event) {
            sawRoute();
            return;
          }
          if (ROUTE_FIELDS.every((key) => event.data[key] === route.data[key])) return;
          report('I16', 'M8', 'the route of a session changed', [route, event]);
        },
      },
    };
  },
};
