import type { CredentialIssuer } from '../../machines/ports/credential-issuer.ts';
import { type AssumeRoleIssuerOptions, createAssumeRoleIssuer } from '../s3/assume-role-issuer.ts';
import { AWS_ASSUME_ROLE } from './capabilities.ts';

/** AWS STS. The role's own MaxSessionDuration must allow what is asked for, else `issuer.limit`. */
export function createAwsIssuer(
  options: Omit<AssumeRoleIssuerOptions, 'capabilities'>,
): CredentialIssuer {
  return createAssumeRoleIssuer({ ...options, capabilities: AWS_ASSUME_ROLE });
}
