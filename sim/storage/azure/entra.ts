import { createHmac } from 'node:crypto';
import type { EntraApplication, EntraOptions, EntraRole } from './options.ts';
import { isSameText } from './shared-key.ts';

export const STORAGE_AUDIENCE = 'https://storage.azure.com';
const TOKEN_LIFETIME_MS = 3_600_000;

/** Somebody whom a bearer token speaks for. */
export interface EntraPrincipal {
  readonly objectId: string;
  readonly tenantId: string;
  readonly roles: readonly EntraRole[];
}

interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly oid: string;
  readonly tid: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
}

const HEADER = encodeJson({ alg: 'HS256', typ: 'JWT' });

function encodeJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function signatureOf(entra: EntraOptions, text: string): string {
  return createHmac('sha256', entra.signingSecret).update(text).digest('base64url');
}

function issuerOf(entra: EntraOptions): string {
  return `https://sts.windows.net/${entra.tenantId}/`;
}

/** A bearer token for an application; `audience` other than storage is refused by storage. */
export function issueEntraToken(
  entra: EntraOptions,
  application: Pick<EntraApplication, 'objectId'>,
  nowMs: number,
  audience = STORAGE_AUDIENCE,
): { token: string; expiresAt: number } {
  const issuedAt = Math.floor(nowMs / 1000);
  const expiresAt = issuedAt + Math.floor((entra.tokenLifetimeMs ?? TOKEN_LIFETIME_MS) / 1000);
  const claims: Claims = {
    iss: issuerOf(entra),
    aud: audience,
    oid: application.objectId,
    tid: entra.tenantId,
    iat: issuedAt,
    nbf: issuedAt,
    exp: expiresAt,
  };
  const text = `${HEADER}.${encodeJson(claims)}`;
  return { token: `${text}.${signatureOf(entra, text)}`, expiresAt: expiresAt * 1000 };
}

export type TokenFailure =
  | 'Signature validation failed. Signature verification failed.'
  | 'Issuer validation failed. Issuer did not match.'
  | 'Audience validation failed. Audience did not match.'
  | 'Lifetime validation failed. The token is expired.'
  | 'Lifetime validation failed. The token is not yet valid.';

/** Whom a bearer token speaks for at an instant, or why it is refused. */
export function verifyEntraToken(
  entra: EntraOptions,
  token: string,
  nowMs: number,
): EntraPrincipal | TokenFailure {
  const [header, payload, signature] = token.split('.');
  const isSigned =
    header === HEADER &&
    signature !== undefined &&
    token.split('.').length === 3 &&
    isSameText(signatureOf(entra, `${header}.${payload}`), signature);
  if (!isSigned) return 'Signature validation failed. Signature verification failed.';
  const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString('utf8')) as Claims;
  if (claims.iss !== issuerOf(entra)) return 'Issuer validation failed. Issuer did not match.';
  if (claims.aud.replace(/\/$/, '') !== STORAGE_AUDIENCE) {
    return 'Audience validation failed. Audience did not match.';
  }
  if (nowMs >= claims.exp * 1000) return 'Lifetime validation failed. The token is expired.';
  if (nowMs < claims.nbf * 1000) return 'Lifetime validation failed. The token is not yet valid.';
  return principalOf(entra, claims.oid);
}

/** A principal with the roles that it has now; one that was removed has none. */
export function principalOf(entra: EntraOptions | undefined, objectId: string): EntraPrincipal {
  const found = entra?.applications.find((application) => application.objectId === objectId);
  return { objectId, tenantId: entra?.tenantId ?? '', roles: found?.roles ?? [] };
}
