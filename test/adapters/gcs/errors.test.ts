import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  type AnswerFacts,
  answerFacts,
  classify,
  type ErrorContext,
  networkFacts,
  type RequestTarget,
  toStorageError,
} from '../../../adapters/gcs/errors.ts';
import {
  classifyIssuer,
  type IssuerMeaning,
  toIssuerError,
} from '../../../adapters/gcs/issuer-errors.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { ErrorCode } from '../../../machines/rules/errors.ts';

const NOW = Date.UTC(2030, 0, 1);
const TOKEN = 'ya29.c.b0AXv0zTP-secret_token/with+odd=characters';

function context(target: RequestTarget = 'object', expiresAt: number | null = null): ErrorContext {
  return { operation: 'objects.get', target, expiresAt, now: NOW, secrets: [new Secret(TOKEN)] };
}

/** An answer as the JSON API sends it. */
function json(status: number, reason: string, message = 'Said.'): AnswerFacts {
  const errors = [{ message, domain: 'global', reason }];
  return answerOf(status, JSON.stringify({ error: { code: status, message, errors } }));
}

function answerOf(status: number, text: string, headers: Record<string, string> = {}): AnswerFacts {
  return answerFacts({ status, headers: new Headers(headers) }, text);
}

function xml(status: number, code: string): AnswerFacts {
  const text = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>Said.</Message></Error>`;
  return answerOf(status, text);
}

function iam(status: number, word: string, details: readonly object[] = []): AnswerFacts {
  return answerOf(
    status,
    JSON.stringify({ error: { code: status, message: 'Said.', status: word, details } }),
  );
}

function oauth(status: number, error: string): AnswerFacts {
  return answerOf(status, JSON.stringify({ error, error_description: 'Said.' }));
}

describe('answers of the storage, by status and reason', () => {
  test.each<[string, AnswerFacts, RequestTarget, ErrorCode]>([
    ['401 authError, not ended', json(401, 'authError'), 'object', 'credential.unknownKey'],
    ['401 required', json(401, 'required'), 'object', 'credential.invalid'],
    ['401 without a body', answerOf(401, ''), 'object', 'credential.unknownKey'],
    ['403 forbidden', json(403, 'forbidden'), 'object', 'access.denied'],
    [
      '403 insufficientPermissions',
      json(403, 'insufficientPermissions'),
      'bucket',
      'access.denied',
    ],
    ['403 without a body', answerOf(403, ''), 'object', 'access.denied'],
    ['403 rateLimitExceeded', json(403, 'rateLimitExceeded'), 'object', 'storage.throttled'],
    [
      '403 userRateLimitExceeded',
      json(403, 'userRateLimitExceeded'),
      'object',
      'storage.throttled',
    ],
    ['403 quotaExceeded', json(403, 'quotaExceeded'), 'upload', 'storage.full'],
    ['404 of an object', json(404, 'notFound'), 'object', 'object.missing'],
    ['404 of an object without a body', answerOf(404, ''), 'object', 'object.missing'],
    ['404 of the bucket in a listing', json(404, 'notFound'), 'bucket', 'request.invalid'],
    ['404 of the bucket in an upload', json(404, 'notFound'), 'upload', 'request.invalid'],
    ['404 of a session', answerOf(404, 'Not Found'), 'session', 'upload.missing'],
    ['410 of a session', json(410, 'gone'), 'session', 'upload.missing'],
    ['409 conflict', json(409, 'conflict'), 'upload', 'object.conflict'],
    ['412 conditionNotMet', json(412, 'conditionNotMet'), 'upload', 'object.conflict'],
    ['412 without a body', answerOf(412, ''), 'session', 'object.conflict'],
    ['400 invalid in an upload', json(400, 'invalid'), 'upload', 'object.corrupt'],
    ['400 invalid elsewhere', json(400, 'invalid'), 'bucket', 'request.invalid'],
    ['400 badRequest', json(400, 'badRequest'), 'upload', 'request.invalid'],
    ['408', answerOf(408, ''), 'object', 'storage.unreachable'],
    ['413 uploadTooLarge', json(413, 'uploadTooLarge'), 'upload', 'request.invalid'],
    ['416', json(416, 'requestedRangeNotSatisfiable'), 'object', 'request.invalid'],
    ['429 rateLimitExceeded', json(429, 'rateLimitExceeded'), 'object', 'storage.throttled'],
    ['429 of something new', json(429, 'somethingNew'), 'object', 'storage.throttled'],
    ['500 backendError', json(500, 'backendError'), 'object', 'storage.unavailable'],
    ['502 of a proxy', answerOf(502, '<html>Bad Gateway</html>'), 'object', 'storage.unavailable'],
    ['503 backendError', json(503, 'backendError'), 'object', 'storage.unavailable'],
    ['503 as text', answerOf(503, 'Service Unavailable'), 'session', 'storage.unavailable'],
    [
      '503 uploadBrokenConnection',
      json(503, 'uploadBrokenConnection'),
      'session',
      'storage.unreachable',
    ],
    ['501', json(501, 'notImplemented'), 'object', 'request.invalid'],
    ['507', answerOf(507, ''), 'upload', 'storage.full'],
    ['308 where nobody asked for it', answerOf(308, ''), 'object', 'request.invalid'],
    ['302 to elsewhere', answerOf(302, ''), 'object', 'request.invalid'],
    ['XML AccessDenied', xml(403, 'AccessDenied'), 'bucket', 'access.denied'],
    ['XML NoSuchUpload', xml(404, 'NoSuchUpload'), 'session', 'upload.missing'],
    ['XML NoSuchBucket', xml(404, 'NoSuchBucket'), 'bucket', 'request.invalid'],
    ['XML SlowDown', xml(503, 'SlowDown'), 'bucket', 'storage.throttled'],
    ['a grant: invalid_grant', oauth(400, 'invalid_grant'), 'token', 'credential.invalid'],
    ['a grant: 401', oauth(401, 'invalid_client'), 'token', 'credential.invalid'],
    ['a grant: 503', oauth(503, 'internal_failure'), 'token', 'storage.unavailable'],
    ['a grant: 429', oauth(429, 'rate_limited'), 'token', 'storage.throttled'],
  ])('%s in %2$s is %3$s', (_name, facts, target, code) => {
    expect(classify(facts, context(target))).toBe(code);
  });

  test.each<[string, number, string | null, ErrorCode]>([
    ['1 ms before its end', NOW + 1, null, 'credential.unknownKey'],
    ['at its end', NOW, null, 'credential.expired'],
    ['after its end', NOW - 1, null, 'credential.expired'],
    [
      'on the storage’s clock',
      NOW + 60_000,
      new Date(NOW + 60_000).toUTCString(),
      'credential.expired',
    ],
    [
      'on neither clock',
      NOW + 60_000,
      new Date(NOW + 59_000).toUTCString(),
      'credential.unknownKey',
    ],
    [
      'on ours, the storage is behind',
      NOW,
      new Date(NOW - 9_000).toUTCString(),
      'credential.expired',
    ],
  ])('C10, C16 a 401 %s', (_name, expiresAt, date, code) => {
    const facts = answerOf(401, '', date === null ? {} : { date });
    expect(classify(facts, context('object', expiresAt))).toBe(code);
  });

  test('C20 a 403 is no expiry, also of a credential that has ended', () => {
    expect(classify(json(403, 'forbidden'), context('object', NOW - 1))).toBe('access.denied');
  });

  test.each<[string, unknown, ErrorCode]>([
    ['ECONNREFUSED', { code: 'ECONNREFUSED' }, 'storage.unreachable'],
    ['in a cause', { cause: { cause: { code: 'ECONNRESET' } } }, 'storage.unreachable'],
    ['of Bun', { code: 'ConnectionRefused' }, 'storage.unreachable'],
    ['of TLS', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'storage.unreachable'],
    ['a body that broke off', { code: 'ERR_STREAM_PREMATURE_CLOSE' }, 'storage.unreachable'],
    ['node-fetch without a code', { type: 'system' }, 'storage.unreachable'],
    ['a fault of ours', new TypeError('x is not a function'), 'unknown'],
    ['no object at all', 'thrown text', 'unknown'],
  ])('no answer: %s', (_name, thrown, code) => {
    expect(toStorageError(networkFacts(thrown), context()).code).toBe(code);
  });

  test.each([
    ['7', 7_000],
    [new Date(NOW + 30_000).toUTCString(), 30_000],
    [new Date(NOW - 30_000).toUTCString(), 0],
    ['soon', null],
  ])('Retry-After %s', (text, expected) => {
    const facts = answerOf(503, '', { 'retry-after': text });
    expect(toStorageError(facts, context()).retryAfterMs).toBe(expected);
  });

  test.each([
    ['the token', TOKEN, 'secret_token'],
    ['it, encoded', encodeURIComponent(TOKEN), 'secret_token'],
    ['it, in base64', Buffer.from(TOKEN).toString('base64'), Buffer.from(TOKEN).toString('base64')],
    ['another token', 'ya29.another-token', 'another-token'],
    ['a header', 'Authorization: Bearer abcdefghijklmnop', 'abcdefgh'],
    ['an assertion', 'eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl', 'c2lnbmF0'],
    ['a session', 'https://x/upload?a=b&upload_id=ABPtcPq_secret-session', 'secret-session'],
    ['a key', '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----', 'MIIEvQ'],
  ])('F41, I64 what is said is scrubbed of %s', (_name, said, hidden) => {
    const error = toStorageError(json(403, 'forbidden', `before ${said} after`), context());
    const shown = `${inspect(error)} ${error.message} ${JSON.stringify(error)}`;
    expect(shown).toContain('before');
    expect(shown).not.toContain(hidden);
  });

  test('long talk is cut, control characters go', () => {
    const { detail } = toStorageError(
      json(500, 'backendError', `\u001b[31m${'x'.repeat(999)}`),
      context(),
    );
    expect(detail.length).toBeLessThan(250);
    expect(detail).not.toContain('\u001b');
  });
});

describe('answers to the issuers', () => {
  const limit: IssuerMeaning = ({ status }) => (status === 400 ? 'issuer.limit' : null);

  test.each<[string, AnswerFacts, IssuerMeaning | undefined, ErrorCode]>([
    ['403 of IAM', iam(403, 'PERMISSION_DENIED'), undefined, 'issuer.refused'],
    ['401', iam(401, 'UNAUTHENTICATED'), undefined, 'issuer.refused'],
    ['404', json(404, 'notFound'), undefined, 'issuer.refused'],
    ['400', iam(400, 'INVALID_ARGUMENT'), undefined, 'issuer.refused'],
    ['400 where it means a limit', iam(400, 'INVALID_ARGUMENT'), limit, 'issuer.limit'],
    ['429', iam(429, 'RESOURCE_EXHAUSTED'), limit, 'issuer.unavailable'],
    ['403 of too many calls', json(403, 'rateLimitExceeded'), undefined, 'issuer.unavailable'],
    ['503', iam(503, 'UNAVAILABLE'), limit, 'issuer.unavailable'],
    ['408', answerOf(408, ''), undefined, 'issuer.unavailable'],
    ['invalid_grant', oauth(400, 'invalid_grant'), undefined, 'issuer.refused'],
    ['no network', networkFacts({ code: 'ENOTFOUND' }), limit, 'issuer.unavailable'],
    ['a fault of ours', networkFacts(new TypeError('x')), limit, 'unknown'],
  ])('%s is %3$s', (_name, facts, meaning, code) => {
    expect(classifyIssuer(facts, meaning)).toBe(code);
  });

  test('details of the IAM APIs are read, secrets are not shown', () => {
    const facts = iam(429, 'RESOURCE_EXHAUSTED', [{ other: 1 }, { reason: 'RATE_LIMIT_EXCEEDED' }]);
    expect(facts.detail).toBe('RATE_LIMIT_EXCEEDED');
    const said = toIssuerError({ ...facts, message: TOKEN }, 'sts.token', [new Secret(TOKEN)]);
    expect(said.message).not.toContain('secret_token');
    expect(said.detail).toContain('sts.token: RESOURCE_EXHAUSTED (HTTP 429)');
  });
});
