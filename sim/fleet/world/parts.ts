import type {
  backupSessionMachine,
  SessionContext,
  TenantCheck,
} from '../../../machines/backup-session/index.ts';
import type {
  ConnectionContext,
  controlConnectionMachine,
} from '../../../machines/control-connection/index.ts';
import type {
  credentialLifecycleMachine,
  LifecycleContext,
} from '../../../machines/credential-lifecycle/index.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { QuotaLedger } from '../../../machines/rules/quota.ts';
import type { Route } from '../../../machines/rules/route.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import type { Agenda } from '../model/agenda.ts';
import type { Chance } from '../model/chance.ts';
import type { FleetLog } from '../model/fleet-log.ts';
import type { Flow } from '../model/fluid-link.ts';
import type { NodeClock } from '../model/node-clock.ts';
import type { MachineRunner, Running } from '../model/runner.ts';
import type { Fleet, FleetRepository, TenantGroup } from '../types.ts';
import type { FaultBoard } from './faults.ts';
import type { GatewayNode } from './gateway.ts';
import type { Inbox } from './inbox.ts';
import type { StorageNode } from './storage.ts';

/** What every part of the world works with. */
export interface WorldParts {
  readonly fleet: Fleet;
  readonly agenda: Agenda;
  readonly inbox: Inbox;
  readonly log: FleetLog;
  readonly chance: Chance;
  readonly faults: FaultBoard;
  readonly spClock: NodeClock;
  readonly runners: Runners;
  readonly counters: WorldCounters;
}

export interface Runners {
  readonly session: MachineRunner<typeof backupSessionMachine>;
  readonly lifecycle: MachineRunner<typeof credentialLifecycleMachine>;
  readonly connection: MachineRunner<typeof controlConnectionMachine>;
}

/** For the progress line and the bench; nothing decides by them. */
export interface WorldCounters {
  sessionsStarted: number;
  sessionsEnded: number;
  machineSteps: number;
  messages: number;
}

/** A repository as its settings are now; they change from the next session on (M8). */
export interface RepositoryNode {
  settings: FleetRepository;
  readonly storage: StorageNode;
  readonly gateway: GatewayNode;
  /** X4: counts the changes of the connection mode. */
  modeVersion: number;
  /** Q5: what all tenants together have stored here. */
  usedBytes: number;
  /** What the mode-selection machine answered, by job kind; forgotten with every change. */
  readonly openings: Map<string, Opening>;
}

/** M8: what a session is opened with. */
export type Opening =
  | {
      readonly ok: true;
      readonly route: Route;
      readonly check: TenantCheck | null;
      /** Of `route.selected`. */
      readonly facts: JsonObject;
    }
  | { readonly ok: false; readonly code: string; readonly rule: string };

export interface TenantNode {
  readonly index: number;
  readonly name: string;
  readonly group: TenantGroup;
  readonly repository: RepositoryNode;
  readonly clock: NodeClock;
  readonly connection: Running<ConnectionContext>;
  readonly units: Unit[];
  /** Those that run; few at a time. */
  readonly sessions: FleetSession[];
  ledger: QuotaLedger;
  quotaBytes: number;
  isOnboarded: boolean;
  isDisabled: boolean;
  modeVersionSeen: number;
  /** Bytes on the ledger that no stored backup stands behind; freed by the next count (F35). */
  strayBytes: number;
  /** The connection is up, by the tenant's own machine. */
  isUp: boolean;
  /** Counts connections: what was said on an older one is not heard any more. */
  epoch: number;
  /** Partitions that stand now, by direction. */
  blockedUp: number;
  blockedDown: number;
  connectionArmedAt: EpochMs;
  lastUpAt: EpochMs;
  lastDownAt: EpochMs;
  /** What is on its way and cannot pass a partition: it comes when the way is free again. */
  held: { readonly isUp: boolean; readonly epoch: number; readonly task: () => void }[] | null;
}

/** Who backs up: a tenant, or one of its subtenants. One scope of credentials (C12). */
export interface Unit {
  readonly index: number;
  readonly tenant: TenantNode;
  readonly subtenant: string | null;
  readonly scope: string;
  ledger: QuotaLedger | null;
  desk: Desk | null;
  /** Which occurrence of the schedule comes next. */
  occurrence: number;
  runs: number;
  isRunning: boolean;
  /** Bytes of the increments that are kept; the first full is not among them. */
  increments: number[];
  hasFull: boolean;
}

export interface CredentialRecordLine {
  readonly generation: number;
  readonly issuedAt: EpochMs;
  readonly expiresAt: EpochMs;
  state: 'live' | 'revoked' | 'irrevocable';
}

/** The SP's side of one scope: its lifecycle machine and what the database and the storage hold. */
export interface Desk {
  readonly unit: Unit;
  /** `null` after a crash of the SP, until somebody asks (L7). */
  running: Running<LifecycleContext> | null;
  armedAt: EpochMs;
  lastGeneration: number;
  records: CredentialRecordLine[];
  /** Keys that the storage knows: not expired, not revoked. */
  keys: { readonly generation: number; readonly expiresAt: EpochMs }[];
  /** C19: from when the storage accepts the newest generation. */
  usableFrom: EpochMs;
  unsaved: { readonly generation: number; readonly expiresAt: EpochMs } | null;
  readonly open: Map<string, { readonly session: FleetSession; readonly trigger: string }>;
}

/** One session: the tenant's machine, its movers as a fluid, and what the SP knows of it. */
export interface FleetSession {
  readonly id: string;
  readonly unit: Unit;
  readonly number: number;
  readonly sizeBytes: number;
  readonly isFull: boolean;
  readonly running: Running<SessionContext>;
  lastState: string;
  armedAt: EpochMs;
  isOver: boolean;
  opening: Extract<Opening, { ok: true }> | null;

  /** Counts the pairs of movers: what an older pair says is not heard. */
  pair: number;
  isSourceUp: boolean;
  isTargetUp: boolean;
  isStoppingRemote: boolean;
  /** Whether the target mover has a conversation with the SP (P3). */
  wantsContact: boolean;
  hasContact: boolean;
  credential: HeldCredential | null;
  requests: number;

  flow: Flow | null;
  flowStartedAt: EpochMs;
  flowBytes: number;
  /** Orders that the transfer is under: what comes later than a newer order does not count. */
  order: number;
  isMoving: boolean;
  isAskingGrant: boolean;
  stalledSince: EpochMs | null;
  storedBytes: number;
  receivedBytes: number;
  /** F5: how the transfer ended, if the tenant may have missed it. */
  verdict:
    | { readonly type: 'transfer.completed' }
    | { readonly type: 'transfer.failed'; readonly code: string }
    | null;

  /** F24: requests are numbered; the SP has heard those up to this one. */
  heardRequest: number;
  /** The SP has opened it and not closed or forgotten it. */
  isKnown: boolean;
  isForgotten: boolean;
  hasInitialGrant: boolean;
  grantedBytes: number;
  bookedBytes: number;
}

export interface HeldCredential {
  readonly generation: number;
  /** `null`: the repository's own (C7). */
  readonly expiresAt: EpochMs | null;
  readonly usableFrom: EpochMs;
}
