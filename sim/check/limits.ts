import type { LogEvent } from '../../machines/ports/event-log.ts';
import { renewalRule } from '../../machines/rules/lifetimes.ts';
import { STORAGE_KINDS } from '../../machines/rules/settings.ts';
import { type Checker, notes } from './checker.ts';
import { asCount, asText } from './facts.ts';
import type { ScopeFacts } from './scope-facts.ts';
import type { SessionFacts } from './session-facts.ts';

/** What the last route of a scope said about its SAS limits: `default`, `override` or `entra`. */
const sasLimits = notes<{ told: string | null }>(() => ({ told: null }));

/**
 * I28: what the SP may override is the SAS: elsewhere a credential is asked for 14 days and renewed
 * below 24 hours, less only where the issuer ends before that line (C14). I30: and a SAS without
 * an override is asked for 30 days and reissued below 15 days. The route of an Azure session says
 * `sasLimits`; one that does not proves neither.
 */
export const checkLimits: Checker = {
  name: 'limits',
  invariants: ['I28', 'I30'],
  start: ({ witness, report }) => {
    const saw = { I28: witness('I28'), I30: witness('I30') };

    /** The rule that must hold for the scope, and which invariant says so; null: none can. */
    const limitsOf = (scope: ScopeFacts) => {
      const storage = STORAGE_KINDS.find((kind) => kind === scope.storage);
      if (storage === undefined) return null;
      if (storage !== 'azure') {
        return { rule: renewalRule(storage, 'limited'), invariant: 'I28', cited: 'C1' } as const;
      }
      const told = sasLimits.known(scope)?.told ?? null;
      if (told !== 'default' && told !== 'entra') return null;
      const rule = renewalRule(storage, 'sas', { entraId: told === 'entra' });
      return { rule, invariant: 'I30', cited: told === 'entra' ? 'C21' : 'C3' } as const;
    };

    const judgeIssue = (event: LogEvent, scope: ScopeFacts | null): void => {
      const limits = scope === null ? null : limitsOf(scope);
      const protocolMs = asCount(event.data.protocolLifetimeMs);
      if (limits === null || limits.rule === null || protocolMs === null) return;
      const { invariant, rule, cited } = limits;
      saw[invariant]();
      if (protocolMs === rule.lifetimeMs) return;
      const what = `the SP wanted ${protocolMs} ms; the rule says ${rule.lifetimeMs} ms`;
      report(invariant, cited, what, [event]);
    };

    const judgeLine = (event: LogEvent, { scope }: SessionFacts): void => {
      const limits = scope === null ? null : limitsOf(scope);
      const lineMs = asCount(event.data.renewBelowMs);
      if (scope === null || limits === null || limits.rule === null || lineMs === null) return;
      const { invariant, rule, cited } = limits;
      saw[invariant]();
      if (lineMs === rule.renewBelowMs) return;
      const lifetimeMs = scope.lastLifetimeMs;
      const isAdapted = lifetimeMs === null || lifetimeMs <= rule.renewBelowMs;
      if (lineMs < rule.renewBelowMs && isAdapted) return;
      const what = `the line is ${lineMs} ms; the rule says ${rule.renewBelowMs} ms`;
      report(invariant, cited, what, [event]);
    };

    return {
      placed: {
        'route.selected': (event, { scope }) => {
          if (scope !== null) sasLimits.of(scope).told = asText(event.data.sasLimits);
        },
        'credential.checked': judgeLine,
      },
      sees: { 'credential.issued': (event, _session, scope) => judgeIssue(event, scope) },
    };
  },
};
