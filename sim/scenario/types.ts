import type { ErrorCode } from '../../machines/rules/errors.ts';
import type { IssuerKind } from '../../machines/rules/issuers.ts';
import type { SasOverride } from '../../machines/rules/lifetimes.ts';
import type { CredentialScope } from '../../machines/rules/scope.ts';
import type {
  AccessOption,
  ConnectionMode,
  InSessionPolicy,
  JobKind,
  Operation,
  StorageKind,
} from '../../machines/rules/settings.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/** Where a thing stands in the scenario file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * A scenario as the worlds run it: read, validated and with every default filled in. Durations are
 * whole ms, sizes whole bytes, instants epoch ms, every reference names something that exists.
 * Plain JSON, deeply frozen.
 */
export interface Scenario {
  readonly version: 1;
  readonly title: string;
  /** A whole number or any text, such as a commit hash. */
  readonly seed: number | string;
  readonly startAt: EpochMs;
  readonly storages: readonly ScenarioStorage[];
  readonly repositories: readonly ScenarioRepository[];
  readonly tenants: readonly ScenarioTenant[];
  readonly jobs: readonly ScenarioJob[];
  readonly steps: readonly ScenarioStep[];
}

export interface ScenarioStorage {
  readonly name: string;
  readonly kind: StorageKind;
  /** C14: the longest credential that this storage issues; `null`: what its vendor allows. */
  readonly longestSessionMs: number | null;
  /** Azure: folders are directories; without, each tenant has a container of its own. */
  readonly hasHierarchicalNamespace: boolean;
}

/** What the SP sets on a repository; `set` steps change these from the next session on (M8). */
export interface RepositorySettings {
  readonly mode: ConnectionMode;
  /** `null`: not specified yet (M4, M6), or a storage kind that has no such option (M5). */
  readonly access: AccessOption | null;
  /** Host name of the gateway server; `null`: none is configured. */
  readonly gatewayServer: string | null;
  /** Host name of the mount server; `null`: none is configured. */
  readonly mountServer: string | null;
  /** M7. */
  readonly strictGateway: boolean;
  /** X1: every job of this repository must use an HTTP proxy. */
  readonly needsHttpProxy: boolean;
  /** X3. */
  readonly hasImmutability: boolean;
  /** C15. */
  readonly inSession: InSessionPolicy;
  /** C15: how long before the expiry no new request starts. */
  readonly marginMs: number;
  /** C11: whose clock the check of C2 uses. */
  readonly checkClock: 'tenant' | 'sp';
  /** C17. */
  readonly strictRenewal: boolean;
  /** C14. */
  readonly adaptThreshold: boolean;
  /** C14; `null`: half of the effective lifetime. */
  readonly renewalFloorMs: number | null;
  /** C4; `null`: 30 d and 15 d. */
  readonly sasOverride: SasOverride | null;
  /** C21: the Azure repository was added with Entra ID. */
  readonly entraId: boolean;
  /** How the storage gives out temporary credentials. */
  readonly issuer: IssuerKind;
  /** Q5: from here on no new backup starts; `null`: no such limit. */
  readonly softLimitBytes: number | null;
  /** Azure: SAS links hang on a stored access policy, so that they can be revoked (C13). */
  readonly storedAccessPolicy: boolean;
}

export interface ScenarioRepository extends RepositorySettings {
  readonly name: string;
  /** Name of one of the scenario's storages. */
  readonly storage: string;
}

export interface ScenarioTenant {
  readonly name: string;
  /** Bytes in every repository that the tenant uses. */
  readonly quotaBytes: number;
  /** C22. */
  readonly disabled: boolean;
  readonly subtenants: readonly ScenarioSubtenant[];
}

export interface ScenarioSubtenant {
  readonly name: string;
  /** `null`: only the tenant's quota limits it (Q4). */
  readonly quotaBytes: number | null;
}

export interface ScenarioJob {
  readonly name: string;
  readonly tenant: string;
  readonly subtenant: string | null;
  readonly repository: string;
  readonly kind: JobKind;
  /** Folder name of the backup in the repository; the job's name where the file gives none. */
  readonly backup: string;
  readonly source: JobSource;
  readonly blockBytes: number;
  /** X1: the job's own need; the repository may need one for all its jobs (`routeSettingsOf`). */
  readonly needsHttpProxy: boolean;
  /** X2: the job backs up the tenant's own configuration. */
  readonly isTenantConfigBackup: boolean;
  /** C15: the job's own policy, else the repository's. */
  readonly inSession: InSessionPolicy | null;
  readonly schedule: JobSchedule | null;
}

