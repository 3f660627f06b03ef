import type { Secret } from '../../machines/ports/secret.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { scrubText } from './scrub.ts';

/** What a request is about: the same status means different things (404, 410, 400). */
export type RequestTarget = 'bucket' | 'object' | 'upload' | 'session' | 'token';

/** What an answer says, in the words of all the interfaces (providers §1.5). */
export interface AnswerFacts {
  /** `null`: no answer came. */
  readonly status: number | null;
  /**
   * `errors[].reason` of the JSON API, `Code` of the XML API, `status` of the IAM APIs, `error` of
   * the token endpoints.
   */
  readonly reason: string | null;
  /** `details[].reason` of the IAM APIs, which tell more than the reason does. */
  readonly detail: string | null;
  readonly networkCode: string | null;
  readonly message: string;
  readonly retryAfter: string | null;
  /** The storage's own clock, as its `Date` header tells it. */
  readonly storageNow: EpochMs | null;
}

/** Reasons that mean the same whatever the status. Never by English text. */
const BY_REASON: Readonly<Record<string, ErrorCode>> = {
  forbidden: 'access.denied',
  insufficientPermissions: 'access.denied',
  accountDisabled: 'access.denied',
  accessNotConfigured: 'access.denied',
  AccessDenied: 'access.denied',
  PERMISSION_DENIED: 'access.denied',
  rateLimitExceeded: 'storage.throttled',
  userRateLimitExceeded: 'storage.throttled',
  SlowDown: 'storage.throttled',
  quotaExceeded: 'storage.full',
  insufficientStorage: 'storage.full',
  conditionNotMet: 'object.conflict',
  conflict: 'object.conflict',
  PreconditionFailed: 'object.conflict',
  backendError: 'storage.unavailable',
  internalError: 'storage.unavailable',
  InternalError: 'storage.unavailable',
  uploadBrokenConnection: 'storage.unreachable',
  NoSuchUpload: 'upload.missing',
  NoSuchKey: 'object.missing',
  BadDigest: 'object.corrupt',
  // Token endpoints: the key, the account or its signature is not accepted.
  invalid_grant: 'credential.invalid',
  invalid_client: 'credential.invalid',
  unauthorized_client: 'credential.invalid',
};

const MISSING: Readonly<Record<RequestTarget, ErrorCode>> = {
  // Nothing but the bucket itself can be missing where something is put or listed.
  bucket: 'request.invalid',
  upload: 'request.invalid',
  object: 'object.missing',
  session: 'upload.missing',
  token: 'request.invalid',
};

function byStatus(status: number, target: RequestTarget): ErrorCode {
  switch (status) {
    case 403:
      return 'access.denied';
    case 404:
      return MISSING[target];
    case 410:
      return target === 'object' ? 'object.missing' : 'upload.missing';
    case 408:
      return 'storage.unreachable';
    case 409:
    case 412:
      return 'object.conflict';
    case 429:
      return 'storage.throttled';
    case 501:
      return 'request.invalid';
    case 507:
      return 'storage.full';
    default:
      if (status >= 500) return 'storage.unavailable';
      return status >= 300 ? 'request.invalid' : 'unknown';
  }
}

export interface ErrorContext {
  /** The API's method, for people. */
  readonly operation: string;
  readonly target: RequestTarget;
  /** The end of the credential that was used; `null`: it has none. */
  readonly expiresAt: EpochMs | null;
  readonly secrets: readonly Secret[];
  readonly now: EpochMs;
}

/**
 * A 401 says the same for a token that has ended, was revoked or is not known yet. Its own end
 * decides, on our clock and on the storage's (C16); without a token the request was at fault.
 */
function refusedLogin(facts: AnswerFacts, { expiresAt, now }: ErrorContext): ErrorCode {
  if (expiresAt !== null && Math.max(now, facts.storageNow ?? now) >= expiresAt) {
    return 'credential.expired';
  }
  return facts.reason === 'required' ? 'credential.invalid' : 'credential.unknownKey';
}

export function classify(facts: AnswerFacts, context: ErrorContext): ErrorCode {
  const { status, reason } = facts;
  if (status === null) return facts.networkCode === null ? 'unknown' : 'storage.unreachable';
  if (reason !== null && Object.hasOwn(BY_REASON, reason)) return BY_REASON[reason] ?? 'unknown';
  if (status === 401) {
    return context.target === 'token' ? 'credential.invalid' : refusedLogin(facts, context);
  }
  // All else in an upload is ours and always the same: what is invalid is the checksum.
  if (status === 400 && reason === 'invalid' && context.target === 'upload') {
    return 'object.corrupt';
  }
  return byStatus(status, context.target);
}

