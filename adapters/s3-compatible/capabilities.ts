import type { IssuerCapabilities } from '../../machines/ports/credential-issuer.ts';
import { DAY_MS, SECOND_MS } from '../../machines/rules/time.ts';

/** AssumeRole as MinIO has it (providers §1.3): 15 min to 365 days, no revocation of one token. */
export const S3_COMPATIBLE_ASSUME_ROLE: IssuerCapabilities = {
  name: 'S3-compatible STS AssumeRole',
  lifetimeMaxMs: 365 * DAY_MS,
  lifetimeMinMs: 900 * SECOND_MS,
  isExpiryEnforced: true,
  revocation: 'never',
  scopeKind: 'prefix-policy',
  propagationMaxMs: 5 * SECOND_MS,
  liveGenerationsMax: null,
};
