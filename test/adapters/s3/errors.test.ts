import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { S3_DIALECTS } from '../../../adapters/s3/dialects.ts';
import { type S3ErrorContext, translateS3Error } from '../../../adapters/s3/errors.ts';
import { translateIssuerError } from '../../../adapters/s3/issuer-errors.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { type ErrorCode, FortnightError } from '../../../machines/rules/errors.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCY"EXAMPLEKEY';
const TOKEN = 'FwoGZXIvYXdzEBYaD<token>&more==';
const NOW = Date.UTC(2030, 0, 1);

const context: S3ErrorContext = {
  operation: 'PutObject',
  credential: {
    kind: 's3-keys',
    keyId: 'ASIATESTTESTTEST',
    secretKey: new Secret(SECRET),
    sessionToken: new Secret(TOKEN),
    generation: 3,
    expiresAt: NOW + 1,
  },
  dialect: S3_DIALECTS['s3-compatible'],
  now: NOW,
};

function answer(code: string, status: number, headers: Record<string, string> = {}, message = '') {
  return Object.assign(new Error(message), {
    name: code,
    $metadata: { httpStatusCode: status },
    $response: { statusCode: status, headers },
  });
}

function network(code: string) {
  return Object.assign(new Error('it broke'), { code });
}

describe('translateS3Error', () => {
  test.each<[string, number, ErrorCode]>([
    ['ExpiredToken', 400, 'credential.expired'],
    ['TokenRefreshRequired', 400, 'credential.expired'],
    ['InvalidToken', 400, 'credential.invalid'],
    ['InvalidTokenId', 403, 'credential.invalid'],
    ['SignatureDoesNotMatch', 403, 'credential.invalid'],
    ['AuthorizationHeaderMalformed', 400, 'credential.invalid'],
    ['InvalidAccessKeyId', 403, 'credential.unknownKey'],
    ['InvalidSecurity', 403, 'credential.unknownKey'],
    ['AccessDenied', 403, 'access.denied'],
    ['RequestTimeTooSkewed', 403, 'clock.skewed'],
    ['SlowDown', 503, 'storage.throttled'],
    ['SlowDownWrite', 503, 'storage.throttled'],
    ['TooManyRequests', 429, 'storage.throttled'],
    ['ServiceUnavailable', 503, 'storage.throttled'],
    ['SomethingNew', 503, 'storage.throttled'],
    ['SomethingNew', 429, 'storage.throttled'],
    ['InternalError', 500, 'storage.unavailable'],
    ['SomethingNew', 502, 'storage.unavailable'],
    ['OperationAborted', 409, 'storage.unavailable'],
    ['RequestTimeout', 400, 'storage.unreachable'],
    ['NoSuchKey', 404, 'object.missing'],
    ['NotFound', 404, 'object.missing'],
    ['NoSuchUpload', 404, 'upload.missing'],
    ['InvalidPart', 400, 'upload.missing'],
    ['PreconditionFailed', 412, 'object.conflict'],
    ['ConditionalRequestConflict', 409, 'object.conflict'],
    ['BadDigest', 400, 'object.corrupt'],
    ['IncompleteBody', 400, 'object.corrupt'],
    ['XAmzContentChecksumMismatch', 400, 'object.corrupt'],
    ['InsufficientStorage', 507, 'storage.full'],
    ['XMinioStorageFull', 507, 'storage.full'],
    ['QuotaExceeded', 403, 'storage.full'],
    ['NoSuchBucket', 404, 'request.invalid'],
    ['EntityTooSmall', 400, 'request.invalid'],
    ['NotImplemented', 501, 'request.invalid'],
    ['InvalidRange', 416, 'request.invalid'],
    ['PermanentRedirect', 301, 'request.invalid'],
    ['UnknownError', 400, 'request.invalid'],
    ['UnknownError', 401, 'credential.invalid'],
    ['UnknownError', 403, 'access.denied'],
    ['UnknownError', 412, 'object.conflict'],
    ['constructor', 418, 'request.invalid'],
  ])('%s with HTTP %d is %s', (code, status, expected) => {
    expect(translateS3Error(answer(code, status), context).code).toBe(expected);
  });

  test.each<[string, ErrorCode]>([
    ['ECONNREFUSED', 'storage.unreachable'],
    ['ECONNRESET', 'storage.unreachable'],
    ['ENOTFOUND', 'storage.unreachable'],
    ['EAI_AGAIN', 'storage.unreachable'],
    ['EPIPE', 'storage.unreachable'],
    ['ETIMEDOUT', 'storage.unreachable'],
    ['ConnectionRefused', 'storage.unreachable'],
    ['FailedToOpenSocket', 'storage.unreachable'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'storage.unreachable'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'storage.unreachable'],
    ['SomethingElse', 'unknown'],
  ])('no answer and %s is %s', (code, expected) => {
    expect(translateS3Error(network(code), context).code).toBe(expected);
  });

  test.each([-1, 0, 1])(
    'C10 what vendors say of an ended session, at its end %+d ms',
    (offsetMs) => {
      const at = { ...context, now: (context.credential.expiresAt ?? 0) + offsetMs };
      const hasEnded = offsetMs >= 0;
      const codeOf = (name: string, status: number, dialect = at.dialect) =>
        translateS3Error(answer(name, status), { ...at, dialect }).code;
      expect(codeOf('InvalidAccessKeyId', 403), 'MinIO').toBe(
        hasEnded ? 'credential.expired' : 'credential.unknownKey',
      );
      expect(codeOf('AccessDenied', 403), 'Ceph').toBe(
        hasEnded ? 'credential.expired' : 'access.denied',
      );
      expect(codeOf('UnknownError', 403), 'HEAD').toBe(
        hasEnded ? 'credential.expired' : 'access.denied',
      );
      expect(codeOf('UnknownError', 400), 'HEAD on AWS').toBe(
        hasEnded ? 'credential.expired' : 'request.invalid',
      );
      // C20: AWS has a code of its own for the expiry of sessions, so AccessDenied is none there.
      expect(codeOf('AccessDenied', 403, S3_DIALECTS.aws)).toBe('access.denied');
      expect(codeOf('SignatureDoesNotMatch', 403)).toBe('credential.invalid');
    },
  );

  test.each(['aws', 's3-compatible', 'gcs-xml'] as const)(
    'C10 %s: a key without a session token is ended by its policy, as AccessDenied',
    (kind) => {
      const credential = { ...context.credential, sessionToken: null };
      const at = { ...context, credential, dialect: S3_DIALECTS[kind] };
      const codeOf = (name: string, now: number) =>
        translateS3Error(answer(name, 403), { ...at, now }).code;
      const endsAt = credential.expiresAt ?? 0;
      expect(codeOf('AccessDenied', endsAt - 1)).toBe('access.denied');
      expect(codeOf('AccessDenied', endsAt)).toBe('credential.expired');
      expect(codeOf('InvalidAccessKeyId', endsAt), 'removed after its end').toBe(
        'credential.expired',
      );
      expect(codeOf('InvalidSecurity', endsAt), 'removed at Google').toBe('credential.expired');
      expect(codeOf('SignatureDoesNotMatch', endsAt)).toBe('credential.invalid');
    },
  );

  test('a credential without an end is never expired', () => {
    const forever = { ...context, credential: { ...context.credential, expiresAt: null } };
    expect(translateS3Error(answer('AccessDenied', 403), forever).code).toBe('access.denied');
  });

  test.each<[string, number | null]>([
    ['7', 7000],
    ['Tue, 01 Jan 2030 00:00:30 GMT', 30_000],
    ['Mon, 31 Dec 2029 00:00:00 GMT', 0],
    ['soon', null],
  ])('F27 Retry-After: %s is %s ms on the injected clock', (text, expected) => {
    const error = translateS3Error(answer('SlowDown', 503, { 'retry-after': text }), context);
    expect(error.retryAfterMs).toBe(expected);
  });

  test('the code of a HEAD on MinIO comes from its header', () => {
    const bare = answer('UnknownError', 403, { 'x-minio-error-code': 'RequestTimeTooSkewed' });
    expect(translateS3Error(bare, context).code).toBe('clock.skewed');
  });

  test('English text decides nothing', () => {
    const error = answer('AccessDenied', 403, {}, 'The provided token has expired. ExpiredToken');
    expect(translateS3Error(error, context).code).toBe('access.denied');
  });

  test('F41 I64 whatever the server repeats of the credential is replaced', () => {
    const spellings = (text: string) => [
      text,
      encodeURIComponent(text),
      Buffer.from(text).toString('base64'),
      Buffer.from(text).toString('hex'),
      JSON.stringify(text),
      text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    ];
    const canaries = [...spellings(SECRET), ...spellings(TOKEN), 'ASIATESTTESTTEST'];
    for (const canary of canaries) {
      const thrown = answer('AccessDenied', 403, {}, `\u001b[31mno ${canary} here`);
      const error = translateS3Error(thrown, context);
      const shown = [error.message, error.detail, error.stack, inspect(error, { depth: 9 })];
      shown.push(JSON.stringify(error));
      for (const text of shown) expect(text).not.toContain(canary);
      expect(error.detail).toContain('**redacted**');
      expect(error.detail).not.toContain('\u001b');
    }
  });

  test('a cut-off text does not end in a piece of a secret', () => {
    const thrown = answer('AccessDenied', 403, {}, `${'x'.repeat(190)} ${SECRET}`);
    const { detail } = translateS3Error(thrown, context);
    expect(detail).not.toContain(SECRET.slice(0, 8));
  });
});

