import { equalTexts } from '../../access/accounts.ts';
import { readAuthorization } from '../../sigv4/authorization.ts';
import {
  canonicalRequest,
  EMPTY_SHA256,
  signHex,
  signingKey,
  stringToSign,
} from '../../sigv4/canonical.ts';
import { header, type WireRequest } from '../../sigv4/wire-request.ts';
import { ANONYMOUS, type Caller } from '../access/caller.ts';
import { GcsError } from '../errors.ts';
import { effectiveState } from '../json/hmac-keys.ts';
import { bearerCaller } from '../oauth/tokens.ts';
import type { GcsWorld } from '../world.ts';

/** A caller of the XML API; `payloadHash` is what the body must hash to, when it was signed. */
export interface XmlCaller {
  readonly caller: Caller;
  readonly payloadSha256: string | undefined;
}

/** Finds out who sends a request: an HMAC signature, a token, or nobody. Throws GcsError. */
export function authenticateXml(request: WireRequest, world: GcsWorld, at: number): XmlCaller {
  const authorization = header(request, 'authorization');
  if (authorization !== undefined && /^Bearer /i.test(authorization)) {
    const caller = bearerCaller(world.shelf, authorization, at);
    return { caller, payloadSha256: undefined };
  }
  if (isGoogleSigned(request, authorization)) {
    throw new GcsError('notImplemented', 'Signatures of the GOOG4 kind are not served here.', {
      xmlCode: 'NotImplemented',
    });
  }
  const read = readAuthorization(request);
  if (read === undefined) return { caller: ANONYMOUS, payloadSha256: undefined };
  if ('malformed' in read) throw invalidArgument(read.message);
  if (read.token !== undefined) throw insecure('HMAC keys have no session token');
  if (read.scope.service !== 's3') throw insecure('the signed service is not s3');
  const key = world.shelf.hmacKeys.get(read.scope.accessKeyId);
  // A key of an account that was deleted opens nothing.
  const isUsable = key !== undefined && world.accounts.has(key.email);
  if (!isUsable || effectiveState(key, at) !== 'ACTIVE') {
    throw insecure('Incorrect Authorization header');
  }
  checkTime(read, world.skewToleranceMs, at);
  const payload = readPayload(request, read.presignedMs !== undefined);
  const canonical = canonicalRequest(request, read.signedHeaders, payload);
  const signature = signHex(
    signingKey(key.secret, read.scope),
    stringToSign(read.scope, canonical),
  );
  checkSignedHeaders(request, read.signedHeaders);
  if (!equalTexts(signature, read.signature)) {
    throw new GcsError('forbidden', 'Access denied.', { xmlCode: 'SignatureDoesNotMatch' });
  }
  return {
    caller: { email: key.email, credential: 'hmac key' },
    payloadSha256: /^[0-9a-f]{64}$/.test(payload) ? payload : undefined,
  };
}

/** The key id that a request claims, for its record. */
export function claimedKey(request: WireRequest): string {
  const read = readAuthorization(request);
  return read === undefined || 'malformed' in read ? '' : read.scope.accessKeyId;
}

function isGoogleSigned(request: WireRequest, authorization: string | undefined): boolean {
  const query = request.query.map(([name]) => name.toLowerCase());
  const isQuery = query.includes('x-goog-signature') || query.includes('googleaccessid');
  return isQuery || /^(GOOG|AWS )/.test(authorization ?? '');
}

function readPayload(request: WireRequest, isPresigned: boolean): string {
  const text = header(request, 'x-amz-content-sha256');
  if (isPresigned) return text ?? 'UNSIGNED-PAYLOAD';
  if (text === undefined)
    return header(request, 'content-length') ? 'UNSIGNED-PAYLOAD' : EMPTY_SHA256;
  if (text === 'UNSIGNED-PAYLOAD' || /^[0-9a-f]{64}$/.test(text)) return text;
  throw new GcsError('notImplemented', 'Bodies in signed chunks are not served here.', {
    xmlCode: 'NotImplemented',
  });
}

function checkTime(
  read: { readonly signedAt: number; readonly presignedMs?: number },
  toleranceMs: number,
  at: number,
): void {
  if (read.presignedMs === undefined) {
    if (Math.abs(at - read.signedAt) <= toleranceMs) return;
    throw new GcsError(
      'forbidden',
      'The difference between the request time and the current time is too large.',
      { xmlCode: 'RequestTimeTooSkewed' },
    );
  }
  if (read.signedAt - at > toleranceMs) throw invalidArgument('The URL is not valid yet.');
  if (at >= read.signedAt + read.presignedMs) {
    throw new GcsError('badRequest', 'The provided token has expired.', {
      xmlCode: 'ExpiredToken',
    });
  }
}

/** `host` and every `x-amz-` header must be signed, or a third party could add or change them. */
function checkSignedHeaders(request: WireRequest, signed: readonly string[]): void {
  const isOpen = [...request.headers.keys()].some(
    (name) => /^(host$|x-amz-|x-goog-)/.test(name) && !signed.includes(name),
  );
  if (isOpen) throw insecure('a header that must be signed is not');
}

function insecure(details: string): GcsError {
  const message = `The provided security credentials are not valid. ${details}`;
  return new GcsError('forbidden', message, { xmlCode: 'InvalidSecurity' });
}

function invalidArgument(message: string): GcsError {
  return new GcsError('badRequest', message, { xmlCode: 'InvalidArgument' });
}