export type JobSource =
  /** Absolute path; a relative one in the file counts from the file's own folder. */
  | { readonly type: 'folder'; readonly path: string }
  | {
      readonly type: 'synthetic';
      readonly files: number;
      /** All files together. */
      readonly totalBytes: number;
      readonly seed: number | string;
      /** Share of the blocks, 0 to 1, that differ from one backup of the job to its next. */
      readonly changedShare: number;
    };

/** Backups that start by themselves while warps move the clock; see `scheduledRuns`. */
export interface JobSchedule {
  readonly firstAt: EpochMs;
  readonly everyMs: number;
  /** `null`: as long as the scenario's steps last. */
  readonly times: number | null;
}

export interface ScheduledRun {
  readonly at: EpochMs;
  readonly job: string;
}

/** What a `run` step says will happen; a difference is a violation of the scenario. */
export interface RunExpectation {
  readonly state: 'done' | 'failed';
  /** Only for `failed`; `null`: any code. */
  readonly code: ErrorCode | null;
  /** The credential generation that the session ends with; `null`: any. */
  readonly generation: number | null;
}

export type ScenarioStep =
  | {
      readonly type: 'run';
      readonly place: Place;
      readonly job: string;
      readonly operation: Operation;
      /** `null`: nothing is expected, either end is fine. */
      readonly expect: RunExpectation | null;
    }
  /** Moves the clock; scheduled backups in between run at their instants. Never negative. */
  | { readonly type: 'warp'; readonly place: Place; readonly byMs: number }
  /**
   * Moves the clock to an instant of the newest credential of a scope, plus the offset:
   * `expiry` is `expiresAt`, `renewalLine` is `expiresAt - renewBelowMs`, where exactly the
   * threshold is left (C10: not renewed there, renewed 1 ms later).
   */
  | {
      readonly type: 'warpTo';
      readonly place: Place;
      readonly instant: 'expiry' | 'renewalLine';
      readonly scope: CredentialScope;
      readonly offsetMs: number;
    }
  | {
      readonly type: 'setRepository';
      readonly place: Place;
      readonly repository: string;
      readonly changes: Partial<RepositorySettings>;
    }
  | {
      readonly type: 'setTenant';
      readonly place: Place;
      readonly tenant: string;
      /** Set: the quota is the subtenant's; `disabled` is the tenant's always. */
      readonly subtenant: string | null;
      readonly changes: { readonly quotaBytes?: number; readonly disabled?: boolean };
    }
  /** X5. */
  | { readonly type: 'setMaintenance'; readonly place: Place; readonly isOn: boolean }
  | { readonly type: 'fault'; readonly place: Place; readonly fault: ScenarioFault }
  /** Restores the newest point of every backup that said it succeeded, and compares (I72). */
  | { readonly type: 'restoreAll'; readonly place: Place };

/** Where a fault strikes: a storage's requests, its credential API, the tenant–SP connection. */
export const FAULT_SITES = ['storage', 'issuer', 'channel'] as const;
export type FaultSite = (typeof FAULT_SITES)[number];

/** Operations of a storage site that a fault can wait for. */
export const STORAGE_OPERATIONS = [
  'PutObject',
  'GetObject',
  'HeadObject',
  'ListObjectsV2',
  'DeleteObject',
  'DeleteObjects',
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
] as const;
export type StorageOperation = (typeof STORAGE_OPERATIONS)[number];

/** What a storage, or its credential API, can be made to answer. */
export const FAULT_ERRORS = [
  'SlowDown',
  'InternalError',
  'ExpiredToken',
  'AccessDenied',
  'InvalidAccessKeyId',
  'RequestTimeTooSkewed',
] as const;
export type FaultError = (typeof FAULT_ERRORS)[number];

/** Armed by its step; calls are counted from there on. */
export interface ScenarioFault {
  readonly site: FaultSite;
  /** Which storage (sites `storage` and `issuer`); `null`: whichever is called. */
  readonly storage: string | null;
  /** `null`: every operation counts. */
  readonly operation: StorageOperation | null;
  /** Strikes at this matching call, counted from 1. */
  readonly nth: number;
  /** How many calls in a row it strikes. */
  readonly repeat: number;
  readonly effect: FaultEffect;
}

export type FaultEffect =
  /** All clocks jump ahead just before the call is looked at. */
  | { readonly kind: 'jump'; readonly byMs: number }
  | { readonly kind: 'error'; readonly error: FaultError }
  /** The connection is cut instead of an answer. */
  | { readonly kind: 'reset' }
  /** One bit of the answer's body is flipped. */
  | { readonly kind: 'corruptBody' }
  | { readonly kind: 'delay'; readonly byMs: number }
  /** The site cannot be reached for this long. */
  | { readonly kind: 'down'; readonly forMs: number };
