import type { IssuerKind } from '../../../machines/rules/issuers.ts';
import type { StorageKind } from '../../../machines/rules/settings.ts';

/** Names of environment variables, by what they hold. The file itself never holds a secret. */
export interface EnvironmentNames {
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  readonly accountKey?: string | undefined;
  readonly clientSecret?: string | undefined;
  /** The text of a service account's key file (JSON). */
  readonly serviceAccountKey?: string | undefined;
  /** The path of one, as GOOGLE_APPLICATION_CREDENTIALS is. */
  readonly serviceAccountKeyFile?: string | undefined;
}

/** Where the secrets come from. */
export type SecretPlace =
  | { readonly from: 'environment'; readonly names: EnvironmentNames }
  /** Of `~/.aws/credentials`, or of the file that AWS_SHARED_CREDENTIALS_FILE names. */
  | { readonly from: 'profile'; readonly profile: string };

interface TargetCommon {
  /** As the user named the file. */
  readonly file: string;
  readonly kind: StorageKind;
  /** `null`: the vendor's own. */
  readonly endpoint: string | null;
  readonly region: string;
  /** The bucket or container. It must be there; nothing but the run's own folder is touched. */
  readonly bucket: string;
  readonly issuer: IssuerKind;
  /** C14: what the storage is set up to allow; `null`: what its vendor allows. */
  readonly longestSessionMs: number | null;
  readonly secrets: SecretPlace;
  /** `null`: a new one with a random name. */
  readonly repository: string | null;
  /** Waits for the end of the shortest credential, however long that takes. */
  readonly waits: boolean;
  /** Of the whole run, in real time, without what `waits` adds. */
  readonly timeLimitMs: number;
  /** Goes on although keys and tokens would travel over plain HTTP. */
  readonly allowsPlainHttp: boolean;
}

export interface S3Target extends TargetCommon {
  readonly kind: 'aws' | 's3-compatible';
  readonly roleArn: string | null;
  readonly stsEndpoint: string | null;
  readonly iamEndpoint: string | null;
}

export interface AzureTarget extends TargetCommon {
  readonly kind: 'azure';
  readonly account: string | null;
  readonly hasHierarchicalNamespace: boolean;
  readonly storedAccessPolicy: boolean;
  /** Of Entra ID (C21). */
  readonly directory: string | null;
  readonly clientId: string | null;
  readonly authority: string | null;
}

export interface GcsTarget extends TargetCommon {
  readonly kind: 'gcs';
  readonly tokenUrl: string | null;
  readonly exchangeUrl: string | null;
  readonly iamUrl: string | null;
  readonly iamCredentialsUrl: string | null;
}

/** One storage that is asked whether it can carry direct mode. */
export type VerifyTarget = S3Target | AzureTarget | GcsTarget;
