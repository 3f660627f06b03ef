import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { codeOfStatus } from '../common-store/status.ts';
import type { S3Dialect } from './dialects.ts';
import { scrubText } from './scrub.ts';

/** By the code in the answer (providers §1.2). Never by English text. */
const BY_CODE: Readonly<Record<string, ErrorCode>> = {
  ExpiredToken: 'credential.expired',
  ExpiredTokenException: 'credential.expired',
  TokenRefreshRequired: 'credential.expired',
  InvalidAccessKeyId: 'credential.unknownKey',
  InvalidClientTokenId: 'credential.unknownKey',
  UnrecognizedClientException: 'credential.unknownKey',
  // Google's word for an HMAC key that is inactive, removed, or not known yet (C19).
  InvalidSecurity: 'credential.unknownKey',
  InvalidToken: 'credential.invalid',
  InvalidTokenId: 'credential.invalid',
  SignatureDoesNotMatch: 'credential.invalid',
  AuthorizationHeaderMalformed: 'credential.invalid',
  IncompleteSignature: 'credential.invalid',
  MissingSecurityHeader: 'credential.invalid',
  AccessDenied: 'access.denied',
  AccessDeniedException: 'access.denied',
  AllAccessDisabled: 'access.denied',
  AccountProblem: 'access.denied',
  RequestTimeTooSkewed: 'clock.skewed',
  RequestExpired: 'clock.skewed',
  RequestInTheFuture: 'clock.skewed',
  SlowDown: 'storage.throttled',
  SlowDownRead: 'storage.throttled',
  SlowDownWrite: 'storage.throttled',
  Throttling: 'storage.throttled',
  ThrottlingException: 'storage.throttled',
  ThrottledException: 'storage.throttled',
  RequestLimitExceeded: 'storage.throttled',
  TooManyRequests: 'storage.throttled',
  BandwidthLimitExceeded: 'storage.throttled',
  ServiceUnavailable: 'storage.throttled',
  InternalError: 'storage.unavailable',
  InternalFailure: 'storage.unavailable',
  OperationAborted: 'storage.unavailable',
  RequestTimeout: 'storage.unreachable',
  NoSuchKey: 'object.missing',
  NotFound: 'object.missing',
  NoSuchUpload: 'upload.missing',
  InvalidPart: 'upload.missing',
  PreconditionFailed: 'object.conflict',
  ConditionalRequestConflict: 'object.conflict',
  BadDigest: 'object.corrupt',
  IncompleteBody: 'object.corrupt',
  XAmzContentSHA256Mismatch: 'object.corrupt',
  XAmzContentChecksumMismatch: 'object.corrupt',
  InsufficientStorage: 'storage.full',
  QuotaExceeded: 'storage.full',
  XMinioStorageFull: 'storage.full',
  XMinioAdminBucketQuotaExceeded: 'storage.full',
  NoSuchBucket: 'request.invalid',
  NotImplemented: 'request.invalid',
};

/** Codes of Node's and of Bun's network layer: no answer has arrived. */
const NETWORK_CODE =
  /^(E[A-Z_]+|ERR_(SOCKET|STREAM|TLS|SSL|HTTP2?)_[A-Z_]+|[A-Z_]*CERT[A-Z_]*|Connection[A-Za-z]+|FailedToOpenSocket|Timeout|UND_ERR_[A-Z_]+)$/;

/** Names that the SDK makes up when the answer carries no code. */
const NO_CODE =
  /^(\d+|Unknown(Error)?|Error|TypeError|SyntaxError|Forbidden|BadRequest|.*ServiceException)$/;

export interface AnswerFacts {
  /** The storage's own word, `null` where it said none. */
  readonly code: string | null;
  readonly status: number | null;
  readonly networkCode: string | null;
  readonly message: string;
  readonly retryAfter: string | null;
}

