import type { SessionJob, SessionResult } from '../../adapters/roles/tenant-server/session-job.ts';
import type { CredentialRecord } from '../../machines/ports/config-database.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { RunLog } from '../kernel/index.ts';
import type { RepositorySettings, ScenarioFault } from '../scenario/types.ts';
import type { WorldName } from './run-summary.ts';

/**
 * A world in which a scenario runs: the same roles and engines, with memory adapters on the virtual
 * clock, or with real sockets, processes, SDKs and the simulated storage on a warp clock.
 */
export interface World {
  readonly name: WorldName;
  readonly log: RunLog;
  now(): EpochMs;
  run(tenant: string, job: SessionJob): Promise<SessionResult>;
  /** Moves the clock; everything due on the way fires in order. */
  warpTo(at: EpochMs): Promise<void>;
  setRepository(name: string, changes: Partial<RepositorySettings>): void;
  setTenant(
    name: string,
    subtenant: string | null,
    changes: { readonly quotaBytes?: number; readonly disabled?: boolean },
  ): Promise<void>;
  /** X5: what runs goes on, nothing new starts. */
  setMaintenance(isOn: boolean): void;
  armFault(fault: ScenarioFault): void;
  unfiredFaults(): readonly ScenarioFault[];
  credentials(): Promise<readonly CredentialRecord[]>;
  /** F1, F2: the mover of a session ends without a word; `false` when it has none on that side. */
  killMover(sessionId: string, role: 'source' | 'target'): boolean;
  /** F5: every connection through the cloud gateway breaks. */
  dropConnections(): void;
  /** F6: a gateway server or mount server dies with its movers, and is started again. */
  restartHost(name: string): Promise<void>;
  /** F3, F4: the SP server dies where it stands, and is started again from its database. */
  restartProvider(): Promise<void>;
  /** The user cancels one session; `false` when none of that name goes on. */
  cancel(sessionId: string): boolean;
  cancelAll(): void;
  /** Ends everything that the world has started. */
  close(): Promise<void>;
}
