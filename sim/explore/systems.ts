import type { SessionInput } from '../../machines/backup-session/index.ts';
import type { LifecycleSettings } from '../../machines/credential-lifecycle/index.ts';
import type { Route } from '../../machines/rules/route.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import { NOW } from './life-line.ts';
import {
  type ConnectionSettings,
  type DeskSettings,
  FAULTS,
  type MoverSettings,
  type Opening,
  type SystemSettings,
} from './settings.ts';

const DIRECT: Route = {
  dataPath: 'direct',
  sourceHost: 'sourceProxy',
  targetHost: 'sourceProxy',
  credential: 'limited',
  assumed: false,
};
const SAS: Route = {
  ...DIRECT,
  credential: 'sas',
  sourceHost: 'agentMachine',
  targetHost: 'agentMachine',
};
const SHARED: Route = { ...DIRECT, credential: 'shared' };
const GATEWAY: Route = {
  ...DIRECT,
  dataPath: 'gateway',
  targetHost: 'gatewayServer',
  credential: 'none',
};
const MOUNT: Route = { ...GATEWAY, targetHost: 'mountServer' };

/** Two attempts of everything that is tried more than once: the second tells all that a third would. */
const FOURTEEN_DAYS: LifecycleSettings = {
  scopeId: 'acme/vault',
  lifetimeMs: 14 * DAY_MS,
  renewBelowMs: 24 * HOUR_MS,
  includesLine: false,
  checkedAt: 'connect',
  checkClock: 'tenant',
  strictRenewal: false,
  generationsMax: 2,
  issueTimeoutMs: 2 * MINUTE_MS,
  issueAttemptsMax: 2,
  retryFirstMs: SECOND_MS,
  retryCapMs: 15 * MINUTE_MS,
  revokeAttemptsMax: 2,
};

const SESSION = {
  sessionId: 'session',
  startedAt: NOW,
  operation: 'backup',
  inSession: 'reconnect',
  marginMs: 5 * MINUTE_MS,
  reconnectBudgetMs: 30 * MINUTE_MS,
  answerTimeoutMs: 5 * MINUTE_MS,
  restartsMax: 1,
  heartbeatMs: MINUTE_MS,
  quotaWaitMs: 0,
} as const satisfies SessionInput;

const CHECKED_BY_TENANT = {
  renewBelowMs: 24 * HOUR_MS,
  includesLine: false,
  isByTenant: true,
} as const;

const CHECKED_BY_SP = { ...CHECKED_BY_TENANT, isByTenant: false } as const;

const AWS_DIRECT: Opening = { route: DIRECT, check: CHECKED_BY_TENANT };
const GATED: Opening = { route: GATEWAY, check: null };

interface Variant {
  readonly name: string;
  readonly about: string;
  readonly lifecycle?: Partial<LifecycleSettings>;
  readonly session?: Partial<SessionInput>;
  readonly openings?: readonly Opening[];
  readonly skewMs?: number;
  readonly isRevocable?: boolean;
  readonly startsMax?: number;
  readonly sessionsMax?: number;
}

function systemOf(variant: Variant): DeskSettings {
  const lifecycle = { ...FOURTEEN_DAYS, ...variant.lifecycle };
  const session: SessionInput = { ...SESSION, ...variant.session };
  const { lifetimeMs, renewBelowMs, includesLine } = lifecycle;
  const { skewMs = 0 } = variant;
  return {
    kind: 'desk',
    name: variant.name,
    about: variant.about,
    lifecycle,
    session,
    openings: variant.openings ?? [AWS_DIRECT],
    life: { lifetimeMs, renewBelowMs, includesLine, marginMs: session.marginMs, skewMs },
    isRevocable: variant.isRevocable ?? false,
    hasUser: true,
    faults: FAULTS,
    startsMax: variant.startsMax ?? null,
    sessionsMax: variant.sessionsMax ?? 3,
  };
}

function sasOf(lifecycle: Partial<LifecycleSettings>): Pick<Variant, 'lifecycle' | 'openings'> {
  const { renewBelowMs = 15 * DAY_MS, includesLine = false } = lifecycle;
  const check = { ...CHECKED_BY_SP, renewBelowMs, includesLine };
  return {
    lifecycle: { lifetimeMs: 30 * DAY_MS, renewBelowMs, checkedAt: 'request', ...lifecycle },
    openings: [{ route: SAS, check }],
  };
}

