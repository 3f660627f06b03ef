/**
 * The closed union of expected errors. Each code has a sentence for people and a class that says
 * what the protocol may do about it: try again, get another credential, or give up. `unknown` is
 * never retried blindly (architecture, decision 5).
 */
export type ErrorClass = 'retry' | 'refreshCredential' | 'abort';

export const ERROR_CATALOGUE = {
  'credential.expired': ['refreshCredential', 'The credential has passed its expiry.'],
  'credential.notYetValid': ['retry', 'The credential is not valid yet.'],
  'credential.unknownKey': [
    'retry',
    'The storage does not know the access key (yet, or any more).',
  ],
  'credential.invalid': ['abort', 'The storage refused the signature or the session token.'],
  'credential.missing': ['abort', 'No credential is held for this scope.'],
  'access.denied': ['abort', 'The storage denies this request; that is not expiry (C20).'],
  'clock.skewed': ['retry', 'The clocks of this host and of the storage differ too much.'],
  'storage.throttled': ['retry', 'The storage asks to slow down.'],
  'storage.unavailable': ['retry', 'The storage answered with a server error.'],
  'storage.unreachable': ['retry', 'The storage cannot be reached.'],
  'storage.full': ['abort', 'The storage has no space left.'],
  'object.missing': ['abort', 'The object is not there.'],
  'upload.missing': ['retry', 'The multipart upload is not known to the storage (any more).'],
  'object.conflict': ['abort', 'The object exists already or was changed by somebody else.'],
  'object.corrupt': ['retry', 'The bytes that arrived are not the bytes that were sent.'],
  'request.invalid': ['abort', 'The storage says that the request is malformed.'],
  'block.corrupt': ['abort', 'A stored block does not match its SHA-256; it was not restored.'],
  'manifest.corrupt': ['abort', 'The manifest of the restore point cannot be read.'],
  'restorePoint.missing': ['abort', 'There is no such restore point.'],
  'quota.exceeded': ['abort', 'The quota of the tenant is used up (Q3).'],
  'quota.softLimit': ['abort', 'The repository is at its soft limit; new backups wait (Q5).'],
  'quota.stale': ['retry', 'The last word about the quota is too old to write on.'],
  'channel.lost': ['retry', 'The control connection to the service provider was lost.'],
  'channel.refused': ['abort', 'The service provider refused the connection.'],
  'link.lost': ['retry', 'The data connection between the movers was lost.'],
  'mover.exited': ['retry', 'A data mover process ended unexpectedly.'],
  'mover.notStarted': ['abort', 'A data mover process could not be started.'],
  'mover.timeout': ['retry', 'A data mover did not answer in time.'],
  'issuer.refused': ['abort', 'The storage refused to issue a credential.'],
  'issuer.unavailable': ['retry', 'The credential API of the storage does not answer.'],
  'issuer.limit': ['abort', 'A limit of the credential API is reached (keys, users, policy size).'],
  'records.failed': ['retry', 'The configuration database could not save the credential.'],
  'route.strictGateway': [
    'abort',
    'The access option makes the route direct; strictGateway refuses.',
  ],
  'route.optionNotApplicable': ['abort', 'This storage kind has no access option.'],
  'route.gatewayServerMissing': ['abort', 'The route needs a gateway server; none is configured.'],
  'route.mountServerMissing': ['abort', 'The route needs a mount server; none is configured.'],
  'route.immutabilityDirect': [
    'abort',
    'Azure with immutability cannot be used in direct mode (X3).',
  ],
  'settings.stale': ['abort', 'The connection mode has changed; the agent must connect once (X4).'],
  'settings.unknown': ['abort', 'The service provider knows no such tenant or repository.'],
  'tenant.disabled': ['abort', 'The tenant is disabled, deleted or its lease has ended (C22).'],
  'maintenance.mode': ['abort', 'The service provider is in maintenance mode (X5).'],
  'session.cancelled': ['abort', 'The session was cancelled.'],
  'session.unknown': ['abort', 'The service provider does not know this session.'],
  'source.missing': ['abort', 'The source folder is not there.'],
  'source.unreadable': ['abort', 'A source file could not be read.'],
  'target.notEmpty': ['abort', 'The folder to restore into is not empty.'],
  'disk.full': ['abort', 'The disk is full.'],
  'disk.failed': ['abort', 'The file system refused to write.'],
  'protocol.violation': ['abort', 'A message arrived that the protocol does not allow here.'],
  unknown: ['abort', 'Something happened that has no code of its own.'],
} as const satisfies Record<string, readonly [ErrorClass, string]>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CATALOGUE, value);
}

export function errorClass(code: ErrorCode): ErrorClass {
  return ERROR_CATALOGUE[code][0];
}

export function errorSentence(code: ErrorCode): string {
  return ERROR_CATALOGUE[code][1];
}

/**
 * An expected error on its way through code that must throw (promises, streams). `detail` is for
 * people and must already be free of secrets; `retryAfterMs` is what the other side asked for.
 */
export class FortnightError extends Error {
  override readonly name = 'FortnightError';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, detail = '', options: { retryAfterMs?: number } = {}) {
    super(detail === '' ? errorSentence(code) : `${errorSentence(code)} ${detail}`);
    this.code = code;
    this.detail = detail;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }

  get class(): ErrorClass {
    return errorClass(this.code);
  }
}

/** Makes any thrown thing an expected error; what has no code of its own becomes `unknown`. */
export function toFortnightError(thrown: unknown, fallback: ErrorCode = 'unknown'): FortnightError {
  if (thrown instanceof FortnightError) return thrown;
  return new FortnightError(fallback, thrown instanceof Error ? thrown.message : String(thrown));
}
