import type { Clock } from '../../machines/ports/clock.ts';
import { Secret } from '../../machines/ports/secret.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import type { FaultError } from '../scenario/types.ts';
import {
  createFaultTable,
  type FaultRule,
  type FaultTable,
  type RunningStorage,
  type StateLocation,
  startStorage,
} from '../storage/index.ts';
import type { FaultBoard } from '../world/fault-board.ts';
import type { S3Kind } from '../world/settings.ts';
import type { OwnerKey } from './owner-key.ts';

const ROLE_ARN = 'arn:aws:iam::000000000014:role/fortnight-tenants';
const REGION = 'us-east-1';

export function ownerCredential(key: OwnerKey): StorageCredential {
  return {
    kind: 's3-keys',
    keyId: key.accessKeyId,
    secretKey: new Secret(key.secretAccessKey),
    sessionToken: null,
    generation: 0,
    expiresAt: null,
  };
}

export interface LabStorageOptions {
  readonly name: string;
  readonly kind: S3Kind;
  readonly longestSessionMs: number;
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
  readonly owner: OwnerKey;
  readonly roleArn: string;
  locate(bucket: string): StorageLocation;
  close(): Promise<void>;
}

const STATUS_OF: Readonly<Record<FaultError, number>> = {
  SlowDown: 503,
  InternalError: 500,
  ExpiredToken: 400,
  AccessDenied: 403,
  InvalidAccessKeyId: 403,
  RequestTimeTooSkewed: 403,
};

export async function startLabStorage(options: LabStorageOptions): Promise<LabStorage> {
  const { owner, kind, clock } = options;
  const jumps: Promise<void>[] = [];
  const running: RunningStorage = await startStorage({
    clock: options.clock,
    state: options.state,
    region: REGION,
    longestSessionMs: options.longestSessionMs,
    identities: [{ userName: 'service-provider', ...owner, policy: 'full' }],
    roles: [
      {
        name: 'fortnight-tenants',
        arn: ROLE_ARN,
        trustedUserNames: ['service-provider'],
        policy: 'full',
        maxSessionMs: options.longestSessionMs,
      },
    ],
    buckets: options.buckets,
    faults: faultTable(options, jumps),
    wait: async (ms) => {
      if (ms === UNTIL_JUMPED_MS) await jumps.shift();
      else await new Promise<void>((resolve) => clock.wakeAt(clock.now() + ms, resolve));
    },
  });
  return {
    name: options.name,
    owner,
    roleArn: ROLE_ARN,
    locate: (bucket) => ({ storage: kind, endpoint: running.endpoint, region: REGION, bucket }),
    close: () => running.close(),
  };
}

/** No delay of a scenario has this length: it stands for "as long as the jump takes". */
const UNTIL_JUMPED_MS = 0;

/** The board of the scenario, seen by the storage as its own fault table. */
function faultTable(options: LabStorageOptions, jumps: Promise<void>[]): FaultTable {
  const { board, name, clock, onJump } = options;
  let downUntil = Number.NEGATIVE_INFINITY;
  const cut: FaultRule = { kind: 'reset', nth: 1 };
  return {
    ...createFaultTable(),
    take: (operation) => {
      const site = operation === 'AssumeRole' ? 'issuer' : 'storage';
      const effect = board.strike({ site, storage: name, operation });
      if (effect?.kind === 'down') downUntil = clock.now() + effect.forMs;
      if (clock.now() < downUntil) return cut;
      switch (effect?.kind) {
        case 'jump':
          jumps.push(onJump(effect.byMs));
          return { kind: 'delay', ms: UNTIL_JUMPED_MS, nth: 1 };
        case 'delay':
          return { kind: 'delay', ms: effect.byMs, nth: 1 };
        case 'error':
          return {
            kind: 'error',
            code: effect.error,
            status: STATUS_OF[effect.error],
            nth: 1,
            ...(effect.error === 'SlowDown' ? { retryAfterSeconds: 1 } : {}),
          };
        case 'reset':
          return cut;
        case 'corruptBody':
          return { kind: 'corruptBody', nth: 1 };
        default:
          return undefined;
      }
    },
  };
}
