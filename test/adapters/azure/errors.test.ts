import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type AzureErrorContext, translateAzureError } from '../../../adapters/azure/errors.ts';
import { asIssuer } from '../../../adapters/azure/issuer-errors.ts';
import { sasFacts } from '../../../adapters/azure/sas-facts.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import { type ErrorCode, FortnightError } from '../../../machines/rules/errors.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { codeOf } from '../../contract/store-content.ts';

const NOW = Date.UTC(2030, 0, 1);
const MINUTE = 60_000;
const SIGNATURE = 'Zm9ydG5pZ2h0+with/odd=characters==';
const FOLDER_SAS =
  `sv=2022-11-02&sr=d&sdd=5&sp=rcwdl&st=2029-12-31T23%3A45%3A00Z&se=2030-01-01T01%3A00%3A00Z&sig=` +
  encodeURIComponent(SIGNATURE);
const CONTAINER_SAS = FOLDER_SAS.replace('sr=d&sdd=5', 'sr=c');
const POLICY_SAS = `sv=2022-11-02&sr=c&si=fn-1&sig=${encodeURIComponent(SIGNATURE)}`;

function sas(text: string, expiresAt = NOW + 60 * MINUTE): AzureErrorContext {
  const credential: StorageCredential = {
    kind: 'azure-sas',
    keyId: 'sas-0123456789ab',
    folderSas: new Secret(text),
    configSas: new Secret('sv=x&sig=Y29uZmln'),
    generation: 2,
    expiresAt,
  };
  return { operation: 'PutBlob', credential, sas: sasFacts(credential.folderSas), now: NOW };
}

const DIRECTORY = sas(FOLDER_SAS);
const CONTAINER = sas(CONTAINER_SAS);
const POLICY = sas(POLICY_SAS);
const ENDED = sas(FOLDER_SAS, NOW);
const OWNER: AzureErrorContext = {
  operation: 'PutBlob',
  credential: {
    kind: 'azure-account-key',
    keyId: 'account',
    accountKey: new Secret(Buffer.from('key of the account').toString('base64')),
    generation: 0,
    expiresAt: null,
  },
  sas: null,
  now: NOW,
};

/** As the SDK throws it: the code from the document, and the answer's headers. */
function answer(
  code: string | null,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  message = '',
) {
  const all: Readonly<Record<string, string>> = {
    date: new Date(NOW).toUTCString(),
    ...(code === null ? {} : { 'x-ms-error-code': code }),
    ...headers,
  };
  return Object.assign(new Error(message), {
    name: 'RestError',
    code: code ?? undefined,
    statusCode: status,
    request: { url: `https://account.blob.core.windows.net/c/b?${FOLDER_SAS}` },
    response: { headers: { get: (name: string) => all[name] } },
  });
}

const at = (offsetMs: number) => ({ date: new Date(NOW + offsetMs).toUTCString() });
const codeFor = (thrown: unknown, context: AzureErrorContext = DIRECTORY) =>
  translateAzureError(thrown, context).code;

