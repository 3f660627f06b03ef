import { type KeyObject, verify } from 'node:crypto';
import { HOUR_MS, type ServiceAccount } from '../accounts.ts';
import { OauthError } from './errors.ts';

const AUDIENCES = [
  'https://oauth2.googleapis.com/token',
  'https://www.googleapis.com/oauth2/v4/token',
  'https://accounts.google.com/o/oauth2/token',
];
/** How far the clock of the sender may be ahead. */
const AHEAD_MS_MAX = 5 * 60_000;
const ASSERTION_LENGTH_MAX = 16 * 1024;

export interface Assertion {
  readonly account: ServiceAccount;
  readonly scopes: readonly string[];
}

/** Verifies a JWT that an account signed for itself (RFC 7523). Throws OauthError. */
export function readAssertion(
  text: string,
  accounts: ReadonlyMap<string, ServiceAccount>,
  settings: { readonly at: number; readonly audience: string },
): Assertion {
  const parts = text.split('.');
  if (parts.length !== 3 || text.length > ASSERTION_LENGTH_MAX) throw grant('Invalid JWT');
  const [headText, claimsText, signature] = parts as [string, string, string];
  const head = decode(headText);
  const claims = decode(claimsText);
  if (head.alg !== 'RS256') throw grant('Invalid JWT: Only RS256 is supported.');
  const account = typeof claims.iss === 'string' ? accounts.get(claims.iss) : undefined;
  if (account === undefined) throw grant('Invalid grant: account not found');
  if (!isSigned(account, head.kid, `${headText}.${claimsText}`, signature)) {
    throw grant('Invalid JWT Signature.');
  }
  checkTime(claims, settings.at);
  if (typeof claims.aud !== 'string' || ![...AUDIENCES, settings.audience].includes(claims.aud)) {
    throw grant('Invalid JWT: Failed audience check. The right audience is ' + AUDIENCES[0]);
  }
  if (claims.sub !== undefined && claims.sub !== claims.iss) {
    throw new OauthError(
      'unauthorized_client',
      'Client is unauthorized to retrieve access tokens using this method.',
      401,
    );
  }
  const scopes = typeof claims.scope === 'string' ? claims.scope.split(/\s+/).filter(Boolean) : [];
  if (scopes.length === 0) {
    throw new OauthError('invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
  }
  return { account, scopes };
}

function checkTime(claims: Readonly<Record<string, unknown>>, at: number): void {
  const { iat, exp } = claims;
  const isTimed = typeof iat === 'number' && typeof exp === 'number';
  const isShort = isTimed && exp > iat && (exp - iat) * 1000 <= HOUR_MS;
  if (!isShort || at >= exp * 1000 || iat * 1000 - at > AHEAD_MS_MAX) {
    throw grant(
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable ' +
        'timeframe. Check your iat and exp values in the JWT claim.',
    );
  }
}

function isSigned(account: ServiceAccount, kid: unknown, text: string, signature: string): boolean {
  const named = typeof kid === 'string' ? account.keys.get(kid) : undefined;
  const keys: readonly KeyObject[] =
    kid === undefined ? [...account.keys.values()] : named === undefined ? [] : [named];
  const bytes = Buffer.from(signature, 'base64url');
  return keys.some((key) => verify('RSA-SHA256', Buffer.from(text), key, bytes));
}

function decode(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Whatever it is, it is no JWT.
  }
  throw grant('Invalid JWT');
}

function grant(description: string): OauthError {
  return new OauthError('invalid_grant', description);
}
