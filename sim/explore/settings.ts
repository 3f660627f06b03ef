import type { SessionInput, TenantCheck } from '../../machines/backup-session/index.ts';
import type { ConnectionInput } from '../../machines/control-connection/index.ts';
import type { LifecycleSettings } from '../../machines/credential-lifecycle/index.ts';
import type { Route } from '../../machines/rules/route.ts';
import type { Life } from './life-line.ts';

/** What may go wrong; each time takes one from the budget. */
export const FAULTS = [
  'issuer',
  'late',
  'loss',
  'repeat',
  'crash',
  'channel',
  'contact',
  'mover',
  'storage',
  'quota',
  'refusal',
  'disable',
  'oversleep',
  'restart',
] as const;
export type FaultKind = (typeof FAULTS)[number];

/** How a session goes when the SP opens it: by the settings of that moment (M8). */
export interface Opening {
  readonly route: Route;
  readonly check: TenantCheck | null;
}

interface AnySettings {
  readonly name: string;
  /** What makes it different, in a sentence. */
  readonly about: string;
  readonly faults: readonly FaultKind[];
  /** C14: where every connect renews, so many sessions in all keep the generations few. */
  readonly startsMax: number | null;
  /** Beside each other; more have too many generations at too many distances to be all looked at. */
  readonly sessionsMax: number;
}

/** Target movers that draw from one ledger; a block is one byte. */
export interface MoverSettings extends AnySettings {
  readonly kind: 'movers';
  readonly life: Life;
  /** `null`: credentials that never end. */
  readonly lifetimeMs: number | null;
  readonly quotaBytes: number;
  /** What the SP may set it to while sessions run. */
  readonly quotas: readonly number[];
  readonly chunkBytes: number;
  /** How long a session waits for a raised quota (Q3). */
  readonly quotaWaitMs: number;
  /** That each mover stores. */
  readonly blocks: number;
}

/** Persistent connections to one SP. */
export interface ConnectionSettings extends AnySettings {
  readonly kind: 'connections';
  readonly input: ConnectionInput;
}

/** One small system: everything that is fixed before the first step. */
export type SystemSettings = DeskSettings | MoverSettings | ConnectionSettings;

/** A scope's desk and its sessions. */
export interface DeskSettings extends AnySettings {
  readonly kind: 'desk';
  readonly lifecycle: LifecycleSettings;
  readonly session: SessionInput;
  /** More than one: the settings change while sessions run. */
  readonly openings: readonly Opening[];
  readonly life: Life;
  readonly isRevocable: boolean;
  /** The user pauses and cancels; each wish counts as a fault. */
  readonly hasUser: boolean;
}

/** How far the search goes. */
export interface Bounds {
  readonly scopes: number;
  /** At once, in each scope; a place is used again when its session has ended. */
  readonly sessions: number;
  /** How many faults in one run of the system. */
  readonly faults: number;
}