describe('translateAzureError: by code and status', () => {
  test.each<[string | null, number, ErrorCode]>([
    ['AuthorizationPermissionMismatch', 403, 'access.denied'],
    ['AuthorizationSourceIPMismatch', 403, 'access.denied'],
    ['AuthorizationProtocolMismatch', 403, 'access.denied'],
    ['UnauthorizedBlobOverwrite', 403, 'access.denied'],
    ['KeyBasedAuthenticationNotPermitted', 403, 'access.denied'],
    ['AccountIsDisabled', 403, 'access.denied'],
    ['BlobImmutableDueToPolicy', 409, 'access.denied'],
    ['InvalidAuthenticationInfo', 400, 'credential.invalid'],
    ['InvalidAuthenticationInfo', 401, 'credential.invalid'],
    ['NoAuthenticationInformation', 401, 'credential.invalid'],
    ['ServerBusy', 503, 'storage.throttled'],
    ['TooManyRequests', 429, 'storage.throttled'],
    ['SomethingNew', 503, 'storage.throttled'],
    ['SomethingNew', 429, 'storage.throttled'],
    ['OperationTimedOut', 500, 'storage.unavailable'],
    ['InternalError', 500, 'storage.unavailable'],
    ['AccountBeingCreated', 409, 'storage.unavailable'],
    ['ContainerBeingDeleted', 409, 'storage.unavailable'],
    ['SomethingNew', 502, 'storage.unavailable'],
    ['BlobNotFound', 404, 'object.missing'],
    ['ResourceNotFound', 404, 'object.missing'],
    ['PathNotFound', 404, 'object.missing'],
    [null, 404, 'object.missing'],
    ['ContainerNotFound', 404, 'request.invalid'],
    ['FilesystemNotFound', 404, 'request.invalid'],
    ['InvalidBlockList', 400, 'upload.missing'],
    ['ConditionNotMet', 412, 'object.conflict'],
    ['BlobAlreadyExists', 409, 'object.conflict'],
    ['PathConflict', 409, 'object.conflict'],
    ['LeaseIdMissing', 412, 'object.conflict'],
    [null, 412, 'object.conflict'],
    ['SomethingNew', 409, 'object.conflict'],
    ['Md5Mismatch', 400, 'object.corrupt'],
    ['Crc64Mismatch', 400, 'object.corrupt'],
    ['InvalidBlobOrBlock', 400, 'request.invalid'],
    ['BlockCountExceedsLimit', 409, 'request.invalid'],
    ['RequestBodyTooLarge', 413, 'request.invalid'],
    ['InvalidRange', 416, 'request.invalid'],
    ['InvalidUri', 400, 'request.invalid'],
    ['AccountRequiresHttps', 400, 'request.invalid'],
    ['NotImplemented', 501, 'request.invalid'],
    [null, 301, 'request.invalid'],
    [null, 401, 'credential.invalid'],
    [null, 408, 'storage.unreachable'],
    [null, 507, 'storage.full'],
    [null, 500, 'storage.unavailable'],
  ])('%s with %d is %s', (code, status, expected) => {
    expect(codeFor(answer(code, status))).toBe(expected);
  });

  test.each<[string, ErrorCode]>([
    ['ECONNREFUSED', 'storage.unreachable'],
    ['ECONNRESET', 'storage.unreachable'],
    ['ETIMEDOUT', 'storage.unreachable'],
    ['ENOTFOUND', 'storage.unreachable'],
    ['ConnectionRefused', 'storage.unreachable'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'storage.unreachable'],
    ['REQUEST_SEND_ERROR', 'storage.unreachable'],
    ['PARSE_ERROR', 'unknown'],
    ['whatever', 'unknown'],
  ])('without an answer %s is %s', (code, expected) => {
    expect(codeFor(Object.assign(new Error('it broke'), { code }))).toBe(expected);
  });
});

describe('translateAzureError: a sender who is not believed', () => {
  const failed = 'AuthenticationFailed';
  const azurite = 'AuthorizationFailure';
  test.each<[string, AzureErrorContext, string | null, object, ErrorCode]>([
    ['our clock is past the end (C10)', ENDED, failed, {}, 'credential.expired'],
    ['so it is on Azurite', ENDED, azurite, {}, 'credential.expired'],
    ['so it is for a HEAD', ENDED, null, {}, 'credential.expired'],
    ['the storage is past the end', DIRECTORY, failed, at(60 * MINUTE), 'credential.expired'],
    [
      '... a second before it is not',
      CONTAINER,
      failed,
      at(60 * MINUTE - 1000),
      'credential.invalid',
    ],
    [
      'the storage is before the start',
      CONTAINER,
      failed,
      at(-16 * MINUTE),
      'credential.notYetValid',
    ],
    ['so it is on Azurite', CONTAINER, azurite, at(-16 * MINUTE), 'credential.notYetValid'],
    ['... at the start it is not', CONTAINER, failed, at(-15 * MINUTE), 'credential.invalid'],
    ['outside of the directory', DIRECTORY, failed, {}, 'access.denied'],
    ['another container or key', CONTAINER, failed, {}, 'credential.invalid'],
    ['the policy is gone, or new (C19)', POLICY, failed, {}, 'credential.unknownKey'],
    ['an operation that no SAS opens', CONTAINER, azurite, {}, 'access.denied'],
    ['a HEAD', CONTAINER, null, {}, 'access.denied'],
    ['a wrong account key', OWNER, failed, {}, 'credential.invalid'],
    ['the clocks differ', OWNER, failed, at(16 * MINUTE), 'clock.skewed'],
    ['the clocks differ the other way', OWNER, failed, at(-16 * MINUTE), 'clock.skewed'],
    ['... by what Azure takes', OWNER, failed, at(15 * MINUTE), 'credential.invalid'],
    ['an account behind a wall', OWNER, azurite, at(16 * MINUTE), 'access.denied'],
  ])('%s', (_name, context, code, headers, expected) => {
    expect(codeFor(answer(code, 403, { ...headers }), context)).toBe(expected);
  });

  test('English text decides nothing', () => {
    const text = 'Signature not valid in the specified time frame: the token is expired';
    expect(codeFor(answer(failed, 403, {}, text))).toBe('access.denied');
    expect(codeFor(answer('BlobNotFound', 404, {}, text))).toBe('object.missing');
  });

  test('C20 what is denied for another reason is not expired, however late it is', () => {
    expect(codeFor(answer('AuthorizationPermissionMismatch', 403), ENDED)).toBe('access.denied');
    expect(codeFor(answer('ServerBusy', 503), ENDED)).toBe('storage.throttled');
  });
});

