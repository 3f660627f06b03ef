import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import type { IssuerCapabilities } from '../../../machines/rules/issuers.ts';
import { createAwsIssuer } from '../../aws/assume-role-issuer.ts';
import { createFederationTokenIssuer } from '../../aws/federation-token-issuer.ts';
import { createIamUserIssuer } from '../../aws/iam-user-issuer.ts';
import { createS3CompatibleIssuer } from '../../s3-compatible/assume-role-issuer.ts';
import type { CreateIssuerOptions, S3Access } from './options.ts';

/** `null`: S3 has no such issuer. */
export function createS3Issuer(
  { issuer, location, credential, clock }: CreateIssuerOptions,
  { roleArn, iamEndpoint, stsEndpoint }: S3Access,
  capabilities: IssuerCapabilities,
): CredentialIssuer | null {
  const common = { location, credential, clock, capabilities };
  const sts = stsEndpoint === undefined ? common : { ...common, stsEndpoint };
  switch (issuer) {
    case 'iam-user':
      return createIamUserIssuer(iamEndpoint === undefined ? common : { ...common, iamEndpoint });
    case 'federation-token':
      return createFederationTokenIssuer(sts);
    case 'assume-role': {
      if (roleArn === null) throw new Error(`${issuer} needs the ARN of a role`);
      const isAws = location.storage === 'aws';
      return (isAws ? createAwsIssuer : createS3CompatibleIssuer)({ ...sts, roleArn });
    }
    default:
      return null;
  }
}
