import type { IssuerCapabilities } from '../../machines/ports/credential-issuer.ts';
import { HOUR_MS, SECOND_MS } from '../../machines/rules/time.ts';

/**
 * AssumeRole on AWS (providers §1.1): 15 min to 12 h. A role's sessions can be revoked only all
 * together and with minutes of delay, which is no revocation of one credential.
 */
export const AWS_ASSUME_ROLE: IssuerCapabilities = {
  name: 'AWS STS AssumeRole',
  lifetimeMaxMs: 12 * HOUR_MS,
  lifetimeMinMs: 900 * SECOND_MS,
  isExpiryEnforced: true,
  revocation: 'never',
  scopeKind: 'prefix-policy',
  propagationMaxMs: 15 * SECOND_MS,
  liveGenerationsMax: null,
};
