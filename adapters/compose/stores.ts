import type { Clock } from '../../machines/ports/clock.ts';
import type { ObjectStore } from '../../machines/ports/object-store.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { SECOND_MS } from '../../machines/rules/time.ts';
import { createAwsObjectStore } from '../aws/object-store.ts';
import { createAzureObjectStore } from '../azure/object-store.ts';
import { createGcsObjectStore } from '../gcs/object-store.ts';
import type { StorageUse } from '../roles/mover/config.ts';
import { createS3CompatibleObjectStore } from '../s3-compatible/object-store.ts';
import { withRetry } from '../wrap/retry.ts';
import { withTrace } from '../wrap/trace.ts';

/** C19: how long a fresh generation may be unknown to the storage before that is final. */
const PROPAGATION_MS = 60 * SECOND_MS;

/** A bare store of the location's kind; every rejection is from the catalogue, nothing retries. */
export function createStore(
  location: StorageLocation,
  credential: StorageCredential,
  clock: Clock,
): ObjectStore {
  const options = { location, credential, clock };
  switch (location.storage) {
    case 'aws':
      return createAwsObjectStore(options);
    case 's3-compatible':
      return createS3CompatibleObjectStore(options);
    case 'azure':
      return createAzureObjectStore(options);
    case 'gcs':
      return createGcsObjectStore(
        location.tokenUrl === undefined ? options : { ...options, tokenUrl: location.tokenUrl },
      );
    default:
      return location.storage satisfies never;
  }
}

export interface MoverStoreOptions {
  /** Dates, signatures and expiry. */
  readonly clock: Clock;
  /** Waits between attempts: they are physical, also where the clock is warped or stands still. */
  readonly waitClock: Clock;
  readonly random: () => number;
  readonly onUse: (use: StorageUse) => void;
}

/** The store of a target mover: each attempt is traced, failed ones of class `retry` are repeated. */
export function createMoverStore(
  location: StorageLocation,
  credential: StorageCredential,
  options: MoverStoreOptions,
): ObjectStore {
  const { clock, waitClock, random, onUse } = options;
  const traced = withTrace(createStore(location, credential, clock), {
    clock,
    generation: credential.generation,
    onRecord: ({ generation: _generation, ...use }) => onUse(use),
  });
  return withRetry(traced, {
    clock: waitClock,
    random,
    propagatesUntil: credential.generation > 0 ? waitClock.now() + PROPAGATION_MS : null,
  });
}
