import type { ErrorCode } from './errors.ts';
import {
  defaultIssuer,
  ISSUERS,
  type IssuerCapabilities,
  type IssuerKind,
  issuerMaximumMs,
  issuerProblem,
} from './issuers.ts';
import {
  type EffectiveLifetime,
  effectiveLifetime,
  type RenewalRule,
  renewalRule,
  type SasOverride,
} from './lifetimes.ts';
import type { Route } from './route.ts';
import type { InSessionPolicy, StorageKind } from './settings.ts';
import { DAY_MS, SECOND_MS } from './time.ts';

/** What the life of a credential depends on, besides the route. */
export interface PlanSettings {
  readonly storage: StorageKind;
  /** `null`: the one that the storage kind usually has. */
  readonly issuer: IssuerKind | null;
  /** C14: what the storage is set up to allow; `null`: what the vendor allows. */
  readonly longestSessionMs: number | null;
  readonly adaptThreshold: boolean;
  /** C14; `null`: half of the effective lifetime. */
  readonly renewalFloorMs: number | null;
  /** C4. */
  readonly sasOverride: SasOverride | null;
  /** C21. */
  readonly entraId: boolean;
  /** Azure: SAS links hang on a stored access policy. */
  readonly storedAccessPolicy: boolean;
  /** Azure: folders are directories that a SAS can be for. */
  readonly hasHierarchicalNamespace: boolean;
  /** Azure without directories: all tenants in one container instead of one each. */
  readonly hasSharedContainer: boolean;
}

/** What will really happen with the credential of one tenant. */
export interface CredentialPlan {
  /** `null`: nothing is issued (a gateway route, or the shared credential). */
  readonly issuer: IssuerKind | null;
  readonly rule: RenewalRule | null;
  readonly effective: EffectiveLifetime | null;
  /** From this long after its issue on, a check renews it (C10, C21). */
  readonly renewsFromMs: number | null;
  /** Whether the storage itself refuses it after its end; `null`: the tenant holds nothing. */
  readonly isExpiryEnforced: boolean | null;
  readonly revocation: IssuerCapabilities['revocation'] | null;
  /** Until a new credential, or a revocation, is known everywhere (C19). */
  readonly propagationMaxMs: number;
  readonly scopeKind: IssuerCapabilities['scopeKind'] | null;
  readonly listing: IssuerCapabilities['listing'] | null;
  /** C15: how long a session may always take, whenever it starts; `null`: as long as it likes. */
  readonly safeSessionMs: Readonly<Record<InSessionPolicy, number | null>>;
  /** I33; `null`: no bound, every connect adds one. 0 where nothing is issued. */
  readonly generationsAliveMax: number | null;
  /** For one tenant with one session a day, in any week; the calls are about so many. */
  readonly issuesAWeekMax: number;
  readonly apiCallsAWeekMax: number;
}

export interface PlanRefusal {
  readonly code: ErrorCode;
  readonly rule: string;
  /** Why these settings cannot be. */
  readonly text: string;
  /** What would do instead. */
  readonly remedy: string;
}

export type PlanDecision =
  | { readonly ok: true; readonly plan: CredentialPlan }
  | { readonly ok: false; readonly refusal: PlanRefusal };

/** Azure: a changed policy of a container is known everywhere after this long. */
const STORED_POLICY_PROPAGATION_MS = 30 * SECOND_MS;

/**
 * Requests to the storage and its APIs for one issue: what it makes and tries out, and the removal of
 * the generation that it follows on.
 */
const CALLS_AN_ISSUE: Readonly<Record<IssuerKind, number>> = {
  'iam-user': 9,
  'federation-token': 1,
  'assume-role': 1,
  // Links are signed by the SP itself and tried once, each.
  'account-key-sas': 3,
  'user-delegation-sas': 4,
  'downscoped-token': 2,
  'hmac-key': 11,
};
/** A container for each tenant has to be there first. */
const MORE_CALLS_FOR_CONTAINERS = 2;

const DAYS_A_WEEK = 7;

const NO_LIMIT = { reconnect: null, proactive: null, strict: null } as const;

const NOTHING_ISSUED = {
  issuer: null,
  rule: null,
  effective: null,
  renewsFromMs: null,
  propagationMaxMs: 0,
  safeSessionMs: NO_LIMIT,
  generationsAliveMax: 0,
  issuesAWeekMax: 0,
  apiCallsAWeekMax: 0,
} as const;

const NOTHING_HELD: CredentialPlan = {
  ...NOTHING_ISSUED,
  isExpiryEnforced: null,
  revocation: null,
  scopeKind: null,
  listing: null,
};

/** C7, I43: the repository's own credential, exempt from every end and every limit. */
const SHARED: CredentialPlan = {
  ...NOTHING_ISSUED,
  isExpiryEnforced: false,
  revocation: 'never',
  scopeKind: 'whole-repository',
  listing: 'whole-repository',
};

/** The issuer's record as these settings make it. */
export function issuerCapabilities(settings: PlanSettings): IssuerCapabilities {
  const kind = settings.issuer ?? defaultIssuer(settings.storage, settings.entraId);
  const base = ISSUERS[kind];
  const lifetimeMaxMs = issuerMaximumMs(settings.storage, kind, settings.longestSessionMs);
  const isContainer = base.scopeKind === 'directory' && !settings.hasHierarchicalNamespace;
  return {
    ...base,
    lifetimeMaxMs,
    ...(isContainer ? { scopeKind: 'container' } : {}),
    ...(settings.storedAccessPolicy
      ? { revocation: 'delayed', propagationMaxMs: STORED_POLICY_PROPAGATION_MS }
      : {}),
  };
}

