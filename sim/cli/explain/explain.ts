import { selectRoute } from '../../../machines/mode-selection/index.ts';
import { type ErrorCode, errorSentence } from '../../../machines/rules/errors.ts';
import { effectiveLifetime, renewalRule } from '../../../machines/rules/lifetimes.ts';
import type { Reason, Route } from '../../../machines/rules/route.ts';
import type { ExplainOptions } from '../options.ts';
import { explainWarnings } from './warnings.ts';

/** What `explain --json` prints for a route. Lifetimes are ms; null where nothing expires. */
export interface RouteExplanation extends Route {
  /** What the protocol wants. */
  readonly lifetimeMs: number | null;
  /** The line that is really used (C14 may have lowered it). */
  readonly renewBelowMs: number | null;
  /** What is really issued (C14). */
  readonly effectiveLifetimeMs: number | null;
  /** Each begins with the rule that it rests on. */
  readonly warnings: readonly string[];
  readonly reasons: readonly Reason[];
}

/** What `explain --json` prints when the settings are refused. */
export interface RefusalExplanation {
  readonly refused: { readonly code: ErrorCode; readonly rule: string; readonly text: string };
  readonly reasons: readonly Reason[];
}

export type Explanation = RouteExplanation | RefusalExplanation;

/** Asks the mode-selection machine for the route and says what its credential will live like. */
export function explainRoute(options: ExplainOptions): Explanation {
  const { decision, reasons } = selectRoute(options.settings);
  if (!decision.ok) {
    const { code, rule } = decision;
    const reason = reasons.findLast((candidate) => candidate.rule === rule);
    return { refused: { code, rule, text: reason?.text ?? errorSentence(code) }, reasons };
  }
  const { route } = decision;
  const { sasOverride, entraId, adaptThreshold, issuerMaximumMs } = options;
  const rule = renewalRule(options.settings.storage, route.credential, { sasOverride, entraId });
  const effective =
    rule === null ? null : effectiveLifetime(rule, issuerMaximumMs, { adaptThreshold });
  return {
    ...route,
    lifetimeMs: rule?.lifetimeMs ?? null,
    renewBelowMs: effective?.renewBelowMs ?? null,
    effectiveLifetimeMs: effective?.effectiveLifetimeMs ?? null,
    warnings: explainWarnings(options, route, rule, effective),
    reasons,
  };
}
