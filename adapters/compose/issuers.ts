import type { Clock } from '../../machines/ports/clock.ts';
import type { CredentialIssuer } from '../../machines/ports/credential-issuer.ts';
import type {
  AzureApplication,
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { ISSUERS, type IssuerKind, issuerMaximumMs } from '../../machines/rules/issuers.ts';
import { createAwsIssuer } from '../aws/assume-role-issuer.ts';
import { createFederationTokenIssuer } from '../aws/federation-token-issuer.ts';
import { createIamUserIssuer } from '../aws/iam-user-issuer.ts';
import { createS3CompatibleIssuer } from '../s3-compatible/assume-role-issuer.ts';

/** What the issuers of a storage need besides its location and the SP's own credential there. */
export type IssuerAccess =
  | {
      readonly family: 's3';
      /** For AssumeRole; `null`: there is no role. */
      readonly roleArn: string | null;
      /** Where they are not on the storage's endpoint. */
      readonly stsEndpoint?: string;
      readonly iamEndpoint?: string;
    }
  | {
      readonly family: 'azure';
      readonly hasHierarchicalNamespace: boolean;
      /** C21; `null`: the repository was not added with Entra ID. */
      readonly application: AzureApplication | null;
      /** As `https://login.microsoftonline.com`. */
      readonly authority: string;
    }
  | {
      readonly family: 'gcs';
      readonly projectId: string;
      /** Google's own when absent. */
      readonly exchangeUrl?: string;
    };

export interface CreateIssuerOptions {
  readonly issuer: IssuerKind;
  /** C14: what the storage is set up to allow; `null`: what its vendor allows. */
  readonly longestSessionMs: number | null;
  readonly storedAccessPolicy: boolean;
  readonly location: StorageLocation;
  readonly access: IssuerAccess;
  /** The SP's own. */
  readonly credential: StorageCredential;
  readonly clock: Clock;
}

/** The issuer that a repository's settings ask for; throws where the storage has none such. */
export function createIssuer(options: CreateIssuerOptions): CredentialIssuer {
  const { issuer, location, credential, clock, access } = options;
  const lifetimeMaxMs = issuerMaximumMs(location.storage, issuer, options.longestSessionMs);
  const capabilities = { ...ISSUERS[issuer], lifetimeMaxMs };
  const common = { location, credential, clock, capabilities };
  if (access.family === 's3') {
    const { iamEndpoint, stsEndpoint } = access;
    const sts = stsEndpoint === undefined ? common : { ...common, stsEndpoint };
    switch (issuer) {
      case 'iam-user':
        return createIamUserIssuer(iamEndpoint === undefined ? common : { ...common, iamEndpoint });
      case 'federation-token':
        return createFederationTokenIssuer(sts);
      case 'assume-role': {
        const { roleArn } = access;
        if (roleArn === null) throw new Error(`${issuer} needs the ARN of a role`);
        return location.storage === 'aws'
          ? limited(createAwsIssuer({ ...sts, roleArn }), lifetimeMaxMs)
          : createS3CompatibleIssuer({ ...sts, roleArn });
      }
      default:
        throw unfit(issuer, access);
    }
  }
  throw unfit(issuer, access);
}

function limited(issuer: CredentialIssuer, lifetimeMaxMs: number): CredentialIssuer {
  return { ...issuer, capabilities: { ...issuer.capabilities, lifetimeMaxMs } };
}

function unfit(issuer: IssuerKind, { family }: IssuerAccess): Error {
  return new Error(`a storage of the family ${family} has no issuer ${issuer}`);
}
