import type { CredentialIssuer } from '../../machines/ports/credential-issuer.ts';
import { type AssumeRoleIssuerOptions, createAssumeRoleIssuer } from '../s3/assume-role-issuer.ts';
import { S3_COMPATIBLE_ASSUME_ROLE } from './capabilities.ts';

/** The STS of an S3-compatible storage, on the storage's own endpoint unless said otherwise. */
export function createS3CompatibleIssuer(
  options: Omit<AssumeRoleIssuerOptions, 'capabilities'> &
    Partial<Pick<AssumeRoleIssuerOptions, 'capabilities'>>,
): CredentialIssuer {
  return createAssumeRoleIssuer({ capabilities: S3_COMPATIBLE_ASSUME_ROLE, ...options });
}
