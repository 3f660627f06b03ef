import type { Secret } from '../../machines/ports/secret.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { type AnswerFacts, describeFacts } from './errors.ts';

/** Refusals of one call that mean a limit, or that pass by themselves. */
export type IssuerMeaning = (facts: AnswerFacts) => ErrorCode | null;

/** By status; what a call's refusal means beyond that is said by the call. */
export function classifyIssuer(facts: AnswerFacts, meaning?: IssuerMeaning): ErrorCode {
  const { status } = facts;
  if (status === null) return facts.networkCode === null ? 'unknown' : 'issuer.unavailable';
  const special = meaning?.(facts) ?? null;
  if (special !== null) return special;
  if (status >= 500 || status === 429 || status === 408) return 'issuer.unavailable';
  // Rates of calls; quotas of things are named by the calls that make things.
  const isRate = facts.reason === 'rateLimitExceeded' || facts.reason === 'userRateLimitExceeded';
  return isRate ? 'issuer.unavailable' : 'issuer.refused';
}

export function toIssuerError(
  facts: AnswerFacts,
  operation: string,
  secrets: readonly Secret[],
  meaning?: IssuerMeaning,
): FortnightError {
  const detail = describeFacts(facts, operation, secrets);
  return new FortnightError(classifyIssuer(facts, meaning), detail);
}
