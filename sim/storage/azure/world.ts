import type { DecisionLog } from '../access/decision-log.ts';
import type { ObjectCore } from '../core/object-core.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import type { Account } from './account.ts';
import type { BlockRegister } from './block-register.ts';
import type { ContainerShelf } from './container-shelf.ts';
import type { EntraOptions } from './options.ts';

/** What all requests share: one core, one set of accounts, one fault table. */
export interface AzureWorld {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly core: ObjectCore;
  readonly containers: ContainerShelf;
  readonly blocks: BlockRegister;
  readonly decisions: DecisionLog;
  readonly faults: FaultTable;
  readonly entra: EntraOptions | undefined;
  readonly skewToleranceMs: number;
  readonly isSecure: boolean;
  wait(delayMs: number): Promise<void>;
}
