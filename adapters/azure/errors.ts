import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { type EpochMs, MINUTE_MS } from '../../machines/rules/time.ts';
import { codeOfStatus } from '../common-store/status.ts';
import type { SasFacts } from './sas-facts.ts';
import { scrubText } from './scrub.ts';

/** By `x-ms-error-code` (providers §1.4). Never by English text. */
const BY_CODE: Readonly<Record<string, ErrorCode>> = {
  AuthorizationPermissionMismatch: 'access.denied',
  AuthorizationResourceTypeMismatch: 'access.denied',
  AuthorizationServiceMismatch: 'access.denied',
  AuthorizationProtocolMismatch: 'access.denied',
  AuthorizationSourceIPMismatch: 'access.denied',
  InsufficientAccountPermissions: 'access.denied',
  KeyBasedAuthenticationNotPermitted: 'access.denied',
  UnauthorizedBlobOverwrite: 'access.denied',
  AccountIsDisabled: 'access.denied',
  BlobImmutableDueToPolicy: 'access.denied',
  BlobImmutableDueToLegalHold: 'access.denied',
  InvalidAuthenticationInfo: 'credential.invalid',
  NoAuthenticationInformation: 'credential.invalid',
  ServerBusy: 'storage.throttled',
  TooManyRequests: 'storage.throttled',
  OperationTimedOut: 'storage.unavailable',
  InternalError: 'storage.unavailable',
  AccountBeingCreated: 'storage.unavailable',
  ContainerBeingDeleted: 'storage.unavailable',
  BlobNotFound: 'object.missing',
  PathNotFound: 'object.missing',
  ResourceNotFound: 'object.missing',
  ContainerNotFound: 'request.invalid',
  FilesystemNotFound: 'request.invalid',
  ContainerDisabled: 'request.invalid',
  InvalidBlockList: 'upload.missing',
  ConditionNotMet: 'object.conflict',
  TargetConditionNotMet: 'object.conflict',
  UpdateConditionNotSatisfied: 'object.conflict',
  BlobAlreadyExists: 'object.conflict',
  PathAlreadyExists: 'object.conflict',
  PathConflict: 'object.conflict',
  ResourceTypeMismatch: 'object.conflict',
  InvalidBlobType: 'object.conflict',
  LeaseIdMissing: 'object.conflict',
  Md5Mismatch: 'object.corrupt',
  Crc64Mismatch: 'object.corrupt',
  InsufficientStorage: 'storage.full',
  QuotaExceeded: 'storage.full',
  BlobArchived: 'request.invalid',
  BlockCountExceedsLimit: 'request.invalid',
  FeatureVersionMismatch: 'request.invalid',
};

/**
 * A sender who was not believed. Azure says both for a SAS that is over, that is not valid yet,
 * that lies outside of its directory, whose policy is gone or that was signed by a former key
 * (and Azurite says the second where Azure says the first). What it was is found out by dates.
 */
const UNBELIEVED = new Set(['AuthenticationFailed', 'AuthorizationFailure']);

/** Requests signed by the account key may be dated so far from the storage's clock. */
const SKEW_TOLERANCE_MS = 15 * MINUTE_MS;

/** Codes of Node's and of Bun's network layer, and the SDK's own: no answer has arrived. */
const NETWORK_CODE =
  /^(E[A-Z_]+|ERR_(SOCKET|STREAM|TLS|SSL|HTTP2?)_[A-Z_]+|[A-Z_]*CERT[A-Z_]*|Connection[A-Za-z]+|FailedToOpenSocket|Timeout|REQUEST_SEND_ERROR)$/;

export interface AnswerFacts {
  /** The storage's own word, `null` where it said none. */
  readonly code: string | null;
  readonly status: number | null;
  readonly networkCode: string | null;
  readonly message: string;
  readonly retryAfter: string | null;
  /** The storage's clock as its answer shows it. */
  readonly answeredAt: EpochMs | null;
}

interface SdkErrorShape {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
}

