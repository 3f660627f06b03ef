import type { MoverRole } from '../../../machines/backup-session/index.ts';
import type { ConnectionInput } from '../../../machines/control-connection/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { Dialer, ListenerFactory } from '../../../machines/ports/link.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import type { TransferSpec } from '../../transfer/types.ts';

/** What a backup reads: a folder of the tenant host, or bytes made from a seed. */
export type SourceConfig =
  | { readonly type: 'folder'; readonly path: string }
  | {
      readonly type: 'synthetic';
      readonly files: number;
      readonly totalBytes: number;
      readonly seed: number | string;
      readonly changedShare: number;
      /** Which backup of the series this is, from 0: decides what has changed. */
      readonly day: number;
    };

/** Where a restore writes. */
export type SinkConfig =
  | { readonly type: 'folder'; readonly path: string; readonly force: boolean }
  /** Keeps nothing and compares every byte with the source (I72). */
  | { readonly type: 'compare'; readonly source: SourceConfig };

/** Sent to a new mover process over its pipe; the ticket never goes into an argument (I64). */
export interface MoverConfig {
  readonly role: MoverRole;
  readonly host: string;
  readonly spec: TransferSpec;
  readonly contact: ContactConfig | null;
  readonly parallelRequests: number;
  readonly linkTimeoutMs: number;
  readonly source: SourceConfig | null;
  readonly sink: SinkConfig | null;
}

export interface ContactConfig {
  /** The cloud gateway for a mover of the tenant (P3), the SP itself for one on an SP host. */
  readonly address: string;
  readonly ticket: string;
  /** With it the mover proves its public key (F44); `null` on an SP host. A secret: pipe only. */
  readonly sessionKey: string | null;
  readonly connection: ConnectionInput | null;
  /** What the partner shows on the data connection. */
  readonly dataTicket: string;
  /** On an SP host there is no session to order it: the mover asks by itself before it is ready. */
  readonly isAutomatic: boolean;
}

/** One request to the storage, as the event log keeps it (`storage.used`). */
export interface StorageUse {
  readonly operation: string;
  readonly key: string;
  readonly bytes: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly status: string;
}

/** What a mover needs from the world that it runs in. */
export interface MoverEnvironment {
  readonly clock: Clock;
  /** Times the connection to the SP: transport is physical also where the clock is warped. */
  readonly transportClock: Clock;
  readonly dialer: Dialer;
  readonly listeners: ListenerFactory;
  /** A store with its decorators (retry, trace); the last argument hears of every request. */
  createStore(
    location: StorageLocation,
    credential: StorageCredential,
    onUse: (use: StorageUse) => void,
  ): ObjectStore;
  /** Another process has moved the shared clock; only where the mover is a process of its own. */
  readonly adoptClock?: (state: unknown) => Promise<void>;
  /** The mover has ended: leave the process. */
  readonly onStopped: () => void;
}
