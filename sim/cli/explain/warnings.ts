import { formatDuration } from '../../../machines/rules/duration.ts';
import type { EffectiveLifetime, RenewalRule } from '../../../machines/rules/lifetimes.ts';
import type { Route } from '../../../machines/rules/route.ts';
import type { StorageKind } from '../../../machines/rules/settings.ts';
import { DAY_MS, HOUR_MS } from '../../../machines/rules/time.ts';
import type { ExplainOptions } from '../options.ts';

/** What issues the temporary credential, in the words of each storage system. */
const ISSUER: Readonly<Record<StorageKind, string>> = {
  aws: 'AssumeRole',
  gcs: 'the downscoped token',
  azure: 'the SAS link',
  's3-compatible': 'AssumeRole',
};

/** `24h` and `12h` as the rules write them; days from two on. */
export function hoursOrDays(ms: number): string {
  return ms < 2 * DAY_MS && ms % HOUR_MS === 0 ? `${ms / HOUR_MS}h` : formatDuration(ms);
}

/** Everything that an administrator should know before choosing this; each begins with its rule. */
export function explainWarnings(
  options: ExplainOptions,
  route: Route,
  rule: RenewalRule | null,
  effective: EffectiveLifetime | null,
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
  if (rule !== null && effective !== null) {
    warnings.push(...lifetimeWarnings(options, rule, effective));
    warnings.push(
      'C13: what is issued cannot be revoked: after a renewal the old generation stays usable ' +
        'until its own expiry',
    );
  }
  warnings.push(...uselessOptions(options, route));
  return warnings;
}

function lifetimeWarnings(
  options: ExplainOptions,
  rule: RenewalRule,
  effective: EffectiveLifetime,
): readonly string[] {
  const issuer = ISSUER[options.settings.storage];
  const ends = hoursOrDays(effective.effectiveLifetimeMs);
  const wanted = hoursOrDays(rule.lifetimeMs);
  const line = hoursOrDays(effective.renewBelowMs);
  const isLowered = effective.renewBelowMs !== rule.renewBelowMs;
  const when = rule.checkedAt === 'connect' ? 'connect' : 'request';
  const parts: string[] = [];
  if (effective.isCapped) parts.push(`${issuer} ends after ${ends}, not after ${wanted}`);
  if (effective.everyConnectRenews) {
    const position = effective.effectiveLifetimeMs === effective.renewBelowMs ? 'at' : 'below';
    parts.push(`${ends} is ${position} the ${line} line: every ${when} renews`);
  }
  if (isLowered) {
    parts.push(`the renewal line is lowered from ${hoursOrDays(rule.renewBelowMs)} to ${line}`);
  }
  return parts.length === 0 ? [] : [`C14: ${parts.join('; ')}`];
}

/** Options that were given and change nothing are said, not swallowed. */
function uselessOptions(options: ExplainOptions, route: Route): readonly string[] {
  const warnings: string[] = [];
  if (options.sasOverride !== null && route.credential !== 'sas') {
    warnings.push('C4: the SAS limits are overridden, but this route uses no SAS');
  }
  if (options.sasOverride !== null && route.credential === 'sas' && options.entraId) {
    warnings.push('C21: with Entra ID the limits are fixed; the SAS override changes nothing');
  }
  if (options.entraId && route.credential !== 'sas') {
    warnings.push('C21: Entra ID changes SAS links only, and this route uses none');
  }
  return warnings;
}
