import type { Clock } from '../../../machines/ports/clock.ts';
import type { FaultError, StorageOperation } from '../../scenario/types.ts';
import { createFaultTable, type FaultRule, type FaultTable } from '../../storage/index.ts';
import type { FaultBoard } from '../../world/fault-board.ts';

/** How a family of storages speaks of what a scenario names in the words of S3. */
export interface FaultWords {
  /** The scenario's word for the family's operation; null for one that no scenario can name. */
  readonly operationOf: (operation: string) => StorageOperation | 'AssumeRole' | null;
  readonly errors: Readonly<Record<FaultError, { readonly code: string; readonly status: number }>>;
}

export interface FaultTableOptions {
  readonly storage: string;
  readonly clock: Clock;
  readonly board: FaultBoard;
  /** A scripted jump of the clock; resolves when the request that met it may go on. */
  readonly onJump: (byMs: number) => Promise<void>;
  readonly words: FaultWords;
}

/** No delay of a scenario has this length: it stands for "as long as the jump takes". */
const UNTIL_JUMPED_MS = 0;

export interface StorageFaults {
  readonly table: FaultTable;
  /** What the storage waits with for a fault that delays. */
  readonly wait: (ms: number) => Promise<void>;
}

/** The board of the scenario, seen by the storage as its own fault table. */
export function storageFaults(options: FaultTableOptions): StorageFaults {
  const { board, storage, clock, onJump, words } = options;
  const jumps: Promise<void>[] = [];
  const cut: FaultRule = { kind: 'reset', nth: 1 };
  let downUntil = Number.NEGATIVE_INFINITY;
  const take = (named: string): FaultRule | undefined => {
    const operation = words.operationOf(named);
    const site = operation === 'AssumeRole' ? 'issuer' : 'storage';
    const effect = board.strike({ site, storage, operation });
    if (effect?.kind === 'down') downUntil = clock.now() + effect.forMs;
    if (clock.now() < downUntil) return cut;
    switch (effect?.kind) {
      case 'jump':
        jumps.push(onJump(effect.byMs));
        return { kind: 'delay', ms: UNTIL_JUMPED_MS, nth: 1 };
      case 'delay':
        return { kind: 'delay', ms: effect.byMs, nth: 1 };
      case 'error': {
        const retry = effect.error === 'SlowDown' ? { retryAfterSeconds: 1 } : {};
        return { kind: 'error', nth: 1, ...words.errors[effect.error], ...retry };
      }
      case 'reset':
        return cut;
      case 'corruptBody':
        return { kind: 'corruptBody', nth: 1 };
      default:
        return undefined;
    }
  };
  return {
    table: { ...createFaultTable(), take },
    wait: async (ms) => {
      if (ms === UNTIL_JUMPED_MS) await jumps.shift();
      else await new Promise<void>((resolve) => clock.wakeAt(clock.now() + ms, resolve));
    },
  };
}