/** Every route, and every setting that makes the machines decide differently. */
export const DESK_SYSTEMS: readonly DeskSettings[] = [
  systemOf({
    name: 'aws-direct',
    about: 'AWS and GCS, direct: 14 days, checked by the tenant when it connects (C1, C2)',
  }),
  systemOf({
    name: 'azure-direct',
    about: 'Azure, direct: SAS of 30 days, checked by the SP at each request (C3)',
    ...sasOf({}),
  }),
  systemOf({
    name: 'azure-entra',
    about:
      'Azure with Entra ID: SAS of 7 days, reissued at 6 days or less (C21); two sessions in turn',
    ...sasOf({
      lifetimeMs: 7 * DAY_MS,
      renewBelowMs: 6 * DAY_MS,
      includesLine: true,
      generationsMax: 7,
    }),
    startsMax: 2,
    sessionsMax: 1,
  }),
  systemOf({
    name: 'iam-sts',
    about: 'S3-compatible with IAM/STS: as C1, the SP checks (C11, C18), credentials revocable',
    lifecycle: { checkClock: 'sp' },
    openings: [{ route: DIRECT, check: CHECKED_BY_SP }],
    isRevocable: true,
  }),
  systemOf({
    name: 'every-connect',
    about: 'an issuer that grants 12 hours only: every connect renews (C14); two sessions in turn',
    lifecycle: { lifetimeMs: 12 * HOUR_MS, generationsMax: null },
    startsMax: 2,
    sessionsMax: 1,
  }),
  systemOf({
    name: 'fast-clock',
    about: "the tenant's clock is 26 hours ahead of the SP's (C11, C13)",
    skewMs: 26 * HOUR_MS,
  }),
  systemOf({
    name: 'strict',
    about: 'strict in both ways: no stand-in (C17), sessions end with their credential (C15)',
    lifecycle: { strictRenewal: true },
    session: { inSession: 'strict' },
  }),
  systemOf({
    name: 'proactive',
    about: 'running sessions check at each heartbeat (C15) and wait for a raised quota (Q3)',
    session: { inSession: 'proactive', quotaWaitMs: HOUR_MS },
  }),
  systemOf({
    name: 'gateway',
    about: 'through the cloud gateway, target mover on the gateway or mount server (P2, P6)',
    openings: [GATED, { route: MOUNT, check: null }],
    session: { quotaWaitMs: HOUR_MS },
  }),
  systemOf({
    name: 'share',
    about: 'S3-compatible with shared credentials: nothing expires (C7, I43)',
    openings: [{ route: SHARED, check: null }],
  }),
  systemOf({
    name: 'mode-change',
    about: 'the connection mode changes while sessions run: each keeps its route (M8)',
    openings: [AWS_DIRECT, GATED],
  }),
];

/** The movers' side: the ledger that they draw from (Q2), and the gate of each (C16). */
const MOVERS: MoverSettings = {
  kind: 'movers',
  name: 'quota',
  about:
    'target movers that draw from one quota, which is raised and lowered meanwhile (Q1, Q2, Q3)',
  life: {
    lifetimeMs: 14 * DAY_MS,
    renewBelowMs: 5 * MINUTE_MS,
    includesLine: false,
    marginMs: 5 * MINUTE_MS,
    skewMs: 0,
  },
  lifetimeMs: null,
  quotaBytes: 4,
  quotas: [1, 4],
  chunkBytes: 1,
  quotaWaitMs: HOUR_MS,
  blocks: 3,
  faults: ['quota', 'storage'],
  startsMax: null,
  sessionsMax: 3,
};

const MOVER_SYSTEMS: readonly MoverSettings[] = [
  MOVERS,
  {
    ...MOVERS,
    name: 'quota-contact',
    about: 'as quota, one target mover that loses its contact to the SP (P4, P8, L9)',
    faults: ['quota', 'contact'],
    sessionsMax: 1,
  },
  {
    ...MOVERS,
    name: 'mover-gate',
    about: 'target movers whose credentials end while they write (C15, C16, L4)',
    lifetimeMs: 14 * DAY_MS,
    quotas: [],
    chunkBytes: 2,
    blocks: 2,
    faults: ['contact', 'storage'],
    sessionsMax: 1,
  },
];

export const CONNECTIONS: ConnectionSettings = {
  kind: 'connections',
  name: 'connection',
  about: 'persistent connections to an SP that is lost, silent, or says no (P5, L6, F5, F11)',
  input: {
    handshakeTimeoutMs: 30 * SECOND_MS,
    heartbeatMs: 30 * SECOND_MS,
    silenceMs: 2 * MINUTE_MS,
    backoffFirstMs: SECOND_MS,
    backoffCapMs: MINUTE_MS,
  },
  faults: ['channel', 'crash', 'late', 'refusal'],
  startsMax: null,
  sessionsMax: 3,
};

export const SYSTEMS: readonly SystemSettings[] = [...DESK_SYSTEMS, ...MOVER_SYSTEMS, CONNECTIONS];

export function deskNamed(name: string): DeskSettings {
  const found = DESK_SYSTEMS.find((system) => system.name === name);
  if (found === undefined) throw new RangeError(`there is no system "${name}" with a desk`);
  return found;
}

export function systemNamed(name: string): SystemSettings {
  const found = SYSTEMS.find((system) => system.name === name);
  if (found === undefined) throw new RangeError(`there is no system "${name}"`);
  return found;
}
