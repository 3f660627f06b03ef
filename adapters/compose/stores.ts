import type { Clock } from '../../machines/ports/clock.ts';
import type { ObjectStore } from '../../machines/ports/object-store.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { ISSUERS } from '../../machines/rules/issuers.ts';
import { SECOND_MS } from '../../machines/rules/time.ts';
import type { StorageUse } from '../roles/mover/config.ts';
import { withExpiryGate } from '../wrap/expiry-gate.ts';
import { withRetry } from '../wrap/retry.ts';
import { withTrace } from '../wrap/trace.ts';
import { lateStore } from './late-store.ts';

/** C19: how long a fresh generation may be unknown to the storage before that is final. */
const PROPAGATION_MS = 60 * SECOND_MS;

/** Longer where an issuer of the storage needs it: HMAC keys of Google take minutes. */
function propagationMs({ storage }: StorageLocation, { kind }: StorageCredential): number {
  const isHmacKey = storage === 'gcs' && kind === 's3-keys';
  return isHmacKey ? ISSUERS['hmac-key'].propagationMaxMs : PROPAGATION_MS;
}

/**
 * A bare store of the location's kind; every rejection is from the catalogue, nothing retries. Its
 * SDK is loaded by the first request.
 */
export function createStore(
  location: StorageLocation,
  credential: StorageCredential,
  clock: Clock,
): ObjectStore {
  const options = { location, credential, clock };
  return lateStore(async () => {
    switch (location.storage) {
      case 'aws':
        return (await import('../aws/object-store.ts')).createAwsObjectStore(options);
      case 's3-compatible': {
        const { createS3CompatibleObjectStore } = await import('../s3-compatible/object-store.ts');
        return createS3CompatibleObjectStore(options);
      }
      case 'azure':
        return (await import('../azure/object-store.ts')).createAzureObjectStore(options);
      case 'gcs': {
        if (credential.kind === 's3-keys') {
          // An HMAC key opens the XML API, which speaks S3; its signatures name this region.
          const { createS3ObjectStore } = await import('../s3/object-store.ts');
          return createS3ObjectStore({ ...options, location: { ...location, region: 'auto' } });
        }
        const { createGcsObjectStore } = await import('../gcs/object-store.ts');
        const { tokenUrl } = location;
        return createGcsObjectStore(tokenUrl === undefined ? options : { ...options, tokenUrl });
      }
      default:
        return location.storage satisfies never;
    }
  });
}

export interface MoverStoreOptions {
  /** Dates, signatures and expiry. */
  readonly clock: Clock;
  /** Waits between attempts: they are physical, also where the clock is warped or stands still. */
  readonly waitClock: Clock;
  readonly random: () => number;
  readonly onUse: (use: StorageUse) => void;
}

/**
 * The store of a target mover: each attempt is traced, failed ones of class `retry` are repeated, and none starts
 * with an ended credential.
 */
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
  // C16: an attempt is a request of its own; the one before it may have outlived the credential.
  const gated = withExpiryGate(traced, { clock, expiresAt: credential.expiresAt });
  return withRetry(gated, {
    clock: waitClock,
    random,
    propagatesUntil:
      credential.generation > 0 ? waitClock.now() + propagationMs(location, credential) : null,
  });
}
