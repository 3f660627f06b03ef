import { type Accounts, equalTexts, type FoundKey, hashToken } from '../access/accounts.ts';
import type { Principal } from '../access/principal.ts';
import { type Authorization, readAuthorization } from './authorization.ts';
import {
  canonicalRequest,
  type SignatureScope,
  signHex,
  signingKey,
  stringToSign,
} from './canonical.ts';
import type { WireRequest } from './wire-request.ts';

/** Requests may be at most this far from the storage's clock, in either direction. */
export const CLOCK_SKEW_MAX_MS = 15 * 60 * 1000;

/** Why a request is not who it says it is; each wire front has its own code for each. */
export type AuthenticationFailure =
  | { readonly failure: 'anonymous' }
  | { readonly failure: 'malformed'; readonly message: string }
  | { readonly failure: 'malformedQuery'; readonly message: string }
  | { readonly failure: 'noDate'; readonly message: string }
  | { readonly failure: 'otherAlgorithm'; readonly message: string }
  | { readonly failure: 'otherScheme'; readonly message: string }
  | { readonly failure: 'wrongRegion'; readonly region: string }
  | { readonly failure: 'wrongService'; readonly service: string }
  | { readonly failure: 'unsignedHeaders'; readonly names: readonly string[] }
  | { readonly failure: 'unknownKey'; readonly accessKeyId: string }
  | { readonly failure: 'wrongToken' }
  | { readonly failure: 'missingToken'; readonly accessKeyId: string }
  | { readonly failure: 'expiredToken' }
  | { readonly failure: 'skewed'; readonly signedAt: number }
  | { readonly failure: 'notYetValid' }
  | { readonly failure: 'expiredUrl' }
  | { readonly failure: 'wrongSignature' };

/** A request whose signature is right. Key and signature go on into signed chunks. */
export interface Authenticated {
  readonly principal: Principal;
  readonly scope: SignatureScope;
  readonly signature: string;
  readonly signingKey: Buffer;
  /** When the credential was issued for a limited time. */
  readonly isTemporary: boolean;
}

export interface AuthenticationSettings {
  readonly accounts: Accounts;
  readonly now: number;
  readonly region: string;
  readonly service: 's3' | 'sts' | 'iam';
  /** CLOCK_SKEW_MAX_MS where the vendor's own bound holds. */
  readonly skewMaxMs: number;
}

/**
 * Checks key, token, expiry, skew and signature, in this order: an expired credential is reported
 * as expired even by a client whose clock is wrong. `now >= expiresAt` is expired (C10).
 */
export function authenticate(
  request: WireRequest,
  payloadHash: string,
  settings: AuthenticationSettings,
): Authenticated | AuthenticationFailure {
  const read = readAuthorization(request);
  if (read === undefined) return { failure: 'anonymous' };
  if ('malformed' in read) {
    const kinds = {
      header: 'malformed',
      query: 'malformedQuery',
      date: 'noDate',
      algorithm: 'otherAlgorithm',
      scheme: 'otherScheme',
    } as const;
    return { failure: kinds[read.malformed], message: read.message };
  }
  const { scope } = read;
  if (scope.service !== settings.service)
    return { failure: 'wrongService', service: scope.service };
  if (scope.region !== settings.region) return { failure: 'wrongRegion', region: scope.region };
  const found = settings.accounts.find(scope.accessKeyId);
  const isVisible = found?.usableFrom === undefined || settings.now >= found.usableFrom;
  if (found === undefined || !isVisible) {
    return { failure: 'unknownKey', accessKeyId: scope.accessKeyId };
  }
  const refused = checkToken(read, found, settings.now) ?? checkTime(read, settings);
  if (refused !== undefined) return refused;
  const unsigned = unsignedHeaders(request, read.signedHeaders);
  if (unsigned.length > 0) return { failure: 'unsignedHeaders', names: unsigned };
  const key = signingKey(found.secretAccessKey, scope);
  const canonical = canonicalRequest(request, read.signedHeaders, payloadHash);
  if (!equalTexts(signHex(key, stringToSign(scope, canonical)), read.signature)) {
    return { failure: 'wrongSignature' };
  }
  return {
    principal: found.principal,
    scope,
    signature: read.signature,
    signingKey: key,
    isTemporary: found.session !== undefined,
  };
}

function checkToken(
  read: Authorization,
  found: FoundKey,
  now: number,
): AuthenticationFailure | undefined {
  if (found.session === undefined) {
    return read.token === undefined ? undefined : { failure: 'wrongToken' };
  }
  if (read.token === undefined) {
    return { failure: 'missingToken', accessKeyId: read.scope.accessKeyId };
  }
  if (!equalTexts(hashToken(read.token), found.session.tokenHash)) return { failure: 'wrongToken' };
  return now >= found.session.expiresAt ? { failure: 'expiredToken' } : undefined;
}

function checkTime(
  read: Authorization,
  { now, skewMaxMs }: AuthenticationSettings,
): AuthenticationFailure | undefined {
  if (read.presignedMs !== undefined) {
    if (read.signedAt - now > skewMaxMs) return { failure: 'notYetValid' };
    return now >= read.signedAt + read.presignedMs ? { failure: 'expiredUrl' } : undefined;
  }
  const isSkewed = Math.abs(now - read.signedAt) > skewMaxMs;
  return isSkewed ? { failure: 'skewed', signedAt: read.signedAt } : undefined;
}

/** `host` and every `x-amz-` header must be signed, or a third party could add or change them. */
function unsignedHeaders(request: WireRequest, signedHeaders: readonly string[]): string[] {
  const signed = new Set(signedHeaders);
  return [...request.headers.keys()].filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.has(name),
  );
}
