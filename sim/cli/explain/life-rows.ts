import { formatDuration } from '../../../machines/rules/duration.ts';
import type { CredentialPlan } from '../../../machines/rules/plan.ts';
import type { RouteExplanation } from './explain.ts';
import { hoursOrDays } from './warnings.ts';

export type Row = readonly [label: string, value: string];

const SCOPE_NAMES: Readonly<Record<NonNullable<CredentialPlan['scopeKind']>, string>> = {
  'prefix-policy': 'a policy on the prefixes of its folder and of the configuration',
  directory: 'one link for the directory of its folder, one for that of the configuration',
  container: 'one link for a container of its own, one for the configuration',
  'access-boundary': 'an access boundary on the prefixes of its folder and of the configuration',
  'conditional-binding': 'conditions of the bucket on the prefixes of its folder and configuration',
  'whole-repository': 'nothing: it opens the whole repository',
};

const LISTING_NAMES: Readonly<Record<NonNullable<CredentialPlan['listing']>, string>> = {
  'own-folder': 'its own folder and the configuration',
  none: 'nothing: the service provider lists for it',
  'whole-repository': 'everything in the repository',
};

/** How long the credential lives; two rows on every route. */
export function lifetimeRows(explanation: RouteExplanation): readonly Row[] {
  const { effectiveLifetimeMs, lifetimeMs, renewBelowMs } = explanation;
  if (lifetimeMs === null || effectiveLifetimeMs === null || renewBelowMs === null) {
    return [
      ['lifetime', 'nothing expires'],
      ['renewed below', 'nothing is renewed'],
    ];
  }
  const wanted =
    lifetimeMs === effectiveLifetimeMs ? '' : ` (the protocol wants ${hoursOrDays(lifetimeMs)})`;
  return [
    ['lifetime', hoursOrDays(effectiveLifetimeMs) + wanted],
    ['renewed below', `${hoursOrDays(renewBelowMs)} left${renewalInstant(explanation)}`],
  ];
}

function renewalInstant(explanation: RouteExplanation): string {
  const { checkedAt, everyConnectRenews, renewsFromMs } = explanation;
  if (renewsFromMs === null || checkedAt === null) return '';
  if (everyConnectRenews) return `: at every ${checkedAt}`;
  return `: at the first ${checkedAt} from ${formatDuration(renewsFromMs)} after its issue on`;
}

/** What else happens to it; nothing where the tenant holds nothing. */
export function fateRows(explanation: RouteExplanation): readonly Row[] {
  const { isExpiryEnforced, listing, scopeKind } = explanation;
  if (isExpiryEnforced === null || listing === null || scopeKind === null) return [];
  const rows: Row[] = [
    ['after its end', isExpiryEnforced ? 'the storage itself refuses it' : 'it has no end'],
    ['revoked', revocationText(explanation)],
    ['kept in by', SCOPE_NAMES[scopeKind]],
    ['may list', LISTING_NAMES[listing]],
  ];
  if (explanation.issuer === null) return rows;
  return [
    ...rows,
    ['longest session', longestText(explanation)],
    ['alive at once', aliveText(explanation)],
    ['API calls', callsText(explanation)],
  ];
}

function revocationText(explanation: RouteExplanation): string {
  const { effectiveLifetimeMs, issuer, propagationMaxMs, revocation } = explanation;
  if (revocation === 'immediate') return 'at once';
  if (revocation === 'delayed') return `within ${formatDuration(propagationMaxMs)}`;
  if (issuer === null || effectiveLifetimeMs === null) {
    return 'never: change the key of the repository';
  }
  return `never: usable up to ${hoursOrDays(effectiveLifetimeMs)} after its issue`;
}

function longestText({ safeSessionMs: { strict } }: RouteExplanation): string {
  const end = strict === null ? '' : `; with strict ${hoursOrDays(strict)} in any case`;
  return `no limit with reconnect and proactive${end}`;
}

function aliveText({ effectiveLifetimeMs, generationsAliveMax }: RouteExplanation): string {
  if (generationsAliveMax !== null) {
    return `${generationsAliveMax} generation${generationsAliveMax === 1 ? '' : 's'} at most`;
  }
  return `one generation for each connect of the last ${hoursOrDays(effectiveLifetimeMs ?? 0)}`;
}

function callsText({ apiCallsAWeekMax, issuesAWeekMax }: RouteExplanation): string {
  const issues = `${issuesAWeekMax} issue${issuesAWeekMax === 1 ? '' : 's'}`;
  const calls = apiCallsAWeekMax === 1 ? '1 call' : `${apiCallsAWeekMax} calls`;
  return `about ${calls} in a week with ${issues} (one tenant, one session a day)`;
}
