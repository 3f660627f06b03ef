import type { PlanSettings } from '../../machines/rules/plan.ts';
import type { InSessionPolicy, JobKind, RouteSettings } from '../../machines/rules/settings.ts';
import type { Scenario } from '../scenario/types.ts';
import type { WorldName } from '../world/run-summary.ts';

export { WORLDS, type WorldName } from '../world/run-summary.ts';

/** No command: the tour scenario, as a live view where there is a terminal. */
export interface TourOptions {
  readonly scenario: Scenario;
  readonly world: WorldName;
  /** `--headless`: no live view, even on a terminal. */
  readonly headless: boolean;
  /** `--plain`: the live view as plain sentences. */
  readonly plain: boolean;
}

export interface RunOptions {
  readonly scenario: Scenario;
  /** Of the file: what a trace carries so that it can be replayed. */
  readonly text: string;
  /** As the user wrote it, for messages. */
  readonly file: string;
  readonly world: WorldName;
  /** Absolute path where the event log goes as NDJSON; `null`: nowhere. */
  readonly traceFile: string | null;
}

export interface BackupOptions {
  /** Absolute; is a folder. */
  readonly folder: string;
  readonly tenant: string;
  readonly subtenant: string | null;
  readonly repository: string;
  /** By default the last part of the folder's path. */
  readonly backup: string;
  readonly kind: JobKind;
  readonly blockBytes: number;
}

/** Which backup is meant; `null` where the user left it out and one match decides. */
interface BackupChoice {
  readonly tenant: string | null;
  readonly subtenant: string | null;
  readonly repository: string | null;
}

export interface RestoreOptions extends BackupChoice {
  readonly backup: string;
  /** Absolute; missing or empty unless `force`. */
  readonly folder: string;
  /** `null`: the newest point. */
  readonly restorePoint: string | null;
  readonly kind: JobKind;
  readonly force: boolean;
}

export interface ListOptions extends BackupChoice {
  readonly backup: string | null;
}

export interface VerifyOptions extends BackupChoice {
  readonly backup: string;
  /** `null`: the newest point. */
  readonly restorePoint: string | null;
  readonly kind: JobKind;
}

export interface DeleteOptions extends BackupChoice {
  readonly backup: string;
  /** Deleting never guesses: there is no "newest" here. */
  readonly restorePoint: string;
  readonly kind: JobKind;
}

export interface CredentialsOptions {
  readonly tenant: string | null;
  readonly repository: string | null;
}

export interface WarpOptions {
  readonly byMs: number;
}

export interface ExplainOptions {
  readonly settings: RouteSettings;
  readonly credential: PlanSettings;
  /** An issuer was named; else the usual one of the storage kind is meant. */
  readonly isIssuerNamed: boolean;
  /** C15. */
  readonly inSession: InSessionPolicy;
  /** Where the settings stand in a scenario file; `null`: they came as options. */
  readonly source: { readonly repository: string; readonly job: string | null } | null;
}
