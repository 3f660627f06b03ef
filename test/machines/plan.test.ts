import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  defaultIssuer,
  ISSUER_KINDS,
  ISSUERS,
  issuerMaximumMs,
  issuerProblem,
} from '../../machines/rules/issuers.ts';
import { effectiveLifetime, renewalRule } from '../../machines/rules/lifetimes.ts';
import {
  type CredentialPlan,
  issuerCapabilities,
  type PlanSettings,
  planCredential,
} from '../../machines/rules/plan.ts';
import { checkRenewal } from '../../machines/rules/renewal.ts';
import { type Route, routeOracle } from '../../machines/rules/route.ts';
import {
  ACCESS_OPTIONS,
  CONNECTION_MODES,
  JOB_KINDS,
  STORAGE_KINDS,
} from '../../machines/rules/settings.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../machines/rules/time.ts';
import { property } from '../support/seed.ts';

const PLAIN: PlanSettings = {
  storage: 'aws',
  issuer: null,
  longestSessionMs: null,
  adaptThreshold: false,
  renewalFloorMs: null,
  sasOverride: null,
  entraId: false,
  storedAccessPolicy: false,
  hasHierarchicalNamespace: true,
  hasSharedContainer: false,
};

const route = (credential: Route['credential']): Route => ({
  dataPath: credential === 'none' ? 'gateway' : 'direct',
  sourceHost: 'sourceProxy',
  targetHost: 'sourceProxy',
  credential,
  assumed: false,
});
const credentialOf = (storage: PlanSettings['storage']) =>
  storage === 'azure' ? 'sas' : 'limited';

const flag = fc.boolean();
const lengthMs = fc.integer({ min: MINUTE_MS, max: 60 * DAY_MS });
const anySettings: fc.Arbitrary<PlanSettings> = fc.record({
  storage: fc.constantFrom(...STORAGE_KINDS),
  issuer: fc.option(fc.constantFrom(...ISSUER_KINDS)),
  longestSessionMs: fc.option(lengthMs),
  adaptThreshold: flag,
  renewalFloorMs: fc.option(lengthMs),
  sasOverride: fc.option(
    fc
      .tuple(lengthMs, lengthMs)
      .filter(([one, other]) => one !== other)
      .map(([one, other]) => ({
        lifetimeMs: Math.max(one, other),
        renewBelowMs: Math.min(one, other),
      })),
  ),
  entraId: flag,
  storedAccessPolicy: flag,
  hasHierarchicalNamespace: flag,
  hasSharedContainer: flag,
});
/** Those of which most can be. */
const sensible = anySettings.map((settings): PlanSettings => {
  const entraId = settings.storage === 'azure' && settings.entraId;
  return {
    ...settings,
    issuer: null,
    entraId,
    storedAccessPolicy: false,
    hasSharedContainer: false,
  };
});

const anyRoute = fc
  .record({
    storage: fc.constantFrom(...STORAGE_KINDS),
    mode: fc.constantFrom(...CONNECTION_MODES),
    access: fc.option(fc.constantFrom(...ACCESS_OPTIONS)),
    jobKind: fc.constantFrom(...JOB_KINDS),
    hasGatewayServer: flag,
    hasMountServer: flag,
    strictGateway: flag,
    needsHttpProxy: flag,
    isTenantConfigBackup: flag,
    hasImmutability: flag,
  })
  .filter((settings) => routeOracle(settings).ok);

function planned(settings: PlanSettings): CredentialPlan | null {
  const decision = planCredential(route(credentialOf(settings.storage)), settings);
  return decision.ok ? decision.plan : null;
}

