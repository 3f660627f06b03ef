import { createHash } from 'node:crypto';
import type { Clock } from '../../machines/ports/clock.ts';
import type { CredentialIssuer, IssueRequest } from '../../machines/ports/credential-issuer.ts';
import { Secret } from '../../machines/ports/secret.ts';
import {
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { ISSUERS, type IssuerCapabilities } from '../../machines/rules/issuers.ts';
import { HOUR_MS, SECOND_MS } from '../../machines/rules/time.ts';
import { accessBoundary } from './access-boundary.ts';
import { type AccessToken, SCOPES } from './access-token.ts';
import {
  type ControlRequests,
  createControlRequests,
  type GoogleEndpoints,
} from './control-requests.ts';
import type { AnswerFacts } from './errors.ts';
import { issuedLifetimeMs, refuseOddNames, scopeBuckets } from './issue-request.ts';

const EXCHANGE_URL = 'https://sts.googleapis.com/v1/token';
const IAM_CREDENTIALS_URL = 'https://iamcredentials.googleapis.com';
const LONG_TOKEN_MS = 12 * HOUR_MS;

export interface DownscopedTokenIssuerOptions {
  /** The bucket that the tokens are for. It needs uniform bucket-level access. */
  readonly location: StorageLocation;
  /** The SP's own service account (`gcs-service-account`). */
  readonly credential: StorageCredential;
  readonly clock: Clock;
  readonly endpoints?: GoogleEndpoints;
  /**
   * The e-mail address of an account whose tokens may live up to 12 h (organisation policy
   * `iam.allowServiceAccountCredentialLifetimeExtension`) and for which the SP's account may create
   * tokens; it may be the SP's own. Without it tokens live an hour.
   */
  readonly longTokenAccount?: string;
}

/**
 * Issues access tokens that a Credential Access Boundary keeps in the scope's folder. Such a token dies
 * with the one it was made from and neither earlier nor by request. With `longTokenAccount` the
 * source is asked for with just the lifetime, so the storage ends the token when it was told to. Without
 * it the source lives its hour: a shorter lifetime is bookkeeping below the storage's own end, and
 * C16 is what keeps to it.
 */
export function createDownscopedTokenIssuer(
  options: DownscopedTokenIssuerOptions,
): CredentialIssuer {
  const { clock, endpoints = {}, location, longTokenAccount } = options;
  const credential = requireCredential('gcs-service-account', options.credential);
  const buckets = scopeBuckets(location);
  const control = createControlRequests({ credential, clock, tokenUrl: endpoints.tokenUrl });
  const base = ISSUERS['downscoped-token'];
  const capabilities: IssuerCapabilities = {
    ...base,
    lifetimeMaxMs: longTokenAccount === undefined ? HOUR_MS : LONG_TOKEN_MS,
  };

  const sourceToken = (lifetimeMs: number): Promise<AccessToken> => {
    if (longTokenAccount === undefined) return control.grant();
    const url = endpoints.iamCredentials ?? IAM_CREDENTIALS_URL;
    return longToken(control, url, longTokenAccount, lifetimeMs);
  };

  return {
    capabilities,
    async issue(request: IssueRequest) {
      refuseOddNames(request.scope);
      const lifetimeMs = issuedLifetimeMs(request, capabilities);
      const source = await sourceToken(lifetimeMs);
      const form = exchangeForm(source, accessBoundary(buckets, request.scope));
      const url = endpoints.exchangeUrl ?? EXCHANGE_URL;
      const issued = await control.exchangeToken(url, form, [source.token]);
      return {
        kind: 'gcs-token',
        keyId: tokenId(issued.token),
        token: issued.token,
        generation: request.generation,
        expiresAt: Math.min(request.at + lifetimeMs, source.expiresAt, issued.expiresAt),
      };
    },
    // A token can be ended only by taking the source account's rights away: of all its tokens (C13).
    async revoke() {
      return false;
    },
    close: () => control.close(),
  };
}

/** Not the token, but told apart by it. */
function tokenId(token: Secret): string {
  const hash = token.use((text) => createHash('sha256').update(text).digest('base64url'));
  return `gcs-token-${hash.slice(0, 16)}`;
}

function exchangeForm(source: AccessToken, boundary: object): string {
  const tokenType = 'urn:ietf:params:oauth:token-type:access_token';
  return new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: tokenType,
    subject_token_type: tokenType,
    subject_token: source.token.use((text) => text),
    options: JSON.stringify(boundary),
  }).toString();
}

async function longToken(
  control: ControlRequests,
  endpoint: string,
  email: string,
  lifetimeMs: number,
): Promise<AccessToken> {
  const operation = 'iamcredentials.generateAccessToken';
  const { accessToken, expireTime } = await control.call({
    operation,
    method: 'POST',
    url: `${endpoint}/v1/projects/-/serviceAccounts/${encodeURIComponent(email)}:generateAccessToken`,
    body: { scope: [SCOPES.storage], lifetime: `${lifetimeMs / SECOND_MS}s` },
    meaning: lifetimeRefused,
  });
  const expiresAt = Date.parse(String(expireTime));
  if (typeof accessToken !== 'string' || accessToken === '' || Number.isNaN(expiresAt)) {
    throw new FortnightError('issuer.unavailable', `${operation}: the answer is incomplete`);
  }
  return { token: new Secret(accessToken), expiresAt };
}

/** All else in the question is always the same: the lifetime is longer than the account's may be. */
function lifetimeRefused({ status }: AnswerFacts): ErrorCode | null {
  return status === 400 ? 'issuer.limit' : null;
}
