import type { Clock } from '../../../machines/ports/clock.ts';
import type {
  AzureApplication,
  StorageCredential,
  StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import type { IssuerKind } from '../../../machines/rules/issuers.ts';
import type { GoogleEndpoints } from '../../gcs/control-requests.ts';

/** What the issuers of a storage need besides its location and the SP's own credential there. */
export type IssuerAccess = S3Access | AzureAccess | GoogleAccess;

export interface S3Access {
  readonly family: 's3';
  /** For AssumeRole; `null`: there is no role. */
  readonly roleArn: string | null;
  /** Where they are not on the storage's endpoint. */
  readonly stsEndpoint?: string;
  readonly iamEndpoint?: string;
}

export interface AzureAccess {
  readonly family: 'azure';
  /** Without directories each tenant has a container of its own. */
  readonly hasHierarchicalNamespace: boolean;
  /** C21; `null`: no repository was added with Entra ID. */
  readonly application: AzureApplication | null;
  /** Who issues the application's tokens; default: Entra ID. */
  readonly authority?: string;
}

export interface GoogleAccess {
  readonly family: 'gcs';
  /** Google's own when absent. */
  readonly endpoints?: GoogleEndpoints;
}

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