describe('the plan of a credential', () => {
  property(
    'C14 agrees with the route table, the renewal rule and the effective lifetime',
    [anyRoute, anySettings],
    (routeSettings, drawn) => {
      const settings = { ...drawn, storage: routeSettings.storage };
      const decided = routeOracle(routeSettings);
      if (!decided.ok) throw new Error('filtered');
      const { sasOverride, entraId, storage, longestSessionMs } = settings;
      const planned = planCredential(decided.route, settings);
      const issuer = settings.issuer ?? defaultIssuer(storage, entraId);
      const rule = renewalRule(storage, decided.route.credential, { sasOverride, entraId });
      if (issuerProblem({ ...settings, issuer, hasHierarchicalNamespace: false }) !== null) {
        expect(planned).toMatchObject({ ok: false, refusal: { code: 'issuer.refused' } });
        return;
      }
      const maximumMs = issuerMaximumMs(storage, issuer, longestSessionMs);
      const isPlaceless =
        storage === 'azure' &&
        (settings.hasHierarchicalNamespace
          ? settings.storedAccessPolicy
          : settings.hasSharedContainer);
      const isTooShort = maximumMs < ISSUERS[issuer].lifetimeMinMs;
      expect(planned.ok).toBe(rule === null || !(isPlaceless || isTooShort));
      if (!planned.ok) return;
      expect(planned.plan.rule).toEqual(rule);
      expect(planned.plan.issuer).toBe(rule === null ? null : issuer);
      expect(planned.plan.effective).toEqual(
        rule === null ? null : effectiveLifetime(rule, maximumMs, settings),
      );
    },
    { numRuns: 500 },
  );

  property(
    'a refusal says what is wrong and what to do instead',
    [anySettings],
    (settings) => {
      const decision = planCredential(route(credentialOf(settings.storage)), settings);
      if (decision.ok) return;
      expect(decision.refusal.text).toMatch(/^.{20}/);
      expect(decision.refusal.remedy).toMatch(/^(use|set|allow) .{5}/);
    },
    { numRuns: 300 },
  );

  property(
    'C10 a check renews from the said instant on, and not 1 ms before',
    [sensible],
    (settings) => {
      const plan = planned(settings);
      if (plan?.rule == null || plan.effective === null || plan.renewsFromMs === null) return;
      const { effectiveLifetimeMs, renewBelowMs } = plan.effective;
      const line = { renewBelowMs, includesLine: plan.rule.includesLine };
      const check = (at: number) => checkRenewal(effectiveLifetimeMs, at, line).decision;
      expect(check(plan.renewsFromMs)).toBe('renew');
      if (plan.renewsFromMs > 0) expect(check(plan.renewsFromMs - 1)).toBe('keep');
    },
    { numRuns: 300 },
  );

  property(
    'I33, C15 connects at any times: no more are alive, and no less is left for strict',
    [sensible, fc.array(fc.integer({ min: 0, max: 3 * DAY_MS }), { minLength: 5, maxLength: 60 })],
    (settings, pauses) => {
      const plan = planned(settings);
      if (plan?.rule == null || plan.effective === null) return;
      const { alive, leftMs } = live(plan, pauses);
      const { generationsAliveMax, safeSessionMs } = plan;
      if (generationsAliveMax !== null) {
        expect(Math.max(...alive)).toBeLessThanOrEqual(generationsAliveMax);
      }
      expect(Math.min(...leftMs)).toBeGreaterThanOrEqual(safeSessionMs.strict ?? Infinity);
    },
    { numRuns: 300 },
  );

  property(
    'one session a day: no week has more issues, and some week has as many',
    [sensible],
    (settings) => {
      const plan = planned(settings);
      if (plan?.rule == null) return;
      const days = live(
        plan,
        Array.from({ length: 120 }, () => DAY_MS),
      ).issuedAt.map((at) => at / DAY_MS);
      const weeks = days.map((day) => days.filter((one) => one >= day && one < day + 7).length);
      expect(Math.max(...weeks)).toBe(plan.issuesAWeekMax);
    },
    { numRuns: 100 },
  );
});

/** Connects after these pauses, and what the SP then has issued. */
function live(plan: CredentialPlan, pauses: readonly number[]) {
  const { effective, rule } = plan;
  if (effective === null || rule === null) throw new Error('nothing is issued');
  const { effectiveLifetimeMs, renewBelowMs } = effective;
  const line = { renewBelowMs, includesLine: rule.includesLine };
  const issuedAt: number[] = [];
  const alive: number[] = [];
  const leftMs: number[] = [];
  let now = 0;
  for (const pause of pauses) {
    now += pause;
    const last = issuedAt.at(-1);
    const expiresAt = last === undefined ? null : last + effectiveLifetimeMs;
    if (checkRenewal(expiresAt, now, line).decision === 'renew') issuedAt.push(now);
    alive.push(issuedAt.filter((at) => now < at + effectiveLifetimeMs).length);
    leftMs.push((issuedAt.at(-1) ?? 0) + effectiveLifetimeMs - now);
  }
  return { issuedAt, alive, leftMs };
}

type Row = readonly [
  name: string,
  change: Partial<PlanSettings>,
  lifetimeMs: number,
  strictMs: number,
  alive: number | null,
  issues: number,
  revocation: string,
  scopeKind: string,
];

