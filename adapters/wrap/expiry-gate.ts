import type { Clock } from '../../machines/ports/clock.ts';
import type { ObjectStore } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { aroundStore } from './around.ts';

export interface ExpiryGateOptions {
  readonly clock: Clock;
  /** `null`: never ends, the gate stays open (I43). */
  readonly expiresAt: EpochMs | null;
  /** C15: stop starting requests this long before the end; default 0. */
  readonly marginMs?: number;
}

/** C16: refuses to start a call once `now >= expiresAt - margin`, with `credential.expired`. */
export function withExpiryGate(store: ObjectStore, options: ExpiryGateOptions): ObjectStore {
  const { clock, expiresAt, marginMs = 0 } = options;
  return aroundStore(store, async (call, run) => {
    if (expiresAt !== null && clock.now() >= expiresAt - marginMs) {
      throw new FortnightError('credential.expired', `${call.operation} was not started (C16)`);
    }
    return run();
  });
}
