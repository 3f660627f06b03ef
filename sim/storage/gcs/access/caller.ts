import type { BoundaryRule } from './boundary.ts';

/** Who a request comes from, after its token or signature was found right. */
export interface Caller {
  /** Empty: anonymous. */
  readonly email: string;
  readonly credential: 'none' | 'token' | 'hmac key';
  /** OAuth scopes of a token; an HMAC key has none and needs none. */
  readonly scopes?: readonly string[];
  /** A downscoped token is allowed what its account is allowed and this allows. */
  readonly boundary?: readonly BoundaryRule[];
  /** Epoch ms; of tokens. */
  readonly expiresAt?: number;
}

export const ANONYMOUS: Caller = { email: '', credential: 'none' };
