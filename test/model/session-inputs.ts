import fc from 'fast-check';
import type { SessionInput } from '../../machines/backup-session/index.ts';
import type { Route } from '../../machines/rules/route.ts';
import { OPERATIONS } from '../../machines/rules/settings.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import { START } from './start.ts';

export const GATEWAY_ROUTE: Route = {
  dataPath: 'gateway',
  sourceHost: 'sourceProxy',
  targetHost: 'gatewayServer',
  credential: 'none',
  assumed: false,
};
export const MOUNT_SERVER_ROUTE: Route = { ...GATEWAY_ROUTE, targetHost: 'mountServer' };
export const DIRECT_ROUTE: Route = {
  dataPath: 'direct',
  sourceHost: 'sourceProxy',
  targetHost: 'sourceProxy',
  credential: 'limited',
  assumed: false,
};
export const AGENT_SAS_ROUTE: Route = {
  ...DIRECT_ROUTE,
  sourceHost: 'agentMachine',
  targetHost: 'agentMachine',
  credential: 'sas',
};
export const SHARED_ROUTE: Route = { ...DIRECT_ROUTE, credential: 'shared' };

export const SESSION_INPUT: SessionInput = {
  sessionId: 's1',
  startedAt: START,
  operation: 'backup',
  inSession: 'reconnect',
  marginMs: 5 * MINUTE_MS,
  reconnectBudgetMs: 10 * MINUTE_MS,
  answerTimeoutMs: MINUTE_MS,
  restartsMax: 3,
  heartbeatMs: 6 * HOUR_MS,
  quotaWaitMs: 2 * HOUR_MS,
};

export interface UserAction {
  readonly afterMs: number;
  readonly type: 'session.paused' | 'session.continued' | 'session.cancelled';
}

/** Everything that decides one drawn session. An empty draw is a healthy world. */
export interface SessionDraw {
  readonly route: Route;
  readonly input: SessionInput;
  /** How long the transfer takes when nothing stops it. */
  readonly workMs: number;
  /** What is left of the credential that the SP holds already; `null`: none is held. */
  readonly heldLeftMs: number | null;
  /** How far the SP's clock is behind the tenant's. */
  readonly spBehindMs: number;
  /** One number a decision of the world; past the end everything goes well. */
  readonly fates: readonly number[];
  readonly userActions: readonly UserAction[];
  /** The process dies after the n-th event; `isLossy`: what was under way is gone too. */
  readonly crashes: readonly { readonly afterEvents: number; readonly isLossy: boolean }[];
}

const inputs = fc.record({
  operation: fc.constantFrom(...OPERATIONS),
  inSession: fc.constantFrom('reconnect' as const, 'proactive' as const, 'strict' as const),
  quotaWaitMs: fc.constantFrom(0, 2 * DAY_MS),
  restartsMax: fc.constantFrom(0, 3),
});

export const healthyDraws: fc.Arbitrary<SessionDraw> = fc
  .record({
    route: fc.constantFrom(
      GATEWAY_ROUTE,
      MOUNT_SERVER_ROUTE,
      DIRECT_ROUTE,
      AGENT_SAS_ROUTE,
      SHARED_ROUTE,
    ),
    chosen: inputs,
    workMs: fc.constantFrom(SECOND_MS, 3 * HOUR_MS, 2 * DAY_MS, 20 * DAY_MS),
    heldLeftMs: fc.constantFrom(null, -HOUR_MS, 1, 24 * HOUR_MS - 1, 24 * HOUR_MS, 13 * DAY_MS),
  })
  .map(({ route, chosen, workMs, heldLeftMs }) => ({
    route,
    input: { ...SESSION_INPUT, ...chosen },
    workMs,
    heldLeftMs,
    spBehindMs: 0,
    fates: [],
    userActions: [],
    crashes: [],
  }));

/** Three decisions of four are healthy, so that sessions live long enough to be interesting. */
const fate = fc.oneof(
  { arbitrary: fc.constant(0), weight: 3 },
  { arbitrary: fc.integer({ min: 60, max: 99 }), weight: 1 },
);

export const anyDraws: fc.Arbitrary<SessionDraw> = fc
  .record({
    healthy: healthyDraws,
    spBehindMs: fc.constantFrom(0, 0, HOUR_MS),
    fates: fc.array(fate, { maxLength: 60, size: 'max' }),
    userActions: fc.array(
      fc.record({
        afterMs: fc.constantFrom(0, 15, 45, MINUTE_MS, HOUR_MS, DAY_MS, 13 * DAY_MS),
        type: fc.constantFrom<UserAction['type']>(
          'session.paused',
          'session.paused',
          'session.continued',
          'session.cancelled',
        ),
      }),
      { maxLength: 4 },
    ),
    crashes: fc.array(fc.record({ afterEvents: fc.nat(40), isLossy: fc.boolean() }), {
      maxLength: 3,
    }),
  })
  .map(({ healthy, ...rest }) => ({ ...healthy, ...rest }));

/** Worlds too rare to be drawn often; every property tries them first. */
export const storyDraws: readonly SessionDraw[] = [
  {
    // Q3, C16: the quota is used up after 16 h and raised a day later, when 25 h have passed.
    route: DIRECT_ROUTE,
    input: { ...SESSION_INPUT, quotaWaitMs: 2 * DAY_MS },
    workMs: 2 * DAY_MS,
    heldLeftMs: 25 * HOUR_MS,
    spBehindMs: 0,
    fates: [0, 0, 0, 0, 0, 0, 82, 90],
    userActions: [],
    crashes: [],
  },
  {
    // C20: the storage denies, one forced check follows, the storage denies again.
    route: DIRECT_ROUTE,
    input: SESSION_INPUT,
    workMs: 2 * DAY_MS,
    heldLeftMs: 13 * DAY_MS,
    spBehindMs: 0,
    fates: [0, 0, 0, 0, 0, 0, 66, 0, 0, 0, 0, 0, 0, 66],
    userActions: [],
    crashes: [],
  },
];
