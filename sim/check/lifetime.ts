import type { LogEvent } from '../../machines/ports/event-log.ts';
import { defaultIssuer, issuerMaximumMs } from '../../machines/rules/issuers.ts';
import { renewalRule } from '../../machines/rules/lifetimes.ts';
import { STORAGE_KINDS } from '../../machines/rules/settings.ts';
import { MINUTE_MS } from '../../machines/rules/time.ts';
import { type Checker, notes } from './checker.ts';
import { asCount } from './facts.ts';
import type { ScopeFacts } from './scope-facts.ts';

/** The clocks of SP and storage may differ by this much before the storage refuses to talk. */
const SKEW_MS_MAX = 15 * MINUTE_MS;

/** Issues in a scope whose storage no route has told yet. */
const unplaced = notes<LogEvent[]>(() => []);

/**
 * I19: 14 days, or the issuer's maximum where that is less. I20: a SAS for 30 days, or as the SP
 * overrides it. A `credential.issued` may say `issuerMaximumMs` where its issuer or the scenario
 * has another maximum than the kind's usual issuer, and for SAS `protocolLifetimeMs` (C4, C21).
 */
export const checkIssuedLifetime: Checker = {
  name: 'issued-lifetime',
  invariants: ['I19', 'I20'],
  start: ({ witness, report }) => {
    const saw = { I19: witness('I19'), I20: witness('I20') };
    const judge = (event: LogEvent, scope: ScopeFacts): void => {
      const storage = STORAGE_KINDS.find((kind) => kind === scope.storage);
      const lifetimeMs = asCount(event.data.lifetimeMs);
      if (storage === undefined || lifetimeMs === null) return;
      const isSas = storage === 'azure';
      const rule = renewalRule(storage, isSas ? 'sas' : 'limited');
      const overrideMs = isSas ? asCount(event.data.protocolLifetimeMs) : null;
      const protocolMs = overrideMs ?? rule?.lifetimeMs ?? 0;
      const maximumMs =
        asCount(event.data.issuerMaximumMs) ??
        issuerMaximumMs(storage, defaultIssuer(storage, false), null);
      const wantedMs = Math.min(protocolMs, maximumMs);
      const [invariant, cited] = isSas ? (['I20', 'C3'] as const) : (['I19', 'C1'] as const);
      saw[invariant]();
      if (lifetimeMs !== wantedMs) {
        const what = `asked for ${lifetimeMs} ms; ${storage} credentials live ${wantedMs} ms`;
        report(invariant, cited, what, [event]);
      }
      const issuedMs = (asCount(event.data.expiresAt) ?? 0) - (asCount(event.data.issuedAt) ?? 0);
      if (issuedMs > wantedMs || issuedMs < wantedMs - SKEW_MS_MAX) {
        const what = `lives ${issuedMs} ms from its issue, not ${wantedMs} ms`;
        report(invariant, 'C14', what, [event]);
      }
    };
    return {
      sees: {
        'credential.issued': (event, _session, scope) => {
          if (scope === null) return;
          if (scope.storage === null) unplaced.of(scope).push(event);
          else judge(event, scope);
        },
      },
      placed: {
        'route.selected': (_event, { scope }) => {
          if (scope === null || scope.storage === null) return;
          for (const event of unplaced.known(scope)?.splice(0) ?? []) judge(event, scope);
        },
      },
    };
  },
};
