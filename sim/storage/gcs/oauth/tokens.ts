import { createHash } from 'node:crypto';
import { type BoundaryDocument, readBoundary } from '../access/boundary.ts';
import type { Caller } from '../access/caller.ts';
import { GcsError } from '../errors.ts';
import type { GcsShelf, TokenRecord } from '../shelf.ts';

export interface TokenRequest {
  readonly email: string;
  readonly at: number;
  readonly expiresAt: number;
  readonly scopes: readonly string[];
  readonly boundary?: BoundaryDocument;
  /** How long nobody knows the token (a fault). */
  readonly propagationMs: number;
}

/** Issues an access token. Only its hash is kept, so the state cannot give it away. */
export function issueToken(
  world: {
    readonly shelf: GcsShelf;
    readonly core: { nextNumber(): number };
    random(bytes: number): Buffer;
  },
  request: TokenRequest,
): string {
  const seed = createHash('sha512').update(world.random(32)).update(`/${world.core.nextNumber()}`);
  const token = `ya29.${seed.digest('base64url')}`;
  const { at, propagationMs, boundary, ...rest } = request;
  const record: TokenRecord = {
    ...rest,
    hash: hashToken(token),
    issuedAt: at,
    ...(boundary === undefined ? {} : { boundary }),
    ...(propagationMs > 0 ? { usableFrom: at + propagationMs } : {}),
  };
  world.shelf.commit({ type: 'token.issued', token: record });
  return token;
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}

/** The record of a living token; undefined when it is unknown or `at >= expiresAt` (C10). */
export function findToken(shelf: GcsShelf, token: string, at: number): TokenRecord | undefined {
  const record = shelf.tokens.get(hashToken(token));
  if (record === undefined || at >= record.expiresAt) return undefined;
  if (record.usableFrom !== undefined && at < record.usableFrom) return undefined;
  return record;
}

/** The caller behind an Authorization header of OAuth. Throws `authError` (401). */
export function bearerCaller(shelf: GcsShelf, authorization: string, at: number): Caller {
  const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization.trim())?.[1];
  const record = token === undefined ? undefined : findToken(shelf, token, at);
  if (record === undefined) {
    const challenge = 'Bearer realm="https://accounts.google.com/", error="invalid_token"';
    throw new GcsError('authError', undefined, {
      headers: { 'www-authenticate': challenge },
      xmlCode: 'AuthenticationRequired',
    });
  }
  return {
    email: record.email,
    credential: 'token',
    scopes: record.scopes,
    expiresAt: record.expiresAt,
    ...(record.boundary === undefined ? {} : { boundary: readBoundary(record.boundary) }),
  };
}
