import type { ConnectionInput } from '../../machines/control-connection/index.ts';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import type { JobKind } from '../../machines/rules/settings.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { RepositorySettings, ScenarioRepository, ScenarioStorage } from '../scenario/types.ts';

/** A whole number drawn between two bounds; with `typical`, half of the draws lie below it. */
export interface Spread {
  readonly min: number;
  readonly typical: number;
  readonly max: number;
}

/** A fleet as the world runs it: plain JSON, every default filled in, whole ms and bytes. */
export interface Fleet {
  readonly version: 1;
  readonly title: string;
  readonly seed: number | string;
  readonly startAt: EpochMs;
  readonly days: number;
  /** L1: how long the healthy phase after the last day may take. */
  readonly settleMs: number;
  readonly network: FleetNetwork;
  readonly connection: ConnectionInput;
  readonly session: FleetSessionSettings;
  readonly spClock: FleetClock;
  readonly grantChunkBytes: number;
  readonly storages: readonly FleetStorage[];
  readonly gateways: readonly FleetGateway[];
  readonly repositories: readonly FleetRepository[];
  readonly groups: readonly TenantGroup[];
  readonly faults: readonly FleetFault[];
  readonly events: readonly FleetEvent[];
}

/** One way of a control message through the cloud gateway. Shares are parts per million. */
export interface FleetNetwork {
  readonly latency: Spread;
  readonly lossPpm: number;
  readonly duplicatePpm: number;
  readonly reorderPpm: number;
  /** A message that is overtaken comes this much later. */
  readonly reorderMs: number;
}

export interface FleetSessionSettings {
  readonly reconnectBudgetMs: number;
  readonly answerTimeoutMs: number;
  readonly restartsMax: number;
  readonly heartbeatMs: number;
  readonly quotaWaitMs: number;
  readonly moverStart: Spread;
}

export interface ClockJump {
  readonly atMs: number;
  readonly byMs: number;
}

export interface FleetClock {
  readonly offset: Spread;
  /** Gains so many ms in a million ms; may be negative. */
  readonly driftPpm: number;
  readonly jumps: readonly ClockJump[];
}

export interface FleetStorage extends ScenarioStorage {
  readonly requestLatency: Spread;
  /** Bytes a second that all direct sessions together may write; `null`: no limit. */
  readonly bandwidth: number | null;
  readonly issueLatency: Spread;
  /** Issues a second, and how many at once after a rest; `null`: no limit. */
  readonly issueRate: { readonly perSecond: number; readonly burst: number } | null;
  /** C19. */
  readonly propagation: Spread;
}

export interface FleetGateway {
  readonly name: string;
  /** Bytes a second of one; the gateways of a name share the sessions evenly. */
  readonly bandwidth: number;
  readonly count: number;
}

export interface FleetRepository extends ScenarioRepository {
  readonly gateway: string;
}

export type Schedule =
  | { readonly kind: 'daily'; readonly timeOfDayMs: number }
  | { readonly kind: 'weekly'; readonly weekday: number; readonly timeOfDayMs: number }
  | { readonly kind: 'every'; readonly everyMs: number };

export interface TenantGroup {
  readonly name: string;
  readonly count: number;
  readonly subtenants: number;
  readonly repository: string;
  readonly jobKind: JobKind;
  readonly quotaBytes: number;
  readonly subtenantQuotaBytes: number | null;
  readonly schedule: Schedule;
  readonly jitterMs: number;
  /** Ms since midnight, UTC; `null`: at any hour, also at weekends. */
  readonly businessHours: { readonly fromMs: number; readonly toMs: number } | null;
  /** The tenants come one after the other within this stretch, counted from the start. */
  readonly onboarding: { readonly fromMs: number; readonly overMs: number };
  readonly first: Spread;
  readonly incremental: Spread;
  /** Bytes a second that one session can move. */
  readonly throughput: number;
  /** Restore points that are kept; older increments are merged away and free their space. */
  readonly keep: number;
  readonly clock: FleetClock;
}

/** Where a fault strikes; each has calls that are counted. */
export const FAULT_SITES = [
  'issuer',
  'storage',
  'records',
  'sp',
  'gateway',
  'network',
  'message',
  'mover',
] as const;
export type FaultSite = (typeof FAULT_SITES)[number];

export type FaultEffect =
  | { readonly kind: 'error'; readonly code: ErrorCode }
  | { readonly kind: 'delay'; readonly byMs: number }
  /** The answer, or the message, never comes. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'duplicate' }
  /** A mover process is gone. */
  | { readonly kind: 'crash'; readonly role: 'source' | 'target' }
  | { readonly kind: 'down'; readonly direction: 'both' | 'up' | 'down' };

export interface FleetFault {
  readonly name: string;
  readonly site: FaultSite;
  /** Name of a storage, a gateway or a group; `null`: any. */
  readonly of: string | null;
  readonly trigger:
    | { readonly kind: 'at'; readonly atMs: number }
    | { readonly kind: 'nth'; readonly nth: number; readonly repeat: number }
    | { readonly kind: 'chance'; readonly oneIn: number };
  /** Once it has struck it goes on for this long: outages, and bursts of errors. */
  readonly forMs: number;
  readonly effect: FaultEffect;
}

export type FleetEvent =
  | {
      readonly kind: 'repository';
      readonly atMs: number;
      readonly repository: string;
      readonly changes: Partial<RepositorySettings>;
    }
  | {
      /** C22: the first `share` parts per million of a group's tenants. */
      readonly kind: 'disable' | 'enable';
      readonly atMs: number;
      readonly group: string;
      readonly sharePpm: number;
    }
  /** X5: what runs goes on, nothing new starts. */
  | { readonly kind: 'maintenance'; readonly atMs: number; readonly isOn: boolean }
  | {
      readonly kind: 'quota';
      readonly atMs: number;
      readonly group: string;
      readonly quotaBytes: number;
    };
