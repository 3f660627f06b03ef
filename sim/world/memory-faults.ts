import { aroundStore, type StoreOperation } from '../../adapters/wrap/around.ts';
import { waitOn } from '../../adapters/wrap/wait.ts';
import type { CredentialIssuer } from '../../machines/ports/credential-issuer.ts';
import type { ObjectStore } from '../../machines/ports/object-store.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import type { VirtualClock } from '../kernel/index.ts';
import type { FaultEffect, FaultError } from '../scenario/types.ts';
import type { FaultBoard } from './fault-board.ts';

/** The S3 operation that stands behind a call of the port. */
const OPERATION_OF: Readonly<Record<StoreOperation, string>> = {
  put: 'PutObject',
  putStream: 'PutObject',
  get: 'GetObject',
  getStream: 'GetObject',
  head: 'HeadObject',
  list: 'ListObjectsV2',
  remove: 'DeleteObjects',
  abortUploads: 'AbortMultipartUpload',
};

/** What the real answers are translated to (providers §1.2). */
const CODE_OF: Readonly<Record<FaultError, ErrorCode>> = {
  SlowDown: 'storage.throttled',
  InternalError: 'storage.unavailable',
  ExpiredToken: 'credential.expired',
  AccessDenied: 'access.denied',
  InvalidAccessKeyId: 'credential.unknownKey',
  RequestTimeTooSkewed: 'clock.skewed',
};

/** A site that is down until an instant, shared by all stores of a storage. */
const downUntil = new WeakMap<FaultBoard, Map<string, number>>();

async function suffer(
  effect: FaultEffect | null,
  site: { readonly board: FaultBoard; readonly name: string; readonly clock: VirtualClock },
): Promise<void> {
  const downs = downUntil.get(site.board) ?? new Map<string, number>();
  downUntil.set(site.board, downs);
  if (effect?.kind === 'down') downs.set(site.name, site.clock.now() + effect.forMs);
  if (site.clock.now() < (downs.get(site.name) ?? Number.NEGATIVE_INFINITY)) {
    throw new FortnightError('storage.unreachable', 'The site is down, as scripted.');
  }
  if (effect === null) return;
  switch (effect.kind) {
    case 'jump':
      site.clock.skipTo(site.clock.now() + effect.byMs);
      return;
    case 'error':
      throw new FortnightError(CODE_OF[effect.error], 'As scripted.');
    case 'reset':
      throw new FortnightError('storage.unreachable', 'The connection was cut, as scripted.');
    case 'delay':
      await waitOn(site.clock, effect.byMs);
      return;
    case 'corruptBody':
    case 'down':
      return;
    default:
      effect satisfies never;
  }
}

/** Faults in front of a store in memory; each call of the port counts as one request. */
export function faultyStore(
  store: ObjectStore,
  board: FaultBoard,
  storage: string,
  clock: VirtualClock,
): ObjectStore {
  return aroundStore(store, async (call, run) => {
    const operation = OPERATION_OF[call.operation];
    const effect = board.strike({ site: 'storage', storage, operation });
    await suffer(effect, { board, name: `storage ${storage}`, clock });
    const result = await run();
    if (effect?.kind === 'corruptBody' && result instanceof Uint8Array && result.length > 0) {
      const corrupted = result.slice();
      corrupted[corrupted.length >> 1] = (corrupted[corrupted.length >> 1] ?? 0) ^ 1;
      return corrupted as typeof result;
    }
    return result;
  });
}

/** Faults in front of an issuer in memory. */
export function faultyIssuer(
  issuer: CredentialIssuer,
  board: FaultBoard,
  storage: string,
  clock: VirtualClock,
): CredentialIssuer {
  return {
    ...issuer,
    issue: async (request) => {
      const effect = board.strike({ site: 'issuer', storage, operation: 'AssumeRole' });
      try {
        await suffer(effect, { board, name: `issuer ${storage}`, clock });
      } catch (error) {
        if (!(error instanceof FortnightError)) throw error;
        const isFinal = error.class === 'abort';
        throw new FortnightError(isFinal ? 'issuer.refused' : 'issuer.unavailable', error.detail);
      }
      return issuer.issue(request);
    },
  };
}
