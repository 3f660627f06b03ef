import type { IssuerAccess } from '../../../adapters/compose/issuers/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import type { ScenarioStorage } from '../../scenario/types.ts';
import type { StateLocation } from '../../storage/index.ts';
import type { FaultBoard } from '../../world/fault-board.ts';
import type { OwnerKey } from '../owner-key.ts';

export interface LabStorageOptions {
  readonly storage: ScenarioStorage;
  /** One for each repository; made when they are missing. */
  readonly buckets: readonly string[];
  readonly owner: OwnerKey;
  readonly state: StateLocation;
  readonly clock: Clock;
  readonly board: FaultBoard;
  /** A scripted jump of the clock; resolves when the request that met it may go on. */
  readonly onJump: (byMs: number) => Promise<void>;
}

/** A simulated storage system of a lab: a server on the loopback interface that real SDKs talk to. */
export interface LabStorage {
  readonly name: string;
  /** The SP's own credential there; its database keeps it for each repository. */
  readonly ownerCredential: StorageCredential;
  readonly issuerAccess: IssuerAccess;
  locate(bucket: string): StorageLocation;
  close(): Promise<void>;
}
