import type { LogEvent } from '../../../machines/ports/event-log.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';

/** Everything that the terminal shows of a run. JSON-like and never changed in place. */
export interface ViewModel {
  /** By session id. */
  readonly sessions: ReadonlyMap<string, SessionView>;
  /** By scope id (`acme/vault-direct`), C12. */
  readonly credentials: ReadonlyMap<string, CredentialView>;
  /** Faults that have struck, by name. */
  readonly faults: ReadonlyMap<string, FaultView>;
  readonly eventCount: number;
  /** Time of the newest event; null before the first. */
  readonly lastAt: EpochMs | null;
  /** How many of the sessions that are listed have ended. */
  readonly endedCount: number;
  /** Sessions that ended and are only counted any more. */
  readonly folded: FoldedCounts;
}

export interface FoldedCounts {
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
}

/** How much of the past a view keeps one by one: a fleet goes on for months. */
export interface Keeping {
  /** When twice as many ended sessions are listed, the older half is folded into counts. */
  readonly endedSessions: number;
  /** Of each credential, the newest. */
  readonly generations: number;
}

export const KEEP_ALL: Keeping = {
  endedSessions: Number.POSITIVE_INFINITY,
  generations: Number.POSITIVE_INFINITY,
};

export interface SessionView {
  readonly id: string;
  readonly startedAt: EpochMs;
  readonly tenant: string;
  readonly subtenant: string | null;
  readonly repository: string;
  readonly operation: string;
  readonly jobKind: string;
  readonly backup: string;
  /** The scope of its credential: tenant, subtenant and repository (C12). */
  readonly scope: string;
  readonly route: RouteView | null;
  /** Why no route was given; null where one was, or none was asked for yet. */
  readonly refusal: { readonly code: string; readonly rule: string | null } | null;
  /** State of the session machine, `active.running`. */
  readonly state: string;
  /** Its log tells the ordinary states too; a fleet's tells only the unusual ones. */
  readonly tellsStates: boolean;
  readonly movers: readonly MoverView[];
  readonly hops: HopBytes;
  /** What the target mover holds; null before a delivery and on gateway routes. */
  readonly held: { readonly generation: number; readonly expiresAt: EpochMs | null } | null;
  readonly quota: QuotaView | null;
  readonly lastCheck: CheckView | null;
  /** Its newest piece of news. */
  readonly lastNews: LogEvent | null;
  /** How often its movers were started again (F1, F2). */
  readonly restarts: number;
  readonly outcome: OutcomeView | null;
}

export interface FaultView {
  readonly name: string;
  readonly site: string;
  readonly kind: string;
  readonly firedCount: number;
  readonly lastAt: EpochMs;
}

export interface RouteView {
  readonly storage: string;
  readonly mode: string;
  readonly access: string | null;
  readonly dataPath: string;
  readonly sourceHost: string;
  readonly targetHost: string;
  readonly credential: string;
  readonly assumed: boolean;
  readonly rules: readonly string[];
}

export interface MoverView {
  readonly role: string;
  readonly host: string;
  readonly isRunning: boolean;
}

/** Data bytes as each end of a hop counted them; null: nobody has counted yet. */
export interface HopBytes {
  /** Between the source mover and its neighbour, counted by the source mover. */
  readonly atSource: number | null;
  /** Passed on by the cloud gateway; known at the end of a session. */
  readonly atGateway: number | null;
  /** Between the target mover and its neighbour, counted by the target mover. */
  readonly atTarget: number | null;
  /** Between the target mover and the storage. */
  readonly atStorage: number | null;
}

export interface QuotaView {
  readonly usedBytes: number;
  readonly reservedBytes: number;
  readonly quotaBytes: number;
}

/** One evaluation of the renewal rule, with both operands. */
export interface CheckView {
  readonly at: EpochMs;
  readonly by: string;
  readonly trigger: string;
  /** Null: nothing was held. */
  readonly expiresAt: EpochMs | null;
  readonly leftMs: number;
  readonly renewBelowMs: number;
  readonly includesLine: boolean;
  /** `keep` or `renew`. */
  readonly decision: string;
}

export interface OutcomeView {
  readonly state: string;
  readonly code: string | null;
  readonly verified: boolean | null;
  readonly at: EpochMs;
}

export interface CredentialView {
  readonly scope: string;
  /** By rising number. */
  readonly generations: readonly GenerationView[];
  /** The renewal line, as the last check or the route's rule says; null: not known yet. */
  readonly line: RenewalLineView | null;
  readonly lastCheck: CheckView | null;
  /** C3: its line is a reissue line. */
  readonly isSas: boolean;
}

export interface RenewalLineView {
  readonly renewBelowMs: number;
  readonly includesLine: boolean;
}

export interface GenerationView {
  readonly generation: number;
  readonly issuedAt: EpochMs;
  readonly expiresAt: EpochMs;
  readonly issuer: string;
  readonly state: 'issued' | 'saved' | 'revoked' | 'irrevocable';
}

/** How a sentence is meant; the theme gives it a sign and a colour. */
export type Tone = 'plain' | 'good' | 'attention' | 'bad';

/** One event of the log as a plain sentence. */
export interface LogEntry {
  readonly seq: number;
  readonly at: EpochMs;
  readonly session: string | null;
  readonly type: string;
  readonly text: string;
  /** `C2`: the rules behind it. */
  readonly rules: readonly string[];
  readonly tone: Tone;
  /** Single requests and bookkeeping are none. */
  readonly isNews: boolean;
}
