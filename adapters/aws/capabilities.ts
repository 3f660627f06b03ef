import type { IssuerCapabilities } from '../../machines/ports/credential-issuer.ts';
import { ISSUERS, vendorMaximumMs } from '../../machines/rules/issuers.ts';

/** AssumeRole on AWS (providers §1.1): 15 min to 12 h. */
export const AWS_ASSUME_ROLE: IssuerCapabilities = {
  ...ISSUERS['assume-role'],
  name: 'AWS STS AssumeRole',
  lifetimeMaxMs: vendorMaximumMs('aws', 'assume-role'),
};
