import type { CheckTrigger } from '../../machines/credential-lifecycle/index.ts';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { Upkeep } from './cell.ts';

/** A target mover asks for a credential; `turn` tells this request from the one before (F24). */
export interface Ask {
  readonly session: number;
  readonly turn: 0 | 1;
  readonly trigger: CheckTrigger;
  readonly renew: boolean;
  readonly heldGeneration: number;
}

export type CallKind = 'intent' | 'issue' | 'save' | 'revoke';

export type ScopeMessage =
  | Upkeep
  | { readonly type: 'permute'; readonly places: readonly number[] }
  | { readonly type: 'hello'; readonly session: number }
  | { readonly type: 'ask'; readonly ask: Ask }
  /** The connection of its target mover has ended: nothing of it is heard or answered any more. */
  | { readonly type: 'bye'; readonly session: number }
  | { readonly type: 'succeed'; readonly index: number }
  | { readonly type: 'fail'; readonly index: number; readonly code: ErrorCode }
  | { readonly type: 'alarm'; readonly name: 'renewalLine' | 'expiry' | 'retry' | 'issueTimeout' }
  /** `landed`: what was being saved is in the database, only its answer is lost (F4). */
  | { readonly type: 'crash'; readonly landed: boolean }
  | { readonly type: 'disable' }
  | { readonly type: 'enable' };

/** What the SP says to a target mover, on its way. */
export type Letter =
  | { readonly type: 'held'; readonly generation: number; readonly expiresAt: EpochMs | null }
  | {
      readonly type: 'delivered';
      readonly turn: 0 | 1;
      readonly generation: number;
      readonly expiresAt: EpochMs | null;
      readonly degraded: boolean;
    }
  | { readonly type: 'refused'; readonly turn: 0 | 1; readonly code: ErrorCode };

/** Whom a session waits for. */
export type Awaited =
  | 'channel'
  | 'open'
  | 'source'
  | 'target'
  | 'contact'
  | 'drain'
  | 'abort'
  | 'clean'
  | 'quota'
  | 'stop'
  | 'close'
  | 'exit';

export type SessionMessage =
  | Upkeep
  | { readonly type: 'start' }
  | { readonly type: 'letter'; readonly letter: Letter }
  | { readonly type: 'providerLost' }
  | { readonly type: 'told' }
  /** Somebody answers; `again`: the answer comes once more later (F24). */
  | { readonly type: 'answer'; readonly of: Awaited; readonly again: boolean }
  | { readonly type: 'opened'; readonly route: number }
  | { readonly type: 'fail'; readonly of: Awaited; readonly code: ErrorCode }
  | { readonly type: 'reach' }
  | { readonly type: 'read'; readonly again: boolean }
  /** The request under way reaches the desk; `again`: and stays under way (F24). */
  | { readonly type: 'arrive'; readonly again: boolean }
  | { readonly type: 'lose' }
  | { readonly type: 'work'; readonly fact: 'completed' | 'credentialExpired' | 'quotaExhausted' }
  | { readonly type: 'workFails'; readonly code: ErrorCode }
  | { readonly type: 'moverExits'; readonly role: 'source' | 'target' }
  | { readonly type: 'channelDown' }
  | { readonly type: 'channelUp' }
  | { readonly type: 'contactDown' }
  | { readonly type: 'gone' }
  | { readonly type: 'stopped' }
  | { readonly type: 'user'; readonly wish: 'paused' | 'continued' | 'cancelled' }
  | { readonly type: 'alarm'; readonly name: 'budget' | 'stopStarting' | 'expiry' | 'heartbeat' }
  | { readonly type: 'restart' }
  /** Long enough for the last forced check to be forgotten (C20). */
  | { readonly type: 'forget' };
