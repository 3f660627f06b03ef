import { createHash, createHmac } from 'node:crypto';
import { isSameText } from './same-text.ts';

/**
 * What a tenant shares with the SP never crosses the gateway (I49, I63). The key is the SHA-256 of
 * the tenant's secret, which is all that the SP keeps of it:
 *
 * - the tenant server answers the SP's challenge: HMAC(key, "tenant" ‖ nonce);
 * - its target mover shows that its public key is the tenant's own, so that a gateway cannot put
 *   its own key in the place of the mover's and open what the SP seals (F44):
 *   HMAC(HMAC(key, "session" ‖ id), public key).
 */
const hmac = (key: Buffer, ...parts: string[]): string =>
  // A JSON list, so that no two lists of parts give the same text.
  createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');

export function tenantKeyOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

export function answerChallenge(tenantKey: Buffer, nonce: string): string {
  return hmac(tenantKey, 'tenant', nonce);
}

/** Good for the movers of one session; handed to them over their pipe, never stored. */
export function sessionKeyOf(tenantKey: Buffer, session: string): string {
  return hmac(tenantKey, 'session', session);
}

export function proveMover(sessionKey: string, publicKey: string): string {
  return hmac(Buffer.from(sessionKey, 'base64url'), 'mover', publicKey);
}

export function isProof(expected: string, given: string | null): boolean {
  return given !== null && isSameText(expected, given);
}
