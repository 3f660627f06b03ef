import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { answerFacts } from './errors.ts';
import { scrubText } from './scrub.ts';

/** By the code in the answer; everything else that STS says goes by its status. */
const BY_CODE: Readonly<Record<string, ErrorCode>> = {
  PackedPolicyTooLarge: 'issuer.limit',
  PackedPolicyTooLargeException: 'issuer.limit',
  // A duration that the role or the server does not allow, or a policy that is too long.
  ValidationError: 'issuer.limit',
  InvalidParameterValue: 'issuer.limit',
  LimitExceeded: 'issuer.limit',
  LimitExceededException: 'issuer.limit',
  Throttling: 'issuer.unavailable',
  ThrottlingException: 'issuer.unavailable',
  SlowDown: 'issuer.unavailable',
  RequestLimitExceeded: 'issuer.unavailable',
  ServiceUnavailable: 'issuer.unavailable',
  InternalFailure: 'issuer.unavailable',
  // Clocks that differ are set right sooner or later; nothing was refused for good.
  RequestTimeTooSkewed: 'issuer.unavailable',
  RequestExpired: 'issuer.unavailable',
};

function classify(code: string | null, status: number | null, isNetwork: boolean): ErrorCode {
  if (status === null) return isNetwork ? 'issuer.unavailable' : 'unknown';
  if (code !== null && Object.hasOwn(BY_CODE, code)) return BY_CODE[code] ?? 'unknown';
  if (status >= 500 || status === 429 || status === 408) return 'issuer.unavailable';
  return 'issuer.refused';
}

/**
 * Names errors of the STS SDK. Ceph answers STS calls with S3's XML, which the SDK cannot read;
 * the status alone decides then. `credential` is the SP's own one and is scrubbed from the text.
 */
export function translateIssuerError(
  thrown: unknown,
  operation: string,
  credential: StorageCredential,
): FortnightError {
  if (thrown instanceof FortnightError) return thrown;
  const facts = answerFacts(thrown);
  const word = facts.code ?? facts.networkCode ?? 'no code';
  const status = facts.status === null ? '' : ` (HTTP ${facts.status})`;
  const detail = scrubText(`${operation}: ${word}${status}: ${facts.message}`, credential);
  return new FortnightError(classify(facts.code, facts.status, facts.networkCode !== null), detail);
}
