import type { ErrorCode } from '../rules/errors.ts';
import type { EpochMs } from '../rules/time.ts';

/** Orders of the session, facts of the engine, the link and the SP; the same for both roles. */
export type MoverEvent =
  | { readonly type: 'order.start'; readonly at: EpochMs }
  | { readonly type: 'order.abort'; readonly at: EpochMs; readonly code: ErrorCode }
  | { readonly type: 'order.stop'; readonly at: EpochMs }
  | { readonly type: 'link.up'; readonly at: EpochMs }
  | { readonly type: 'link.down'; readonly at: EpochMs }
  | { readonly type: 'engine.completed'; readonly at: EpochMs }
  | { readonly type: 'engine.failed'; readonly at: EpochMs; readonly code: ErrorCode }
  | { readonly type: 'alarm.link'; readonly at: EpochMs };

export type TargetMoverEvent =
  | MoverEvent
  | { readonly type: 'order.contact'; readonly at: EpochMs }
  | { readonly type: 'order.pause'; readonly at: EpochMs }
  | { readonly type: 'order.resume'; readonly at: EpochMs }
  | { readonly type: 'order.cleanUp'; readonly at: EpochMs }
  | { readonly type: 'contact.made'; readonly at: EpochMs }
  | { readonly type: 'contact.lost'; readonly at: EpochMs }
  | {
      /** The sealed credential was opened in this process (C6); only the handle comes here. */
      readonly type: 'credential.opened';
      readonly at: EpochMs;
      readonly generation: number;
      readonly expiresAt: EpochMs | null;
      readonly grantedBytes: number | null;
    }
  | { readonly type: 'quota.granted'; readonly at: EpochMs; readonly bytes: number }
  | { readonly type: 'quota.refused'; readonly at: EpochMs }
  | { readonly type: 'engine.grantNeeded'; readonly at: EpochMs; readonly bytes: number }
  | { readonly type: 'engine.credentialExpired'; readonly at: EpochMs }
  | { readonly type: 'engine.drained'; readonly at: EpochMs }
  | { readonly type: 'engine.cleaned'; readonly at: EpochMs };

export type MoverRequest =
  | { readonly type: 'link.await' }
  | { readonly type: 'engine.start' }
  | { readonly type: 'engine.abort'; readonly code: ErrorCode }
  | { readonly type: 'report.completed' }
  | { readonly type: 'report.failed'; readonly code: ErrorCode }
  | { readonly type: 'process.stop' };

export type TargetMoverRequest =
  | MoverRequest
  | { readonly type: 'contact.open' }
  | { readonly type: 'engine.pause' }
  | { readonly type: 'engine.resume' }
  | { readonly type: 'engine.grant'; readonly bytes: number }
  | { readonly type: 'engine.cleanUp' }
  | { readonly type: 'quota.request'; readonly bytes: number }
  | { readonly type: 'report.credentialExpired' }
  | { readonly type: 'report.drained' }
  | { readonly type: 'report.cleaned' }
  | { readonly type: 'report.quotaExhausted' };

export interface MoverInput {
  /** How long a started mover waits for the data link to its partner. */
  readonly linkTimeoutMs: number;
}

export interface MoverContext {
  readonly input: MoverInput;
  readonly deadlines: { readonly link: EpochMs | null };
}

export interface TargetMoverContext extends MoverContext {
  readonly credential: {
    readonly generation: number;
    readonly expiresAt: EpochMs | null;
  } | null;
  /** Bytes asked for and not yet answered; 0 when nothing is asked. */
  readonly askedBytes: number;
  /** What the SP refused last; asked again when the session goes on (L9). */
  readonly refusedBytes: number;
  /** P8: without contact nothing is asked; it is asked again when contact is back. */
  readonly isInContact: boolean;
}