/** C14 on top of the route: how a tenant's credential lives with these settings, or why it cannot. */
export function planCredential(route: Route, settings: PlanSettings): PlanDecision {
  const refusal = settingsRefusal(settings);
  if (refusal !== null) return { ok: false, refusal };
  const { sasOverride, entraId, adaptThreshold, renewalFloorMs } = settings;
  const rule = renewalRule(settings.storage, route.credential, { sasOverride, entraId });
  if (rule === null) {
    return { ok: true, plan: route.credential === 'shared' ? SHARED : NOTHING_HELD };
  }
  const folderProblem = folderRefusal(settings);
  if (folderProblem !== null) return { ok: false, refusal: folderProblem };
  const issuer = issuerCapabilities(settings);
  const effective = effectiveLifetime(rule, issuer.lifetimeMaxMs, {
    adaptThreshold,
    renewalFloorMs,
  });
  if (effective.effectiveLifetimeMs < issuer.lifetimeMinMs) {
    return { ok: false, refusal: tooShort(issuer) };
  }
  return { ok: true, plan: planOf(rule, effective, issuer) };
}

function planOf(
  rule: RenewalRule,
  effective: EffectiveLifetime,
  issuer: IssuerCapabilities,
): CredentialPlan {
  const { effectiveLifetimeMs, renewBelowMs, everyConnectRenews } = effective;
  // C10: at the line itself it is kept, except by C21.
  const leftAtLeastMs = everyConnectRenews
    ? effectiveLifetimeMs
    : renewBelowMs + (rule.includesLine ? 1 : 0);
  const aboveLineMs = effectiveLifetimeMs - renewBelowMs;
  const renewsFromMs = Math.max(0, aboveLineMs + (rule.includesLine ? 0 : 1));
  const daysBetween = Math.max(1, Math.ceil(renewsFromMs / DAY_MS));
  const issuesAWeekMax = Math.ceil(DAYS_A_WEEK / daysBetween);
  const kind = issuer.kind as IssuerKind;
  const isContainer = issuer.scopeKind === 'container';
  const calls = CALLS_AN_ISSUE[kind] + (isContainer ? MORE_CALLS_FOR_CONTAINERS : 0);
  return {
    issuer: kind,
    rule,
    effective,
    renewsFromMs,
    isExpiryEnforced: issuer.isExpiryEnforced,
    revocation: issuer.revocation,
    propagationMaxMs: issuer.propagationMaxMs,
    scopeKind: issuer.scopeKind,
    listing: issuer.listing,
    // What stops starting and connects again goes on with a new generation; strict ends with it.
    safeSessionMs: { ...NO_LIMIT, strict: leftAtLeastMs },
    generationsAliveMax: everyConnectRenews ? null : Math.ceil(effectiveLifetimeMs / aboveLineMs),
    issuesAWeekMax,
    apiCallsAWeekMax: issuesAWeekMax * calls,
  };
}

/** What cannot be whatever the route is. */
function settingsRefusal(settings: PlanSettings): PlanRefusal | null {
  const { storage, entraId, storedAccessPolicy } = settings;
  const issuer = settings.issuer ?? defaultIssuer(storage, entraId);
  // With directories a stored policy is refused where the folder is looked at, with its own words.
  const hasHierarchicalNamespace = false;
  const problem = issuerProblem({
    storage,
    issuer,
    entraId,
    storedAccessPolicy,
    hasHierarchicalNamespace,
  });
  if (problem === null) return null;
  const colon = problem.indexOf(': ');
  const rule = storedAccessPolicy ? 'C13' : storage === 'azure' ? 'C21' : 'C7';
  const [text, remedy] = [problem.slice(0, colon), problem.slice(colon + 2)];
  return { code: 'issuer.refused', rule, text, remedy };
}

/** C9: whether Azure can keep a SAS in the tenant's folder. */
function folderRefusal(settings: PlanSettings): PlanRefusal | null {
  if (settings.storage !== 'azure') return null;
  if (!settings.hasHierarchicalNamespace && settings.hasSharedContainer) {
    return {
      code: 'issuer.refused',
      rule: 'C9',
      text: 'a flat namespace has no directories: a SAS for one container opens the folders of all tenants in it',
      remedy:
        'use an account with a hierarchical namespace, a container for each tenant, or the gateway mode',
    };
  }
  if (settings.storedAccessPolicy && settings.hasHierarchicalNamespace) {
    return {
      code: 'issuer.refused',
      rule: 'C13',
      text: 'a stored access policy holds SAS links of containers and blobs, not of directories',
      remedy:
        'use a flat namespace with a container for each tenant, or leave the stored access policy out',
    };
  }
  return null;
}

function tooShort(issuer: IssuerCapabilities): PlanRefusal {
  return {
    code: 'issuer.limit',
    rule: 'C14',
    text: `${issuer.name} issues nothing shorter than ${issuer.lifetimeMinMs / SECOND_MS} s`,
    remedy: `allow sessions of ${issuer.lifetimeMinMs / SECOND_MS} s or more, or use another issuer`,
  };
}
