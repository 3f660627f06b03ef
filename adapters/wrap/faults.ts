import type { Clock } from '../../machines/ports/clock.ts';
import type { ObjectStore } from '../../machines/ports/object-store.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { aroundStore, type StoreCall, type StoreOperation } from './around.ts';
import { waitOn } from './wait.ts';

/** A fault, as data (invariants §3). Calls that match operation and prefix are counted from 1. */
export interface StoreFault {
  readonly operation: StoreOperation | 'any';
  readonly keyPrefix?: string;
  readonly nth: number;
  /** How many matching calls in a row it hits; default 1. */
  readonly repeat?: number;
  readonly effect:
    | { readonly kind: 'error'; readonly code: ErrorCode; readonly retryAfterMs?: number }
    /** The call has its effect, and its answer is lost: an error all the same. */
    | { readonly kind: 'lostReply'; readonly code: ErrorCode }
    | { readonly kind: 'delay'; readonly delayMs: number };
}

export interface FaultyObjectStore extends ObjectStore {
  /** How often each fault has fired, in the order given. A fault that never fired tests nothing. */
  fired(): readonly number[];
}

export function withFaults(
  store: ObjectStore,
  faults: readonly StoreFault[],
  clock: Clock,
): FaultyObjectStore {
  const seen = faults.map(() => 0);
  const fired = faults.map(() => 0);

  /** Counts the call for every fault and gives those that hit it. */
  const hits = (call: StoreCall): StoreFault[] =>
    faults.filter((fault, index) => {
      const isMatching =
        (fault.operation === 'any' || fault.operation === call.operation) &&
        call.key.startsWith(fault.keyPrefix ?? '');
      if (!isMatching) return false;
      seen[index] = (seen[index] ?? 0) + 1;
      const nthCall = seen[index] ?? 0;
      const isHit = nthCall >= fault.nth && nthCall < fault.nth + (fault.repeat ?? 1);
      if (isHit) fired[index] = (fired[index] ?? 0) + 1;
      return isHit;
    });

  const faulty = aroundStore(store, async (call, run) => {
    let isReplyLost: ErrorCode | null = null;
    for (const { effect } of hits(call)) {
      switch (effect.kind) {
        case 'delay':
          await waitOn(clock, effect.delayMs, call.signal);
          break;
        case 'lostReply':
          isReplyLost = effect.code;
          break;
        case 'error': {
          const { code, retryAfterMs } = effect;
          throw new FortnightError(
            code,
            `injected into ${call.operation}`,
            retryAfterMs === undefined ? {} : { retryAfterMs },
          );
        }
        default:
          effect satisfies never;
      }
    }
    const result = await run();
    if (isReplyLost !== null) {
      throw new FortnightError(isReplyLost, `injected after ${call.operation}`);
    }
    return result;
  });
  return { ...faulty, fired: () => [...fired] };
}
