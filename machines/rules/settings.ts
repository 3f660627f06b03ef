/** The four storage kinds of M2. */
export const STORAGE_KINDS = ['aws', 'gcs', 'azure', 's3-compatible'] as const;
export type StorageKind = (typeof STORAGE_KINDS)[number];

/** The two connection modes of M1; a setting of the repository. */
export const CONNECTION_MODES = ['gateway', 'direct'] as const;
export type ConnectionMode = (typeof CONNECTION_MODES)[number];

/** The three access-permission options of S3-compatible storage (M3); `null` is "not set yet". */
export const ACCESS_OPTIONS = ['share', 'backup-server', 'iam-sts'] as const;
export type AccessOption = (typeof ACCESS_OPTIONS)[number];

export const JOB_KINDS = ['agent', 'server'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** P9: every operation follows the same route and credential rules. */
export const OPERATIONS = ['backup', 'restore', 'list', 'verify', 'delete'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** C15: what a running session does when its credential comes to its end. */
export const IN_SESSION_POLICIES = ['reconnect', 'proactive', 'strict'] as const;
export type InSessionPolicy = (typeof IN_SESSION_POLICIES)[number];

/** Everything that the choice of a route depends on; nothing else may influence it (I1). */
export interface RouteSettings {
  readonly storage: StorageKind;
  readonly mode: ConnectionMode;
  readonly access: AccessOption | null;
  readonly jobKind: JobKind;
  readonly hasGatewayServer: boolean;
  readonly hasMountServer: boolean;
  readonly strictGateway: boolean;
  readonly needsHttpProxy: boolean;
  readonly isTenantConfigBackup: boolean;
  readonly hasImmutability: boolean;
}