describe('translateAzureError: what it tells', () => {
  test('operation, code, status, first line; the wait that was asked for', () => {
    const thrown = answer('ServerBusy', 503, { 'retry-after': '7' }, 'busy\nRequestId:1\nTime:2');
    const error = translateAzureError(thrown, DIRECTORY);
    expect(error.detail).toBe('PutBlob: ServerBusy (HTTP 503): busy');
    expect(error.retryAfterMs).toBe(7000);
    const dated = answer('ServerBusy', 503, { 'retry-after': new Date(NOW + 3000).toUTCString() });
    expect(translateAzureError(dated, DIRECTORY).retryAfterMs).toBe(3000);
    const odd = answer('ServerBusy', 503, { 'retry-after': 'soon' });
    expect(translateAzureError(odd, DIRECTORY).retryAfterMs).toBeNull();
  });

  test('F41 no spelling of a secret, no address with a signature, no token', () => {
    const secrets = [
      FOLDER_SAS,
      SIGNATURE,
      encodeURIComponent(SIGNATURE),
      Buffer.from(SIGNATURE).toString('base64'),
      'https://a/b?sp=r&sig=b3RoZXI%3D',
      'Bearer eyJ0eXAi.eyJhdWQi.c2ln',
      'SharedKey account:c2lnbmF0dXJl',
      'AccountKey=a2V5;',
    ];
    for (const secret of secrets) {
      const error = translateAzureError(answer('InvalidUri', 400, {}, `see ${secret}`), DIRECTORY);
      const shown = inspect(error, { depth: 9 });
      expect(shown).toContain('**redacted**');
      for (const word of ['Zm9ydG5', 'b3RoZXI', 'eyJhdWQi', 'c2lnbmF0', 'a2V5', 'Wm05']) {
        expect(shown).not.toContain(word);
      }
    }
  });

  test('F41 the key of the owner is not told either', () => {
    const key = Buffer.from('key of the account').toString('base64');
    const error = translateAzureError(
      answer('InvalidUri', 400, {}, `${key} ${'x'.repeat(999)}`),
      OWNER,
    );
    expect(error.message).not.toContain(key);
    expect(error.detail.length).toBeLessThan(260);
  });

  test('an aborted call gives the reason of the signal, else session.cancelled', () => {
    const aborted = (reason?: unknown) => ({ ...DIRECTORY, signal: AbortSignal.abort(reason) });
    expect(codeFor(new Error('aborted'), aborted())).toBe('session.cancelled');
    const reason = new FortnightError('quota.exceeded');
    expect(translateAzureError(new Error('aborted'), aborted(reason))).toBe(reason);
    const own = new FortnightError('object.corrupt');
    expect(translateAzureError(own, aborted())).toBe(own);
  });
});

describe('issuer errors', () => {
  test.each<[unknown, ErrorCode]>([
    [answer('ServerBusy', 503), 'issuer.unavailable'],
    [answer('InternalError', 500), 'issuer.unavailable'],
    [answer('AuthenticationFailed', 403, at(16 * MINUTE)), 'issuer.unavailable'],
    [answer('ContainerBeingDeleted', 409), 'issuer.unavailable'],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'issuer.unavailable'],
    [answer('AuthenticationFailed', 403), 'issuer.refused'],
    [answer('AuthorizationPermissionMismatch', 403), 'issuer.refused'],
    [answer('KeyBasedAuthenticationNotPermitted', 403), 'issuer.refused'],
    [answer('ContainerNotFound', 404), 'issuer.refused'],
    [answer('InvalidXmlNodeValue', 400), 'issuer.refused'],
    [new FortnightError('issuer.limit', 'five policies'), 'issuer.limit'],
    [new FortnightError('object.missing'), 'issuer.refused'],
  ])('case %#', async (thrown, expected) => {
    const owner = { credential: OWNER.credential, clock: createVirtualClock(NOW) };
    const call = asIssuer('Issue', owner, () => Promise.reject(thrown));
    expect(await codeOf(call)).toBe(expected);
  });
});
