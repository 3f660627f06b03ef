import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { answerFacts } from './errors.ts';
import { scrubText } from './scrub.ts';

/**
 * By the code in the answer, without the ending `Exception` that some servers write; everything
 * else that STS and IAM say goes by its status.
 */
const BY_CODE: Readonly<Record<string, ErrorCode>> = {
  PackedPolicyTooLarge: 'issuer.limit',
  // A duration that the role or the server does not allow, or a policy that is too long.
  ValidationError: 'issuer.limit',
  InvalidParameterValue: 'issuer.limit',
  // Two access keys a user, 5,000 users an account, 2,048 characters of policies a user.
  LimitExceeded: 'issuer.limit',
  Throttling: 'issuer.unavailable',
  SlowDown: 'issuer.unavailable',
  RequestLimitExceeded: 'issuer.unavailable',
  ServiceUnavailable: 'issuer.unavailable',
  InternalFailure: 'issuer.unavailable',
  ServiceFailure: 'issuer.unavailable',
  // IAM spreads its changes slowly: what was made a moment ago may not be found, or be busy (C19).
  NoSuchEntity: 'issuer.unavailable',
  ConcurrentModification: 'issuer.unavailable',
  EntityTemporarilyUnmodifiable: 'issuer.unavailable',
  // Clocks that differ are set right sooner or later; nothing was refused for good.
  RequestTimeTooSkewed: 'issuer.unavailable',
  RequestExpired: 'issuer.unavailable',
  // Never made over what is there already: it may be in use.
  EntityAlreadyExists: 'issuer.refused',
  DeleteConflict: 'issuer.refused',
};

/** The storage's own word for an error, or null. */
export function issuerErrorCode(thrown: unknown): string | null {
  return answerFacts(thrown).code?.replace(/Exception$/, '') ?? null;
}

function classify(code: string | null, status: number | null, isNetwork: boolean): ErrorCode {
  if (status === null) return isNetwork ? 'issuer.unavailable' : 'unknown';
  if (code !== null && Object.hasOwn(BY_CODE, code)) return BY_CODE[code] ?? 'unknown';
  if (status >= 500 || status === 429 || status === 408) return 'issuer.unavailable';
  return 'issuer.refused';
}

/**
 * Names errors of the SDKs for STS and IAM. Ceph answers STS calls with S3's XML, which the SDK cannot read;
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
  return new FortnightError(
    classify(issuerErrorCode(thrown), facts.status, facts.networkCode !== null),
    detail,
  );
}
