import type { CheckReport } from '../check/index.ts';
import type { Rule } from './types.ts';

/** What one log has to say about one rule. */
export type Measured =
  | { readonly kind: 'exercised'; readonly times: number; readonly violations: number }
  /** It could have been, and was not: the log proves nothing about it (L15). */
  | { readonly kind: 'never' }
  | { readonly kind: 'notInLog'; readonly why: string };

const NO_FACT = 'no fact of the log tells of it; its tests ask the product itself';

/** How often a rule was put to the test in a log that was checked. */
export function measure(rule: Rule, report: CheckReport): Measured {
  const judged = rule.judgedBy.filter((id) => report.witnesses[id] !== undefined);
  if (judged.length === 0) return { kind: 'notInLog', why: rule.notInLog ?? NO_FACT };
  let times = 0;
  for (const id of judged) times += report.witnesses[id] ?? 0;
  const violations = report.violations.filter(({ invariant }) =>
    rule.judgedBy.includes(invariant),
  ).length;
  return times + violations === 0 ? { kind: 'never' } : { kind: 'exercised', times, violations };
}
