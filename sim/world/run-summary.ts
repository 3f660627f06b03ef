import type { ErrorCode } from '../../machines/rules/errors.ts';
import type { Route } from '../../machines/rules/route.ts';
import type { Operation } from '../../machines/rules/settings.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/** The worlds that a scenario can run in. */
export const WORLDS = ['lab', 'memory'] as const;
export type WorldName = (typeof WORLDS)[number];

/** The last line of `run --json`, and what the readable report is made of. JSON, no secrets. */
export interface RunSummary {
  readonly type: 'run.summary';
  /** No violation, and every expectation of the scenario was met. */
  readonly ok: boolean;
  readonly title?: string;
  readonly seed?: number | string;
  readonly world?: WorldName;
  readonly startAt?: EpochMs;
  readonly endAt?: EpochMs;
  readonly violations: readonly SummaryViolation[];
  readonly sessions: readonly SummarySession[];
  readonly credentials: readonly SummaryCredential[];
}

export interface SummaryViolation {
  /** `I4`; `expect` where the scenario expected something else. */
  readonly invariant: string;
  /** `P3`: the rule behind it; null where there is none. */
  readonly rule: string | null;
  readonly session: string | null;
  readonly text: string;
}

export interface SummarySession {
  readonly id: string;
  readonly tenant: string;
  readonly subtenant?: string | null;
  readonly repository: string;
  readonly operation: Operation;
  /** Null when the route was refused. */
  readonly route: Route | null;
  readonly state: 'done' | 'failed' | 'cancelled';
  readonly code?: ErrorCode | null;
  readonly bytes: { readonly source: number; readonly gateway: number; readonly storage: number };
  /** The generation that the session ended with; null where the tenant holds none. */
  readonly generation: number | null;
  /** Null where nothing was read back. */
  readonly verified: boolean | null;
}

export interface SummaryCredential {
  /** `acme/vault-direct`. */
  readonly scope: string;
  readonly generation: number;
  readonly issuedAt: EpochMs;
  readonly expiresAt: EpochMs;
  /** `live`, `superseded`, … as the configuration database keeps it. */
  readonly state?: string;
}
