import type { ErrorCode } from '../rules/errors.ts';
import type { EpochMs } from '../rules/time.ts';

export interface ConnectionInput {
  readonly handshakeTimeoutMs: number;
  readonly heartbeatMs: number;
  /** Nothing heard for this long: the connection counts as lost (F11, one-way partitions). */
  readonly silenceMs: number;
  readonly backoffFirstMs: number;
  readonly backoffCapMs: number;
}

export type ConnectionEvent =
  | { readonly type: 'connection.required'; readonly at: EpochMs }
  | { readonly type: 'connection.released'; readonly at: EpochMs }
  | { readonly type: 'link.opened'; readonly at: EpochMs }
  | { readonly type: 'link.failed'; readonly at: EpochMs; readonly code: ErrorCode }
  | { readonly type: 'link.lost'; readonly at: EpochMs }
  | { readonly type: 'hello.accepted'; readonly at: EpochMs }
  | { readonly type: 'hello.refused'; readonly at: EpochMs; readonly code: ErrorCode }
  | { readonly type: 'peer.heard'; readonly at: EpochMs }
  | { readonly type: 'alarm.handshake'; readonly at: EpochMs }
  | { readonly type: 'alarm.heartbeat'; readonly at: EpochMs }
  | { readonly type: 'alarm.silence'; readonly at: EpochMs }
  | { readonly type: 'alarm.backoff'; readonly at: EpochMs };

export type ConnectionRequest =
  | { readonly type: 'link.open' }
  | { readonly type: 'link.close' }
  | { readonly type: 'hello.send' }
  | { readonly type: 'heartbeat.send' }
  | { readonly type: 'connection.up' }
  | { readonly type: 'connection.down' }
  | { readonly type: 'connection.refused'; readonly code: ErrorCode };

export interface ConnectionContext {
  readonly input: ConnectionInput;
  readonly attempt: number;
  readonly lastError: ErrorCode | null;
  readonly deadlines: {
    readonly handshake: EpochMs | null;
    readonly heartbeat: EpochMs | null;
    readonly silence: EpochMs | null;
    readonly backoff: EpochMs | null;
  };
}
