import type { EpochMs } from '../../../machines/rules/time.ts';

/** Who had the least, and when. */
export interface Extreme {
  readonly leftMs: number;
  readonly session: string;
  readonly at: EpochMs;
}

export interface LifeHistogram {
  readonly count: number;
  readonly minimum: Extreme | null;
  /** How many sessions had less than this left, and at least what the row before says. */
  readonly buckets: readonly { readonly belowMs: number | null; readonly count: number }[];
}

export interface GatewayReport {
  readonly name: string;
  readonly bytes: number;
  readonly bytesPerHour: readonly number[];
  /** What it could carry in an hour. */
  readonly capacityBytes: number;
  /** How long more was wanted than it could carry. */
  readonly saturatedMs: number;
  readonly peak: { readonly bytes: number; readonly at: EpochMs } | null;
  readonly flowsMax: number;
}

export interface DirectReport {
  readonly name: string;
  readonly bytes: number;
  readonly bytesPerHour: readonly number[];
  readonly flowsMax: number;
}

/** Everything that `fortnight simulate` shows of one run; JSON. Series have one value an hour. */
export interface FleetReport {
  readonly startAt: EpochMs;
  readonly endAt: EpochMs;
  readonly hours: number;
  readonly tenants: number;
  readonly sessions: {
    readonly started: number;
    readonly done: number;
    readonly failed: number;
    readonly cancelled: number;
    readonly skipped: number;
    readonly bytes: number;
    readonly reasons: readonly {
      readonly state: string;
      readonly code: string | null;
      readonly count: number;
    }[];
    readonly failedPerHour: readonly number[];
    readonly startedPerHour: readonly number[];
  };
  readonly issues: {
    readonly total: number;
    readonly renewals: number;
    readonly failedAttempts: number;
    readonly perHour: readonly number[];
    readonly renewalsPerHour: readonly number[];
    readonly peak: { readonly count: number; readonly at: EpochMs } | null;
  };
  readonly life: { readonly first: LifeHistogram; readonly last: LifeHistogram };
  readonly generations: { readonly alivePerHour: readonly number[]; readonly peak: number };
  readonly gateways: readonly GatewayReport[];
  readonly direct: readonly DirectReport[];
  readonly quota: {
    readonly usedBytes: number;
    readonly quotaBytes: number;
    readonly nearlyFull: number;
    readonly refused: number;
    readonly fullest: {
      readonly tenant: string;
      readonly usedBytes: number;
      readonly quotaBytes: number;
    } | null;
  };
  readonly retries: {
    readonly storage: readonly { readonly code: string; readonly count: number }[];
    readonly moverRestarts: number;
    readonly connectionsLost: number;
  };
  readonly revocations: {
    readonly revoked: number;
    readonly irrevocable: number;
    /** What could not be revoked is usable until then. */
    readonly usableUntil: EpochMs | null;
  };
  readonly faults: readonly { readonly name: string; readonly count: number }[];
}
