import { formatDuration } from '../../../machines/rules/duration.ts';
import type { IssuerKind } from '../../../machines/rules/issuers.ts';
import type { CredentialPlan } from '../../../machines/rules/plan.ts';
import type { Route } from '../../../machines/rules/route.ts';
import { DAY_MS, HOUR_MS } from '../../../machines/rules/time.ts';
import type { ExplainOptions } from '../options.ts';

/** What issues the temporary credential, in the words of each storage system. */
const ISSUER: Readonly<Record<IssuerKind, string>> = {
  'iam-user': 'the key of the IAM user',
  'federation-token': 'GetFederationToken',
  'assume-role': 'AssumeRole',
  'account-key-sas': 'the SAS link',
  'user-delegation-sas': 'the user-delegation SAS',
  'downscoped-token': 'the downscoped token',
  'hmac-key': 'the HMAC key',
};

/** `24h` and `12h` as the rules write them; days from two on. */
export function hoursOrDays(ms: number): string {
  return ms < 2 * DAY_MS && ms % HOUR_MS === 0 ? `${ms / HOUR_MS}h` : formatDuration(ms);
}

/** Everything that an administrator should know before choosing this; each begins with its rule. */
export function explainWarnings(
  options: ExplainOptions,
  route: Route,
  plan: CredentialPlan,
): readonly string[] {
  const { settings } = options;
  const warnings: string[] = [];
  if (settings.mode === 'gateway' && route.dataPath === 'direct') {
    warnings.push(
      `M7: the option ${settings.access} overrides the mode: data goes direct although the mode ` +
        'says gateway (strictGateway would refuse)',
    );
  }
  if (route.assumed) {
    warnings.push(
      'M6: no access option is specified yet: the default is assumed and data goes through the ' +
        'cloud gateway although the mode says direct',
    );
  }
  if (route.credential === 'shared') {
    warnings.push(
      'C7: the tenant holds the full credential of the repository: it reaches the data of every ' +
        'tenant, never expires and is never renewed (I43)',
    );
  }
  warnings.push(...lifetimeWarnings(plan), ...issuerWarnings(options, plan));
  warnings.push(...uselessOptions(options, route, plan));
  return warnings;
}

/** C14: what the issuer's maximum does to the protocol's lifetime and line. */
function lifetimeWarnings({ issuer, rule, effective }: CredentialPlan): readonly string[] {
  if (issuer === null || rule === null || effective === null) return [];
  const ends = hoursOrDays(effective.effectiveLifetimeMs);
  const wanted = hoursOrDays(rule.lifetimeMs);
  const line = hoursOrDays(effective.renewBelowMs);
  const isLowered = effective.renewBelowMs !== rule.renewBelowMs;
  const parts: string[] = [];
  if (effective.isCapped) parts.push(`${ISSUER[issuer]} ends after ${ends}, not after ${wanted}`);
  if (effective.everyConnectRenews) {
    const position = effective.effectiveLifetimeMs === effective.renewBelowMs ? 'at' : 'below';
    parts.push(`${ends} is ${position} the ${line} line: every ${rule.checkedAt} renews`);
  }
  if (isLowered) {
    parts.push(`the renewal line is lowered from ${hoursOrDays(rule.renewBelowMs)} to ${line}`);
  }
  return parts.length === 0 ? [] : [`C14: ${parts.join('; ')}`];
}

function issuerWarnings(options: ExplainOptions, plan: CredentialPlan): readonly string[] {
  if (plan.issuer === null) return [];
  const warnings: string[] = [];
  if (plan.revocation === 'never') {
    warnings.push(
      'C13: what is issued cannot be revoked: after a renewal the old generation stays usable ' +
        'until its own expiry, and a disabled tenant keeps what it holds until then (C22)',
    );
  }
  if (plan.listing === 'none') {
    warnings.push(
      'C9: the tenant cannot list its folder with this credential: the service provider lists for it',
    );
  }
  if (plan.generationsAliveMax !== null && plan.generationsAliveMax > 2) {
    warnings.push(
      `C13: it is renewed so early that up to ${plan.generationsAliveMax} generations are alive at once`,
    );
  }
  const strictMs = plan.safeSessionMs.strict;
  if (options.inSession === 'strict' && strictMs !== null) {
    warnings.push(
      `C15: with the policy strict a session that takes longer than ${hoursOrDays(strictMs)} may ` +
        'fail; reconnect or proactive have no such limit',
    );
  }
  return warnings;
}

/** Options that were given and change nothing are said, not swallowed. */
function uselessOptions(
  options: ExplainOptions,
  route: Route,
  plan: CredentialPlan,
): readonly string[] {
  const { credential, settings } = options;
  const warnings: string[] = [];
  if (credential.sasOverride !== null && route.credential !== 'sas') {
    warnings.push('C4: the SAS limits are overridden, but this route uses no SAS');
  }
  if (credential.sasOverride !== null && route.credential === 'sas' && credential.entraId) {
    warnings.push('C21: with Entra ID the limits are fixed; the SAS override changes nothing');
  }
  if (credential.entraId && route.credential !== 'sas') {
    warnings.push('C21: Entra ID changes SAS links only, and this route uses none');
  }
  if (options.isIssuerNamed && plan.issuer === null) {
    warnings.push('C7: an issuer is named, but nothing is issued on this route');
  }
  if (credential.storedAccessPolicy && route.credential !== 'sas') {
    warnings.push('C13: a stored access policy holds SAS links, and this route uses none');
  }
  // In a file this is said of the storage, and other repositories may need it.
  const isSaid = options.source === null && settings.storage === 'azure';
  const isFlat = !credential.hasHierarchicalNamespace || credential.hasSharedContainer;
  if (isSaid && isFlat && route.credential !== 'sas') {
    warnings.push('C9: how the account is divided matters to SAS links, and this route uses none');
  }
  return warnings;
}
