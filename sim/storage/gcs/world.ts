import type { DecisionLog } from '../access/decision-log.ts';
import type { ObjectCore } from '../core/object-core.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import type { PolicyBinding } from './access/policy.ts';
import type { ServiceAccount } from './accounts.ts';
import type { Generations } from './generations.ts';
import type { GcsShelf } from './shelf.ts';

/** What all requests share: one core, one shelf, one set of accounts, one fault table. */
export interface GcsWorld {
  readonly core: ObjectCore;
  readonly shelf: GcsShelf;
  readonly generations: Generations;
  /** Those of the options and those that calls have made. */
  readonly accounts: Map<string, ServiceAccount>;
  /** By project: who may make and delete accounts. */
  readonly accountAdmins: ReadonlyMap<string, readonly string[]>;
  readonly projects: ReadonlyMap<string, readonly PolicyBinding[]>;
  readonly decisions: DecisionLog;
  readonly faults: FaultTable;
  readonly tokenLifetimeMs: number;
  readonly skewToleranceMs: number;
  readonly isSecure: boolean;
  wait(delayMs: number): Promise<void>;
  random(bytes: number): Buffer;
}
