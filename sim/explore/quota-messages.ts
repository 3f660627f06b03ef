import type { EpochMs } from '../../machines/rules/time.ts';
import type { Upkeep } from './cell.ts';

/** What a target mover says to the SP over its contact. */
export type MoverWord =
  | { readonly type: 'credential' }
  | {
      readonly type: 'quota';
      readonly bytes: number;
      readonly spent: number;
      readonly received: number;
    }
  | { readonly type: 'report'; readonly spent: number };

/** To the SP's ledger; `session` is filled in on the way. */
export type LedgerMessage =
  | Upkeep
  | { readonly type: 'permute'; readonly places: readonly number[] }
  | { readonly type: 'open'; readonly session: number }
  | { readonly type: 'word'; readonly session: number; readonly word: MoverWord }
  /** P4: its contact has ended; its last word may be lost with it. */
  | { readonly type: 'parted'; readonly session: number }
  /** The session has ended; `isDone`: all that it wrote stays. */
  | { readonly type: 'close'; readonly session: number; readonly isDone: boolean }
  /** The storage, not the SP: a block has come, or those of a failed session are removed. */
  | { readonly type: 'stored'; readonly session: number }
  | { readonly type: 'removed'; readonly session: number; readonly bytes: number }
  | { readonly type: 'quota'; readonly bytes: number }
  | { readonly type: 'deleteBackups' };

/** What the SP says to a target mover. */
export type LedgerWord =
  | { readonly type: 'delivered'; readonly expiresAt: EpochMs | null; readonly total: number }
  | { readonly type: 'granted'; readonly total: number }
  | { readonly type: 'refused' };

export type Order = 'credential' | 'start' | 'resume' | 'abort' | 'cleanUp' | 'stop' | 'stopDone';

export type MoverMessage =
  | Upkeep
  | { readonly type: 'start' }
  | { readonly type: 'told'; readonly word: LedgerWord }
  /** The quota was raised: the session may go on (L9). */
  | { readonly type: 'raised' }
  | { readonly type: 'contactUp' }
  | { readonly type: 'contactDown' }
  | { readonly type: 'arrive'; readonly again: boolean }
  | { readonly type: 'lose' }
  | { readonly type: 'read' }
  | { readonly type: 'order' }
  | { readonly type: 'linkUp' }
  | { readonly type: 'begin' }
  | { readonly type: 'land' }
  | { readonly type: 'deny' }
  | { readonly type: 'finish' }
  | { readonly type: 'fail' }
  | { readonly type: 'cleaned' }
  | { readonly type: 'margin' }
  | { readonly type: 'giveUp' };
