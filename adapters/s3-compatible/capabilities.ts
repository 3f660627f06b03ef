import type { IssuerCapabilities } from '../../machines/ports/credential-issuer.ts';
import { ISSUERS } from '../../machines/rules/issuers.ts';
import { SECOND_MS } from '../../machines/rules/time.ts';

/** AssumeRole as MinIO has it (providers §1.3): 15 min to 365 days, no revocation of one token. */
export const S3_COMPATIBLE_ASSUME_ROLE: IssuerCapabilities = {
  ...ISSUERS['assume-role'],
  name: 'S3-compatible STS AssumeRole',
  propagationMaxMs: 5 * SECOND_MS,
};
