import type { ObjectInfo, ObjectStore } from '../../machines/ports/object-store.ts';
import { toFortnightError } from '../../machines/rules/errors.ts';
import type { EngineCore } from './engine-core.ts';
import type { WaitList } from './wait-list.ts';

export interface RequestGateOptions {
  readonly core: EngineCore;
  readonly store: ObjectStore;
  readonly mayStartRequest: () => boolean;
  readonly grantedBytes: number | null;
  readonly parallelRequests: number;
}

/**
 * Every request to the storage passes here: at most `parallelRequests` at once, none while paused,
 * none with an ended credential (C16), none beyond the granted bytes (Q2, I52). A request that met
 * an ended credential waits for `resume` and is then made once more with the new store (L4);
 * nothing else is repeated.
 */
export class RequestGate {
  readonly #core: EngineCore;
  readonly #mayStartRequest: () => boolean;
  readonly #parallelRequests: number;
  readonly #changed: WaitList;
  #store: ObjectStore;
  /** Counts stores, so that a late answer to an old one does not pause the new one. */
  #storeNumber = 0;
  #availableBytes: number | null;
  #spentBytes = 0;
  #inFlight = 0;
  #isPaused = false;
  #hasExpired = false;
  #isGrantAsked = false;
  #owesDrained = false;

  constructor(options: RequestGateOptions) {
    this.#core = options.core;
    this.#store = options.store;
    this.#mayStartRequest = options.mayStartRequest;
    this.#availableBytes = options.grantedBytes;
    this.#parallelRequests = options.parallelRequests;
    this.#changed = options.core.waitList();
  }

  get spentBytes(): number {
    return this.#spentBytes;
  }

  pause(): void {
    this.#isPaused = true;
    this.#owesDrained = true;
    this.#drainWhenIdle();
  }

  resume(store: ObjectStore): void {
    this.#store = store;
    this.#storeNumber += 1;
    this.#isPaused = false;
    this.#hasExpired = false;
    this.#owesDrained = false;
    this.#changed.wake();
  }

  grant(bytes: number): void {
    if (this.#availableBytes !== null) this.#availableBytes += bytes;
    this.#isGrantAsked = false;
    this.#changed.wake();
  }

  /**
   * One request. `costBytes` are taken from the grant before it starts, and given back when the
   * storage did not confirm it. `attempt` counts from 1.
   */
  async run<Value>(
    costBytes: number,
    request: (store: ObjectStore, attempt: number) => Promise<Value>,
  ): Promise<Value> {
    for (let attempt = 1; ; attempt += 1) {
      // Nothing is awaited between the last look and the start: no pause and no other request can
      // slip in.
      for (;;) {
        const { wakes } = this.#changed;
        if (this.#mayStart(costBytes)) break;
        await this.#changed.waitSince(wakes);
      }
      const storeNumber = this.#storeNumber;
      this.#inFlight += 1;
      if (this.#availableBytes !== null) this.#availableBytes -= costBytes;
      try {
        const value = await request(this.#store, attempt);
        this.#spentBytes += costBytes;
        return value;
      } catch (thrown) {
        if (this.#availableBytes !== null) this.#availableBytes += costBytes;
        const error = toFortnightError(thrown);
        if (error.class !== 'refreshCredential' || this.#core.isOver) throw error;
        if (storeNumber === this.#storeNumber) this.#expire();
      } finally {
        this.#inFlight -= 1;
        this.#drainWhenIdle();
        this.#changed.wake();
      }
    }
  }

  /**
   * A whole listing. Each look at the store may be a request for a page, so each is asked for;
   * after an interruption it goes on behind the last key.
   */
  async list(prefix: string, onObject: (object: ObjectInfo) => void): Promise<void> {
    let lastKey: string | null = null;
    let isComplete = false;
    while (!isComplete) {
      isComplete = await this.run(0, async (store) => {
        const from = lastKey === null ? {} : { startAfter: lastKey };
        for await (const object of store.list(prefix, from)) {
          lastKey = object.key;
          onObject(object);
          if (!this.#mayGoOn()) return false;
        }
        return true;
      });
    }
  }

  /** The first object of a listing, or `null`. */
  async first(prefix: string, startAfter: string | null): Promise<ObjectInfo | null> {
    return this.run(0, async (store) => {
      const from = startAfter === null ? {} : { startAfter };
      for await (const object of store.list(prefix, from)) return object;
      return null;
    });
  }

  #mayStart(costBytes: number): boolean {
    if (this.#inFlight >= this.#parallelRequests) return false;
    if (this.#isPaused || this.#hasExpired) return false;
    const missingBytes = this.#availableBytes === null ? 0 : costBytes - this.#availableBytes;
    if (missingBytes > 0) {
      if (!this.#isGrantAsked) {
        this.#isGrantAsked = true;
        this.#core.tell({ type: 'engine.grantNeeded', bytes: missingBytes });
      }
      return false;
    }
    return this.#mayGoOn();
  }

  #mayGoOn(): boolean {
    this.#core.throwIfStopped();
    if (this.#isPaused || this.#hasExpired) return false;
    if (this.#mayStartRequest()) return true;
    this.#expire();
    return false;
  }

  #expire(): void {
    if (this.#hasExpired) return;
    this.#hasExpired = true;
    this.#core.tell({ type: 'engine.credentialExpired' });
  }

  #drainWhenIdle(): void {
    if (!this.#owesDrained || this.#inFlight > 0 || this.#core.isOver) return;
    this.#owesDrained = false;
    this.#core.tell({ type: 'engine.drained' });
  }
}
