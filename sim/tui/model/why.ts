import { exactDuration, thresholdWords } from '../words.ts';
import type { CheckView } from './types.ts';

export interface Explanation {
  /** `Not renewed: 24 h 00 m 00.000 s left; C2 says less than 24 hours`. */
  readonly sentence: string;
  /** The rule that asked for the check first, then the one that decided. */
  readonly rules: readonly string[];
}

/** What the rules say, for the screen that answers "why". */
export const RULE_TEXTS: Readonly<Record<string, string>> = {
  C2: 'Checked when connecting to the cloud gateway: with less than the line left, or expired, it is renewed; otherwise it is kept.',
  C3: 'A SAS is checked when the tenant requests credentials: with less than the line left, or expired, it is reissued.',
  C10: '"Less than" is strict: exactly the line left is not renewed, 1 ms less is. At the expiry itself it is expired.',
  C12: 'One credential for each tenant, subtenant and repository; the first is generation 1.',
  C15: 'A running session reconnects before its credential ends, which checks it again.',
  C20: 'Access denied is not expiry: one forced check, then the session fails.',
  C21: 'A SAS of a repository with Entra ID is reissued with the line left or less.',
};

/** Which rule made this check happen. */
function ruleOfTrigger({ trigger, includesLine }: CheckView): string {
  switch (trigger) {
    case 'request':
      return includesLine ? 'C21' : 'C3';
    case 'heartbeat':
      return 'C15';
    case 'forced':
      return 'C20';
    default:
      return 'C2';
  }
}

/** One check as a sentence with both operands. */
export function explainCheck(check: CheckView): Explanation {
  const rule = ruleOfTrigger(check);
  if (check.expiresAt === null) {
    const isSp = check.by === 'sp';
    const sentence = isSp
      ? 'The SP holds none either: it issues one'
      : 'Nothing is held yet: the tenant asks for a credential';
    return { sentence, rules: [rule, 'C12'] };
  }
  const isRenewed = check.decision === 'renew';
  const verdict = isRenewed ? 'Renewed' : 'Not renewed';
  if (check.leftMs <= 0) {
    return {
      sentence: `${verdict}: expired ${exactDuration(-check.leftMs)} ago`,
      rules: [rule, 'C10'],
    };
  }
  const line = thresholdWords(check.renewBelowMs);
  const comparison = check.includesLine ? `${line} or less` : `less than ${line}`;
  return {
    sentence: `${verdict}: ${exactDuration(check.leftMs)} left; ${rule} says ${comparison}`,
    rules: [rule, 'C10'],
  };
}
