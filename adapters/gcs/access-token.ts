import { GoogleToken } from 'google-auth-library';
import type { Clock } from '../../machines/ports/clock.ts';
import { Secret } from '../../machines/ports/secret.ts';
import type { GcsServiceAccount, GcsToken } from '../../machines/ports/storage-credential.ts';
import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import { exchangeText, parseDocument, Refusal } from './exchange.ts';
import type { Transport } from './transport.ts';

/** A token that is about to end is not used: the request could reach the storage too late. */
const RENEW_BEFORE_MS = MINUTE_MS;

export const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token';

export const SCOPES = {
  storage: 'https://www.googleapis.com/auth/devstorage.full_control',
  all: 'https://www.googleapis.com/auth/cloud-platform',
} as const;

export interface AccessToken {
  readonly token: Secret;
  /** Not later than the storage's own end of it. */
  readonly expiresAt: EpochMs;
}

export interface GrantOptions {
  readonly account: GcsServiceAccount;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly scope: string;
  /** Default: Google's. */
  readonly tokenUrl?: string | undefined;
}

/**
 * Asks for an access token of the account by a signed assertion (RFC 7523). The library signs; it
 * would date the assertion by `Date.now()`, so the dates are given to it. Rejects with `Refusal`.
 */
export async function grantToken(options: GrantOptions, signal: AbortSignal): Promise<AccessToken> {
  const { account, clock, scope, transport } = options;
  const askedAt = clock.now();
  const issuedAtSeconds = Math.floor(askedAt / SECOND_MS);
  const token = account.privateKey.use(
    (key) =>
      new GoogleToken({
        iss: account.keyId,
        key,
        scope,
        additionalClaims: { iat: issuedAtSeconds, exp: issuedAtSeconds + HOUR_MS / SECOND_MS },
        transporter: {
          // The library posts to a fixed address; the form is its own.
          request: async ({ data }) => {
            const url = options.tokenUrl ?? GOOGLE_TOKEN_URL;
            return { data: await postForm(transport, url, String(data), signal) } as never;
          },
        },
      }),
  );
  const { access_token: text, expires_in: seconds } = await token.getToken({ forceRefresh: true });
  return readToken(text, seconds, askedAt);
}

/** Posts a form to a token endpoint. Rejects with `Refusal`. */
export async function postForm(
  transport: Transport,
  url: string,
  form: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const request = { method: 'POST', url, headers, body: form } as const;
  return parseDocument(await exchangeText(transport, request, signal));
}

/** Counted from before the request was sent, so the end is never later than the storage's. */
export function readToken(text: unknown, seconds: unknown, askedAt: EpochMs): AccessToken {
  if (typeof text === 'string' && text !== '' && typeof seconds === 'number' && seconds >= 0) {
    return { token: new Secret(text), expiresAt: askedAt + Math.floor(seconds) * SECOND_MS };
  }
  throw new Refusal({
    status: 502,
    reason: null,
    detail: null,
    networkCode: null,
    message: 'the answer holds no token or no lifetime',
    retryAfter: null,
    storageNow: null,
  });
}

/** Where the `Authorization` of requests comes from. */
export interface TokenSource {
  authorization(): Promise<string>;
  /** The storage has refused the token: the next request asks for another, where that is possible. */
  drop(): void;
  /** What must not be shown at the moment. */
  secrets(): readonly Secret[];
}

function bearer(token: Secret): string {
  return token.use((text) => `Bearer ${text}`);
}

/** Read at each request; never copied. */
export function fixedToken(credential: GcsToken): TokenSource {
  return {
    authorization: async () => bearer(credential.token),
    drop() {},
    secrets: () => [credential.token],
  };
}

/**
 * Asks for a token when there is none or the one there is about to end; one question at a time, for
 * all who wait, so only `closing` stops it.
 */
export function grantedTokens(options: GrantOptions, closing: AbortSignal): TokenSource {
  let held: AccessToken | null = null;
  let asking: Promise<AccessToken> | null = null;

  const current = async (): Promise<AccessToken> => {
    if (held !== null && options.clock.now() < held.expiresAt - RENEW_BEFORE_MS) return held;
    asking ??= grantToken(options, closing).finally(() => {
      asking = null;
    });
    held = await asking;
    return held;
  };

  return {
    authorization: async () => bearer((await current()).token),
    drop() {
      held = null;
    },
    secrets: () => [options.account.privateKey, ...(held === null ? [] : [held.token])],
  };
}
