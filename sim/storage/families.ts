import type { RecordedDecision } from './access/decision-log.ts';
import type { StateLocation } from './core/open-state.ts';
import type { FaultTable } from './faults/fault-table.ts';
import type { RequestRecord } from './options.ts';
import type { ProfileName } from './profiles.ts';
import type { RequestNotes } from './wire/exchange.ts';

/**
 * How a storage family joins `fortnight storage`. Each family listens on a port of its own (their
 * paths and hosts mean different things) and keeps its state in a folder of its own, made of the
 * same object core; clock and fault table are shared by all of them.
 */
export const FAMILY_KINDS = ['s3', 'azure', 'gcs'] as const;
export type FamilyKind = (typeof FAMILY_KINDS)[number];

/** Certificate and key in PEM. */
export interface TlsMaterial {
  readonly key: string;
  readonly cert: string;
}

export interface FamilyOptions {
  /** Epoch ms; may be moved at any time, also backwards. */
  readonly clock: { now(): number };
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly state: StateLocation;
  /** Which vendor's answers the S3 family gives; other families have no profiles. */
  readonly profile: ProfileName;
  /** Shared by all families: rules name operations, which tell the families apart. */
  readonly faults: FaultTable;
  /** Buckets or containers to make when they are missing. */
  readonly buckets: readonly string[];
  /** 64 secret bytes that stay the same for a state folder; the owner's keys follow from them. */
  readonly ownerSeed: Buffer;
  /** Serves HTTPS with it; plain HTTP without. */
  readonly tls?: TlsMaterial;
  /** How far a client's clock may be off; by default what the family's vendor allows. */
  readonly skewToleranceMs?: number;
  /** Waits in real time, for faults that delay. */
  readonly wait: (delayMs: number) => Promise<void>;
  readonly random?: (bytes: number) => Buffer;
  readonly onRequest?: (record: RequestRecord) => void;
  readonly onInternalError?: (error: unknown, request: RequestNotes) => void;
}

/** What to paste for one client. The lines hold the owner's key: they are shown, never logged. */
export interface ClientSettings {
  /** As `awscli`, `rclone`, `restic`, `AWS SDK for JavaScript`. */
  readonly client: string;
  readonly lines: readonly string[];
}

/** Which temporary credential `fortnight storage keys` asks for. */
export interface KeyRequest {
  readonly bucket: string;
  /** Full access below this prefix and nowhere else; empty: the whole bucket. */
  readonly prefix: string;
  readonly durationMs: number;
}

export interface IssuedKeys {
  readonly expiresAt: number;
  /** Environment variables by name; they hold the secret. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What the owner is told of a key, besides the key itself. */
export interface IssuedFamilyKeys extends IssuedKeys {
  /** Commands that work with these variables; no secret is in them. */
  readonly commands: readonly string[];
}

/** The family refuses a request of its owner; the message says why, without a secret. */
export class FamilyRefusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'FamilyRefusal';
    this.code = code;
  }
}

export interface RunningFamily {
  readonly kind: FamilyKind;
  /** As `http://127.0.0.1:9000`. */
  readonly endpoint: string;
  readonly port: number;
  clientSettings(): readonly ClientSettings[];
  /** The buckets or containers that there are now, by name. */
  bucketNames(): readonly string[];
  /** The latest access decisions, oldest first. */
  decisions(): readonly RecordedDecision[];
  /** Issues a temporary credential as the owner; throws FamilyRefusal. */
  issueKeys(request: KeyRequest): IssuedFamilyKeys;
  /** Ends all connections and frees the state. */
  close(): Promise<void>;
}

export interface StorageFamily {
  readonly kind: FamilyKind;
  /** Throws StartError, StateError or PolicyError, as `startStorage` does. */
  start(options: FamilyOptions): Promise<RunningFamily>;
}

/** The families that exist, loaded when they are asked for. A new one adds its line here. */
export const FAMILIES: Readonly<Partial<Record<FamilyKind, () => Promise<StorageFamily>>>> = {
  s3: async () => (await import('./s3/family.ts')).s3Family,
  azure: async () => (await import('./azure/family.ts')).azureFamily,
  gcs: async () => (await import('./gcs/family.ts')).gcsFamily,
};