describe('translateIssuerError', () => {
  test.each<[string, number, ErrorCode]>([
    ['AccessDenied', 403, 'issuer.refused'],
    ['MalformedPolicyDocument', 400, 'issuer.refused'],
    ['InvalidClientTokenId', 403, 'issuer.refused'],
    ['SignatureDoesNotMatch', 403, 'issuer.refused'],
    ['RegionDisabledException', 403, 'issuer.refused'],
    ['PackedPolicyTooLarge', 400, 'issuer.limit'],
    ['ValidationError', 400, 'issuer.limit'],
    ['Throttling', 400, 'issuer.unavailable'],
    ['ServiceUnavailable', 503, 'issuer.unavailable'],
    ['Unknown', 403, 'issuer.refused'],
    ['Unknown', 500, 'issuer.unavailable'],
    ['RequestTimeTooSkewed', 403, 'issuer.unavailable'],
    ['LimitExceeded', 409, 'issuer.limit'],
    ['LimitExceededException', 409, 'issuer.limit'],
    ['PackedPolicyTooLargeException', 400, 'issuer.limit'],
    ['ThrottlingException', 400, 'issuer.unavailable'],
    ['NoSuchEntityException', 404, 'issuer.unavailable'],
    ['ConcurrentModification', 409, 'issuer.unavailable'],
    ['EntityTemporarilyUnmodifiable', 409, 'issuer.unavailable'],
    ['ServiceFailure', 500, 'issuer.unavailable'],
    ['EntityAlreadyExists', 409, 'issuer.refused'],
    ['DeleteConflict', 409, 'issuer.refused'],
    ['UnmodifiableEntity', 400, 'issuer.refused'],
  ])('%s with HTTP %d is %s', (code, status, expected) => {
    const error = translateIssuerError(answer(code, status), 'AssumeRole', context.credential);
    expect(error).toBeInstanceOf(FortnightError);
    expect(error.code).toBe(expected);
  });

  test('no answer is issuer.unavailable, and secrets are scrubbed', () => {
    const refused = translateIssuerError(network('ECONNREFUSED'), 'AssumeRole', context.credential);
    expect(refused.code).toBe('issuer.unavailable');
    const echoed = answer('AccessDenied', 403, {}, `key ${SECRET}`);
    expect(translateIssuerError(echoed, 'AssumeRole', context.credential).message).not.toContain(
      SECRET,
    );
  });
});