const ROWS: readonly Row[] = [
  ['IAM user', {}, 14 * DAY_MS, DAY_MS, 2, 1, 'delayed', 'prefix-policy'],
  [
    'GetFederationToken',
    { issuer: 'federation-token' },
    ...([36 * HOUR_MS, DAY_MS, 3, 7, 'never', 'prefix-policy'] as const),
  ],
  [
    'AssumeRole on AWS',
    { issuer: 'assume-role' },
    ...([12 * HOUR_MS, 12 * HOUR_MS, null, 7, 'never', 'prefix-policy'] as const),
  ],
  [
    'AssumeRole on AWS with an adapted line',
    { issuer: 'assume-role', adaptThreshold: true },
    ...([12 * HOUR_MS, 6 * HOUR_MS, 2, 7, 'never', 'prefix-policy'] as const),
  ],
  [
    'AssumeRole elsewhere',
    { storage: 's3-compatible' },
    ...([14 * DAY_MS, DAY_MS, 2, 1, 'never', 'prefix-policy'] as const),
  ],
  [
    'SAS by account key',
    { storage: 'azure' },
    ...([30 * DAY_MS, 15 * DAY_MS, 2, 1, 'never', 'directory'] as const),
  ],
  [
    'SAS by account key, flat',
    { storage: 'azure', hasHierarchicalNamespace: false },
    ...([30 * DAY_MS, 15 * DAY_MS, 2, 1, 'never', 'container'] as const),
  ],
  [
    'SAS on a stored access policy',
    { storage: 'azure', hasHierarchicalNamespace: false, storedAccessPolicy: true },
    ...([30 * DAY_MS, 15 * DAY_MS, 2, 1, 'delayed', 'container'] as const),
  ],
  [
    'SAS by user-delegation key',
    { storage: 'azure', entraId: true },
    ...([7 * DAY_MS, 6 * DAY_MS + 1, 7, 7, 'never', 'directory'] as const),
  ],
  [
    'downscoped token',
    { storage: 'gcs' },
    ...([HOUR_MS, HOUR_MS, null, 7, 'never', 'access-boundary'] as const),
  ],
  [
    'HMAC key',
    { storage: 'gcs', issuer: 'hmac-key' },
    ...([14 * DAY_MS, DAY_MS, 2, 1, 'delayed', 'conditional-binding'] as const),
  ],
];

test.each(ROWS)(
  '%s',
  (_name, change, lifetimeMs, strictMs, alive, issues, revocation, scopeKind) => {
    const plan = planned({ ...PLAIN, ...change });
    expect(plan).toMatchObject({
      effective: { effectiveLifetimeMs: lifetimeMs },
      safeSessionMs: { reconnect: null, proactive: null, strict: strictMs },
      generationsAliveMax: alive,
      issuesAWeekMax: issues,
      revocation,
      scopeKind,
      isExpiryEnforced: true,
    });
  },
);

test('a container for each tenant costs more calls, an IAM user more than a session', () => {
  const callsOf = (change: Partial<PlanSettings>) => {
    const plan = planned({ ...PLAIN, ...change });
    return (plan?.apiCallsAWeekMax ?? 0) / (plan?.issuesAWeekMax ?? 0);
  };
  const [azure, aws] = [{ storage: 'azure' }, { storage: 'aws' }] as const;
  expect(callsOf({ ...azure, hasHierarchicalNamespace: false })).toBe(callsOf(azure) + 2);
  expect(callsOf(aws)).toBeGreaterThan(callsOf({ ...aws, issuer: 'assume-role' }));
});

test.each([
  [{ storage: 'gcs', issuer: 'iam-user' }, 'issuer.refused', 'C7'],
  [{ storage: 'azure', issuer: 'user-delegation-sas' }, 'issuer.refused', 'C21'],
  [{ storage: 'azure', entraId: true, issuer: 'account-key-sas' }, 'issuer.refused', 'C21'],
  [{ storage: 'azure', entraId: true, storedAccessPolicy: true }, 'issuer.refused', 'C13'],
  [{ storage: 'azure', storedAccessPolicy: true }, 'issuer.refused', 'C13'],
  [
    { storage: 'azure', hasHierarchicalNamespace: false, hasSharedContainer: true },
    'issuer.refused',
    'C9',
  ],
  [{ issuer: 'assume-role', longestSessionMs: 14 * MINUTE_MS }, 'issuer.limit', 'C14'],
] as const)('%j is refused with %s by %s', (change, code, rule) => {
  const settings = { ...PLAIN, ...change };
  const decision = planCredential(route(credentialOf(settings.storage)), settings);
  expect(decision).toMatchObject({ ok: false, refusal: { code, rule } });
});

test('C7, I43 share: nothing is issued, nothing ends, everything is open', () => {
  const decision = planCredential(route('shared'), { ...PLAIN, storage: 's3-compatible' });
  expect(decision).toMatchObject({
    ok: true,
    plan: {
      issuer: null,
      isExpiryEnforced: false,
      revocation: 'never',
      listing: 'whole-repository',
      issuesAWeekMax: 0,
    },
  });
});

test('a route without a credential has no plan for one, however Azure is divided', () => {
  const settings = { ...PLAIN, storage: 'azure', hasHierarchicalNamespace: false } as const;
  const decision = planCredential(route('none'), { ...settings, hasSharedContainer: true });
  expect(decision).toMatchObject({
    ok: true,
    plan: { issuer: null, isExpiryEnforced: null, revocation: null, listing: null },
  });
});

test('what the settings do not touch is as the issuer is recorded', () => {
  expect(issuerCapabilities({ ...PLAIN, issuer: 'federation-token' })).toEqual(
    ISSUERS['federation-token'],
  );
});