interface ErrorBody {
  readonly error?:
    | string
    | {
        readonly message?: unknown;
        readonly status?: unknown;
        readonly errors?: readonly { readonly reason?: unknown }[];
        readonly details?: readonly { readonly reason?: unknown }[];
      };
  readonly error_description?: unknown;
}

function parseBody(text: string): ErrorBody {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function textOr(value: unknown, otherwise: string | null): string | null {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}

type Said = Pick<AnswerFacts, 'reason' | 'detail' | 'message'>;

function saidBy(text: string): Said {
  const { error, error_description: description } = parseBody(text);
  if (typeof error === 'string') {
    return { reason: error, detail: null, message: textOr(description, '') ?? '' };
  }
  if (typeof error === 'object' && error !== null) {
    const details = Array.isArray(error.details) ? error.details : [];
    return {
      reason: textOr(error.errors?.[0]?.reason, textOr(error.status, null)),
      detail: details.map(({ reason }) => textOr(reason, null)).find(Boolean) ?? null,
      message: textOr(error.message, '') ?? '',
    };
  }
  const reason = /<Code>([A-Za-z]{1,60})<\/Code>/.exec(text)?.[1] ?? null;
  const message = /<Message>([^<]*)<\/Message>/.exec(text)?.[1];
  // The body of an upload session's refusal may be plain text.
  return { reason, detail: null, message: message ?? (/^\s*[<{[]/.test(text) ? '' : text) };
}

/** The facts of an answer; `text` is its body, which may be empty. */
export function answerFacts(
  answer: { readonly status: number; readonly headers: Headers },
  text: string,
): AnswerFacts {
  const date = Date.parse(answer.headers.get('date') ?? '');
  return {
    status: answer.status,
    ...saidBy(text),
    networkCode: null,
    retryAfter: answer.headers.get('retry-after'),
    storageNow: Number.isNaN(date) ? null : date,
  };
}

/** Codes of Node's and of Bun's network layer. */
const NETWORK_CODE =
  /^(E[A-Z_]+|ERR_(SOCKET|STREAM|TLS|SSL|HTTP2?|INVALID_PROTOCOL)[A-Z_]*|[A-Z_]*CERT[A-Z_]*|Connection[A-Za-z]+|FailedToOpenSocket|Timeout(Error)?|AbortError|UND_ERR_[A-Z_]+)$/;

/** What was thrown instead of an answer: by a socket, a resolver, or a body that broke off. */
export function networkFacts(thrown: unknown): AnswerFacts {
  const chain: { code?: unknown; type?: unknown; message?: unknown; cause?: unknown }[] = [];
  let link = thrown;
  while (typeof link === 'object' && link !== null && chain.length < 5) {
    chain.push(link);
    link = (link as { cause?: unknown }).cause;
  }
  const codes = chain.map(({ code }) => code);
  const named = codes.find((code) => typeof code === 'string' && NETWORK_CODE.test(code));
  const isSystem = chain.some(({ type }) => type === 'system' || type === 'aborted');
  const message = chain[0]?.message;
  return {
    status: null,
    reason: null,
    detail: null,
    networkCode: (named as string | undefined) ?? (isSystem ? 'system' : null),
    message: typeof message === 'string' ? message : '',
    retryAfter: null,
    storageNow: null,
  };
}

/** Seconds, or a date that is compared with the injected clock. */
function retryAfterMs(text: string | null, now: EpochMs): number | null {
  if (text === null) return null;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** `operation: reason (HTTP status): what the server said`, scrubbed (F41). */
export function describeFacts(
  facts: AnswerFacts,
  operation: string,
  secrets: readonly Secret[],
): string {
  const parts = [facts.reason ?? facts.networkCode ?? 'no code'];
  if (facts.status !== null) parts.push(`(HTTP ${facts.status})`);
  const said = facts.message === '' ? '' : `: ${facts.message}`;
  return scrubText(`${operation}: ${parts.join(' ')}${said}`, secrets);
}

/** One of the catalogue's codes with a sentence for people. */
export function toStorageError(facts: AnswerFacts, context: ErrorContext): FortnightError {
  const detail = describeFacts(facts, context.operation, context.secrets);
  const waitMs = retryAfterMs(facts.retryAfter, context.now);
  const wait = waitMs === null ? {} : { retryAfterMs: waitMs };
  return new FortnightError(classify(facts, context), detail, wait);
}
