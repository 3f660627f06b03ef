import type { LinkMessage } from '../../machines/ports/link.ts';
import type { ObjectStore } from '../../machines/ports/object-store.ts';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import type { ScopeNames } from '../../machines/rules/layout.ts';
import type { Operation } from '../../machines/rules/settings.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/** What one session moves. JSON, no secrets; both engines get the same. */
export interface TransferSpec {
  readonly sessionId: string;
  readonly operation: Operation;
  readonly scope: ScopeNames;
  readonly backup: string;
  /** For restore, verify and delete; `null` means the newest one (not for delete). */
  readonly restorePoint: string | null;
  readonly blockBytes: number;
  /** The instant that names the new restore point. */
  readonly startedAt: EpochMs;
}

export interface RestorePointInfo {
  readonly id: string;
  readonly backup: string;
  readonly createdAt: EpochMs;
  readonly files: number;
  readonly sourceBytes: number;
  readonly storedBytes: number;
}

export interface TransferSummary {
  readonly restorePoint: string | null;
  readonly files: number;
  /** Bytes read from, or written to, the tenant's folder. */
  readonly sourceBytes: number;
  /** Payload bytes that crossed the data link (equal on every hop, I3). */
  readonly linkBytes: number;
  /** Object bytes written to or read from the storage. */
  readonly storageBytes: number;
  readonly blocksTotal: number;
  readonly blocksStored: number;
  readonly blocksReused: number;
  /** Objects removed and their bytes (delete, clean-up). */
  readonly freedBytes: number;
  /** Every block that was read matched its SHA-256; `null` where nothing was read. */
  readonly verified: boolean | null;
  readonly listing: readonly RestorePointInfo[] | null;
}

/** What an engine tells its data-mover machine. */
export type EngineFact =
  | { readonly type: 'engine.progress'; readonly linkBytes: number; readonly storageBytes: number }
  /** The storage (or C16's own check) says that the credential has ended; nothing is lost, the
   *  engine holds the unfinished work and waits for `resume` with a store that works. */
  | { readonly type: 'engine.credentialExpired' }
  /** Not enough granted bytes for the next object; waits until `grant` brings some. */
  | { readonly type: 'engine.grantNeeded'; readonly bytes: number }
  /** Every request that was in flight at `pause` has ended. */
  | { readonly type: 'engine.drained' }
  | { readonly type: 'engine.completed'; readonly summary: TransferSummary }
  | { readonly type: 'engine.failed'; readonly code: ErrorCode; readonly detail: string }
  | { readonly type: 'engine.cleaned'; readonly freedBytes: number };

/**
 * The target mover's side of a transfer: between the data link and the storage. All methods return
 * at once; answers come as facts. After `completed` or `failed` only `cleanUp` does something.
 */
export interface TargetEngine {
  start(): void;
  /** Stops starting requests; `drained` follows when none is in flight (at once if none is). */
  pause(): void;
  /** Goes on, from now on with this store (a renewed credential means a new store). */
  resume(store: ObjectStore): void;
  /** Adds bytes that may be stored (Q2). Bytes are taken before an object's put starts (I52). */
  grant(bytes: number): void;
  /** Ends as soon as nothing is in flight; answers `failed` with this code. */
  abort(code: ErrorCode): void;
  /** Q3: removes what this session stored and no restore point refers to; answers `cleaned`. */
  cleanUp(store: ObjectStore): void;
  /** Granted bytes that were taken for objects that the storage confirmed. */
  spentBytes(): number;
}

export interface TargetEngineOptions {
  readonly spec: TransferSpec;
  readonly store: ObjectStore;
  /** Sends on the data link to the source engine; resolves with back-pressure. */
  readonly send: (message: LinkMessage) => Promise<void>;
  readonly onFact: (fact: EngineFact) => void;
  /** C16: asked before each request starts; `false` acts like `credential.expired`. */
  readonly mayStartRequest: () => boolean;
  /** Bytes that may be stored at the start; `null`: not limited (never for a backup). */
  readonly grantedBytes: number | null;
  readonly parallelRequests: number;
}

/** The source mover's side: between the tenant's folder and the data link. */
export interface SourceEngine {
  start(): void;
  abort(code: ErrorCode): void;
}

export interface SourceEngineOptions {
  readonly spec: TransferSpec;
  readonly send: (message: LinkMessage) => Promise<void>;
  readonly onFact: (fact: EngineFact) => void;
  /** For a backup: what to read. */
  readonly source: BackupSource | null;
  /** For a restore: where to write. Verify needs neither. */
  readonly sink: RestoreSink | null;
}

/** Files of a backup in a stable order. Folder on disk, or synthetic from a seed. */
export interface BackupSource {
  entries(): AsyncIterable<SourceEntry>;
}
export interface SourceEntry {
  /** Relative, `/` between parts, no `..`. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly modifiedAt: EpochMs;
  readonly linkTarget: string | null;
  /** Bytes of a file, in reads of any size; memory stays bounded. */
  read(): AsyncIterable<Uint8Array>;
}
/** Where a restore goes; nothing half-written stays when it fails. */
export interface RestoreSink {
  prepare(): Promise<void>;
  directory(path: string, mode: number): Promise<void>;
  symlink(path: string, target: string): Promise<void>;
  file(
    path: string,
    mode: number,
    modifiedAt: EpochMs,
    content: AsyncIterable<Uint8Array>,
  ): Promise<void>;
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/** An engine also takes what arrives on the data link; the promise is the back-pressure. */
export interface LinkReader {
  onMessage(message: LinkMessage): Promise<void>;
}