/** The header is there for a HEAD too, whose answer has no document. */
export function answerFacts(thrown: unknown): AnswerFacts {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as SdkErrorShape;
  const header = (name: string) => error.response?.headers?.get(name) ?? null;
  const status = typeof error.statusCode === 'number' ? error.statusCode : null;
  const word = typeof error.code === 'string' ? error.code : null;
  const answeredAt = Date.parse(header('date') ?? '');
  const [firstLine = ''] = typeof error.message === 'string' ? error.message.split('\n') : [];
  return {
    code: status === null ? null : (header('x-ms-error-code') ?? spokenCode(word)),
    status,
    networkCode: status === null && word !== null && NETWORK_CODE.test(word) ? word : null,
    message: firstLine,
    retryAfter: header('retry-after'),
    answeredAt: Number.isNaN(answeredAt) ? null : answeredAt,
  };
}

/** `PARSE_ERROR` and the like are the SDK's words, not the storage's. */
function spokenCode(word: string | null): string | null {
  return word !== null && /^[A-Z][a-z]/.test(word) ? word : null;
}

/** Seconds, or a date that is compared with the injected clock. */
function retryAfterMs(text: string | null, now: EpochMs): number | null {
  if (text === null) return null;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

export interface AzureErrorContext {
  /** The operation of blob storage, for people. */
  readonly operation: string;
  readonly credential: StorageCredential;
  /** Of the SAS that was sent; `null` where none was. */
  readonly sas: SasFacts | null;
  readonly now: EpochMs;
  readonly signal?: AbortSignal | undefined;
}

/** Why a sender was not believed, by both clocks and by what the credential is. */
function reasonOfRefusal(facts: AnswerFacts, context: AzureErrorContext): ErrorCode {
  const { credential, now, sas } = context;
  const { answeredAt, code } = facts;
  const { expiresAt } = credential;
  if (expiresAt !== null && (now >= expiresAt || (answeredAt ?? now) >= expiresAt)) {
    return 'credential.expired';
  }
  if (sas === null) {
    const isSkewed = answeredAt !== null && Math.abs(answeredAt - now) > SKEW_TOLERANCE_MS;
    if (isSkewed && code === 'AuthenticationFailed') return 'clock.skewed';
    return code === 'AuthenticationFailed' ? 'credential.invalid' : 'access.denied';
  }
  if (sas.startsAt !== null && (answeredAt ?? now) < sas.startsAt) return 'credential.notYetValid';
  if (code !== 'AuthenticationFailed') return 'access.denied';
  // C19: a stored policy is known after a while, and its removal too.
  if (sas.hasPolicy) return 'credential.unknownKey';
  // The storage looks for the signature of the directory that the request lies in: outside of the
  // SAS's own one it cannot match. The same is said where the key was replaced; both end it (C20).
  return sas.resource === 'd' ? 'access.denied' : 'credential.invalid';
}

function classify(facts: AnswerFacts, context: AzureErrorContext): ErrorCode {
  const { code, status } = facts;
  if (status === null) return facts.networkCode === null ? 'unknown' : 'storage.unreachable';
  const isUnbelieved = code === null ? status === 403 : UNBELIEVED.has(code);
  if (isUnbelieved) return reasonOfRefusal(facts, context);
  if (code !== null && Object.hasOwn(BY_CODE, code)) return BY_CODE[code] ?? 'unknown';
  return codeOfStatus(status);
}

/** What an aborted call rejects with: the reason that was given, where it is one of ours. */
export function stopped(operation: string, signal: AbortSignal): FortnightError {
  return signal.reason instanceof FortnightError
    ? signal.reason
    : new FortnightError('session.cancelled', `${operation} was stopped`);
}

/**
 * The only place where errors of the Azure SDK are named. Gives one of the catalogue's codes; the
 * detail is `operation: code (HTTP status): what the server said`, scrubbed (F41). The SDK's error
 * is never attached: it carries the request, and with it the SAS.
 */
export function translateAzureError(thrown: unknown, context: AzureErrorContext): FortnightError {
  if (thrown instanceof FortnightError) return thrown;
  const { operation, signal } = context;
  if (signal?.aborted === true) return stopped(operation, signal);
  const facts = answerFacts(thrown);
  const parts = [facts.code ?? facts.networkCode ?? 'no code'];
  if (facts.status !== null) parts.push(`(HTTP ${facts.status})`);
  const said = facts.message === '' ? '' : `: ${facts.message}`;
  const detail = scrubText(`${operation}: ${parts.join(' ')}${said}`, context.credential);
  const waitMs = retryAfterMs(facts.retryAfter, context.now);
  const options = waitMs === null ? {} : { retryAfterMs: waitMs };
  return new FortnightError(classify(facts, context), detail, options);
}
