import { defaultIssuer, issuerMaximumMs } from '../../machines/rules/issuers.ts';
import { renewalRule } from '../../machines/rules/lifetimes.ts';
import { STORAGE_KINDS } from '../../machines/rules/settings.ts';
import { MINUTE_MS } from '../../machines/rules/time.ts';
import { count, scopeOf } from './facts.ts';
import { storageByScope } from './sessions.ts';
import { type Checker, ignoreWitness, type Violation, violation } from './violation.ts';

/** The clocks of SP and storage may differ by this much before the storage refuses to talk. */
const SKEW_MS_MAX = 15 * MINUTE_MS;

/**
 * I19: 14 days, or the issuer's maximum where that is less. I20: a SAS for 30 days, or as the SP
 * overrides it. A `credential.issued` may say `issuerMaximumMs` where its issuer or the scenario
 * has another maximum than the kind's usual issuer, and for SAS `protocolLifetimeMs` (C4, C21).
 */
export const checkIssuedLifetime: Checker = (events, witness = ignoreWitness) => {
  const storages = storageByScope(events);
  const violations: Violation[] = [];
  for (const event of events) {
    if (event.type !== 'credential.issued') continue;
    const storage = STORAGE_KINDS.find((kind) => kind === storages.get(scopeOf(event) ?? ''));
    const lifetimeMs = count(event, 'lifetimeMs');
    if (storage === undefined || lifetimeMs === null) continue;
    const isSas = storage === 'azure';
    const rule = renewalRule(storage, isSas ? 'sas' : 'limited');
    const overrideMs = isSas ? count(event, 'protocolLifetimeMs') : null;
    const protocolMs = overrideMs ?? rule?.lifetimeMs ?? 0;
    const maximumMs =
      count(event, 'issuerMaximumMs') ??
      issuerMaximumMs(storage, defaultIssuer(storage, false), null);
    const wantedMs = Math.min(protocolMs, maximumMs);
    const [invariant, cited] = isSas ? ['I20', 'C3'] : ['I19', 'C1'];
    witness(invariant);
    if (lifetimeMs !== wantedMs) {
      const what = `asked for ${lifetimeMs} ms; ${storage} credentials live ${wantedMs} ms`;
      violations.push(violation(invariant, cited, what, [event]));
    }
    const issuedMs = (count(event, 'expiresAt') ?? 0) - (count(event, 'issuedAt') ?? 0);
    if (issuedMs > wantedMs || issuedMs < wantedMs - SKEW_MS_MAX) {
      const what = `lives ${issuedMs} ms from its issue, not ${wantedMs} ms`;
      violations.push(violation(invariant, 'C14', what, [event]));
    }
  }
  return violations;
};
