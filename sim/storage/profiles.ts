import { DAY_MS, HOUR_MS, SECOND_MS } from '../../machines/rules/time.ts';
import type { S3ErrorCode } from './s3/errors.ts';

export const PROFILE_NAMES = ['aws', 'minio', 'ceph'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** Where S3 vendors answer differently. The servers behind the figures: providers.md, real-servers.md. */
export interface StorageProfile {
  readonly name: ProfileName;
  /** The longest session that AssumeRole issues; a role may set less. */
  readonly longestSessionMs: number;
  readonly shortestSessionMs: number;
  /** How S3 refuses a session whose time is over. */
  readonly expiredSession: S3ErrorCode;
  /** How S3 refuses a temporary key with a wrong token. */
  readonly wrongToken: S3ErrorCode;
  /** How S3 refuses a temporary key without its token. */
  readonly missingToken: S3ErrorCode;
  /** Whether STS and IAM word their errors in their own XML or in that of S3. */
  readonly queryErrors: 'query' | 's3';
  /** Actions of STS and IAM that the vendor does not have, and how it refuses them. */
  readonly missingActions: { readonly names: ReadonlySet<string>; readonly status: 400 | 405 };
  /**
   * Whether AssumeRole leads to the role that it names. Else the caller gets a session with its own
   * rights, whatever role it names, and only a user may ask.
   */
  readonly assumesRole: boolean;
  /** A session that assumes a role again is limited to this. `null`: no such limit. */
  readonly chainedSessionMs: number | null;
  /** New access keys of IAM users are unknown to S3 for this long. */
  readonly newKeyDelayMs: number;
}

const USER_ACTIONS = ['CreateUser', 'DeleteUser', 'GetUser', 'ListUsers'];
const KEY_ACTIONS = ['CreateAccessKey', 'ListAccessKeys', 'UpdateAccessKey', 'DeleteAccessKey'];
const POLICY_ACTIONS = ['PutUserPolicy', 'GetUserPolicy', 'DeleteUserPolicy', 'ListUserPolicies'];

export const PROFILES: Readonly<Record<ProfileName, StorageProfile>> = {
  aws: {
    name: 'aws',
    longestSessionMs: 12 * HOUR_MS,
    shortestSessionMs: 900 * SECOND_MS,
    expiredSession: 'ExpiredToken',
    wrongToken: 'InvalidToken',
    missingToken: 'InvalidAccessKeyId',
    queryErrors: 'query',
    missingActions: { names: new Set(), status: 400 },
    assumesRole: true,
    chainedSessionMs: HOUR_MS,
    newKeyDelayMs: 0,
  },
  minio: {
    name: 'minio',
    longestSessionMs: 365 * DAY_MS,
    shortestSessionMs: 900 * SECOND_MS,
    expiredSession: 'InvalidAccessKeyId',
    wrongToken: 'InvalidTokenId',
    missingToken: 'InvalidTokenId',
    queryErrors: 'query',
    // Users and keys of MinIO are made over its own admin API.
    missingActions: {
      names: new Set([
        'GetCallerIdentity',
        'GetFederationToken',
        'GetSessionToken',
        ...USER_ACTIONS,
        ...KEY_ACTIONS,
        ...POLICY_ACTIONS,
      ]),
      status: 400,
    },
    assumesRole: false,
    chainedSessionMs: null,
    newKeyDelayMs: 0,
  },
  ceph: {
    name: 'ceph',
    longestSessionMs: 12 * HOUR_MS,
    shortestSessionMs: 900 * SECOND_MS,
    expiredSession: 'AccessDenied',
    wrongToken: 'AccessDenied',
    missingToken: 'AccessDenied',
    queryErrors: 's3',
    // Users and keys of Ceph 16 are made with radosgw-admin; it has IAM's user policies.
    missingActions: {
      names: new Set(['GetCallerIdentity', 'GetFederationToken', ...USER_ACTIONS, ...KEY_ACTIONS]),
      status: 405,
    },
    assumesRole: true,
    chainedSessionMs: null,
    newKeyDelayMs: 0,
  },
};
