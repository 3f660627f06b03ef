import type { LifecycleSettings } from '../../../machines/credential-lifecycle/index.ts';
import { type RenewalRule, renewalRule } from '../../../machines/rules/lifetimes.ts';
import { MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { lifetimeOf } from './opening.ts';
import type { SpRepository } from './settings.ts';

/** The rule by which a repository's temporary credentials are made: C1, C3 with C4, C18 or C21. */
export function credentialRule(repository: SpRepository): RenewalRule {
  const { storage, sasOverride, entraId } = repository;
  const credential = storage === 'azure' ? 'sas' : 'limited';
  const rule = renewalRule(storage, credential, { sasOverride, entraId });
  if (rule === null) throw new Error('a credential that ends has a renewal rule');
  return rule;
}

/** What the lifecycle machine of a scope goes by: C1–C4, C14, C17 for this repository. */
export function lifecycleSettings(
  id: string,
  repository: SpRepository,
  issuerMaximumMs: number,
): LifecycleSettings {
  const rule = credentialRule(repository);
  const lifetime = lifetimeOf(repository, rule, issuerMaximumMs);
  const { effectiveLifetimeMs, renewBelowMs, everyConnectRenews } = lifetime;
  return {
    scopeId: id,
    lifetimeMs: effectiveLifetimeMs,
    renewBelowMs,
    includesLine: rule.includesLine,
    checkedAt: rule.checkedAt,
    checkClock: repository.checkClock,
    strictRenewal: repository.strictRenewal,
    // I33: ceil(V / (V - T)); unbounded where every connect renews (C14).
    generationsMax: everyConnectRenews
      ? null
      : Math.ceil(effectiveLifetimeMs / (effectiveLifetimeMs - renewBelowMs)),
    issueTimeoutMs: 2 * MINUTE_MS,
    issueAttemptsMax: 5,
    retryFirstMs: SECOND_MS,
    retryCapMs: 15 * MINUTE_MS,
    revokeAttemptsMax: 6,
  };
}
