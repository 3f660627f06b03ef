import { selectRoute } from '../../../machines/mode-selection/index.ts';
import { errorSentence } from '../../../machines/rules/errors.ts';
import {
  type CredentialPlan,
  type PlanRefusal,
  planCredential,
} from '../../../machines/rules/plan.ts';
import type { Reason, Route, RouteDecision } from '../../../machines/rules/route.ts';
import type { ExplainOptions } from '../options.ts';
import { routeRemedy } from './remedies.ts';
import { explainWarnings } from './warnings.ts';

/** Where the settings stand in a scenario file; absent where they came as options. */
interface Placed {
  readonly repository?: string;
  readonly job?: string | null;
}

/** What `explain --json` prints for a route. Times are ms; null where there is none. */
export interface RouteExplanation
  extends Placed,
    Route,
    Omit<CredentialPlan, 'rule' | 'effective'> {
  /** What the protocol wants. */
  readonly lifetimeMs: number | null;
  /** The line that is really used (C14 may have lowered it). */
  readonly renewBelowMs: number | null;
  /** What is really issued (C14). */
  readonly effectiveLifetimeMs: number | null;
  /** C14: a new one is below the line already. */
  readonly everyConnectRenews: boolean;
  /** At which moment it is checked (I27). */
  readonly checkedAt: 'connect' | 'request' | null;
  /** Each begins with the rule that it rests on. */
  readonly warnings: readonly string[];
  readonly reasons: readonly Reason[];
}

/** What `explain --json` prints when the settings are refused. */
export interface RefusalExplanation extends Placed {
  readonly refused: PlanRefusal;
  readonly reasons: readonly Reason[];
}

export type Explanation = RouteExplanation | RefusalExplanation;

/** Asks the mode-selection machine for the route, and says what its credential will live like. */
export function explainRoute(options: ExplainOptions): Explanation {
  const placed: Placed = options.source ?? {};
  const { decision, reasons } = selectRoute(options.settings);
  if (!decision.ok) {
    return { ...placed, refused: routeRefusal(options, decision, reasons), reasons };
  }
  const planned = planCredential(decision.route, options.credential);
  if (!planned.ok) return { ...placed, refused: planned.refusal, reasons };
  const { rule, effective, ...plan } = planned.plan;
  return {
    ...placed,
    ...decision.route,
    ...plan,
    lifetimeMs: rule?.lifetimeMs ?? null,
    renewBelowMs: effective?.renewBelowMs ?? null,
    effectiveLifetimeMs: effective?.effectiveLifetimeMs ?? null,
    everyConnectRenews: effective?.everyConnectRenews ?? false,
    checkedAt: rule?.checkedAt ?? null,
    warnings: explainWarnings(options, decision.route, planned.plan),
    reasons,
  };
}

function routeRefusal(
  options: ExplainOptions,
  { code, rule }: Extract<RouteDecision, { readonly ok: false }>,
  reasons: readonly Reason[],
): PlanRefusal {
  const text = reasons.findLast((reason) => reason.rule === rule)?.text ?? errorSentence(code);
  return { code, rule, text, remedy: routeRemedy(code, options.settings) };
}