interface SdkErrorShape {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly message?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: {
    readonly statusCode?: number;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

export function answerFacts(thrown: unknown): AnswerFacts {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as SdkErrorShape;
  const headers = error.$response?.headers ?? {};
  const status = error.$metadata?.httpStatusCode ?? error.$response?.statusCode ?? null;
  // MinIO repeats the code of a HEAD's answer in a header.
  const named = [headers['x-minio-error-code'], error.Code, error.name].find(
    (name) => typeof name === 'string' && name !== '' && !NO_CODE.test(name),
  ) as string | undefined;
  const isTimeout = error.name === 'TimeoutError';
  const hasNetworkCode = typeof error.code === 'string' && NETWORK_CODE.test(error.code);
  return {
    code: status === null ? null : (named ?? null),
    status,
    networkCode: hasNetworkCode ? (error.code as string) : isTimeout ? 'Timeout' : null,
    message: typeof error.message === 'string' && !NO_CODE.test(error.message) ? error.message : '',
    retryAfter: headers['retry-after'] ?? null,
  };
}

/** Seconds, or a date that is compared with the injected clock. */
function retryAfterMs(text: string | null, now: EpochMs): number | null {
  if (text === null) return null;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

export interface S3ErrorContext {
  /** The S3 operation, for people. */
  readonly operation: string;
  readonly credential: StorageCredential;
  readonly dialect: S3Dialect;
  readonly now: EpochMs;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A key without a session token has no end of its own: the policy of its user ends it, and that is
 * `AccessDenied` everywhere; once the key is removed after its end, `InvalidAccessKeyId`, and
 * `InvalidSecurity` at Google.
 */
const ENDED_KEY_CODES: readonly string[] = [
  'AccessDenied',
  'InvalidAccessKeyId',
  'InvalidSecurity',
];

function isWithoutToken(credential: StorageCredential): boolean {
  return credential.kind === 's3-keys' && credential.sessionToken === null;
}

function classify(facts: AnswerFacts, context: S3ErrorContext): ErrorCode {
  const { credential, dialect, now } = context;
  if (facts.status === null) return facts.networkCode === null ? 'unknown' : 'storage.unreachable';
  const hasEnded = credential.expiresAt !== null && now >= credential.expiresAt;
  if (hasEnded) {
    const isRefusal = facts.status === 400 || facts.status === 401 || facts.status === 403;
    const codes = isWithoutToken(credential) ? ENDED_KEY_CODES : dialect.endedSessionCodes;
    if (facts.code === null ? isRefusal : codes.includes(facts.code)) {
      return 'credential.expired';
    }
  }
  if (facts.code !== null && Object.hasOwn(BY_CODE, facts.code)) {
    return BY_CODE[facts.code] ?? 'unknown';
  }
  return codeOfStatus(facts.status);
}

/**
 * The only place where errors of the S3 SDK are named. Gives one of the catalogue's codes; the
 * detail is `operation: code (HTTP status): what the server said`, scrubbed (F41). The SDK's error
 * is never attached: it carries the request with its headers.
 */
export function translateS3Error(thrown: unknown, context: S3ErrorContext): FortnightError {
  if (thrown instanceof FortnightError) return thrown;
  if (context.signal?.aborted === true) {
    const { reason } = context.signal;
    return reason instanceof FortnightError
      ? reason
      : new FortnightError('session.cancelled', `${context.operation} was stopped`);
  }
  const facts = answerFacts(thrown);
  const parts = [facts.code ?? facts.networkCode ?? 'no code'];
  if (facts.status !== null) parts.push(`(HTTP ${facts.status})`);
  const said = facts.message === '' ? '' : `: ${facts.message}`;
  const text = `${context.operation}: ${parts.join(' ')}${said}`;
  const detail = scrubText(text, context.credential);
  const waitMs = retryAfterMs(facts.retryAfter, context.now);
  const code = classify(facts, context);
  return new FortnightError(code, detail, waitMs === null ? {} : { retryAfterMs: waitMs });
}
