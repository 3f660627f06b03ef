import type { ObjectInfo, ObjectStore, PutOptions } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { aroundStore } from './around.ts';
import { type BackoffOptions, withBackoff } from './backoff.ts';

/**
 * Tries calls again that failed with an error of class `retry`: capped exponential backoff with
 * full jitter, and never sooner than the storage asked for. `putStream` is passed through, because
 * its body can be read only once; of `getStream` only the opening is tried again; a listing goes on
 * behind the last key that it gave.
 */
export function withRetry(store: ObjectStore, backoff: BackoffOptions): ObjectStore {
  let isClosed = false;
  // A closed store answers `storage.unreachable`; waiting does not open it again.
  const mayRetry = (): boolean => !isClosed && backoff.mayRetry?.() !== false;
  const options: BackoffOptions = { ...backoff, mayRetry };
  const retried = aroundStore(store, (call, run) => {
    if (call.operation === 'putStream') return run();
    return withBackoff(options, run, call.signal);
  });
  return {
    ...retried,
    put: (key, body, putOptions) => put(store, options, key, body, putOptions),
    list: (prefix, listOptions) => list(store, options, prefix, listOptions?.startAfter),
    close() {
      isClosed = true;
      store.close();
    },
  };
}

/**
 * "It landed although the reply was lost": a create-only put that is tried again finds the object
 * that it has made itself. The bytes decide whose object it is.
 */
async function put(
  store: ObjectStore,
  options: BackoffOptions,
  key: string,
  body: Uint8Array,
  putOptions?: PutOptions,
): Promise<ObjectInfo> {
  return withBackoff(
    options,
    async (attempt) => {
      try {
        return await store.put(key, body, putOptions);
      } catch (thrown) {
        const isConflict = thrown instanceof FortnightError && thrown.code === 'object.conflict';
        if (!isConflict || attempt === 1 || putOptions?.ifAbsent !== true) throw thrown;
        const own = await ownObject(store, key, body);
        if (own === null) throw thrown;
        return own;
      }
    },
    putOptions?.signal,
  );
}

async function ownObject(store: ObjectStore, key: string, body: Uint8Array) {
  const info = await store.head(key);
  if (info === null || info.sizeBytes !== body.byteLength) return null;
  const stored = await store.get(key);
  return Buffer.compare(stored, body) === 0 ? info : null;
}

async function* list(
  store: ObjectStore,
  options: BackoffOptions,
  prefix: string,
  startAfter: string | undefined,
): AsyncGenerator<ObjectInfo, void, undefined> {
  let lastKey = startAfter;
  const open = () =>
    store
      .list(prefix, lastKey === undefined ? undefined : { startAfter: lastKey })
      [Symbol.asyncIterator]();
  let iterator = open();
  try {
    while (true) {
      const step = await withBackoff(options, async (attempt) => {
        // An iterator that has failed is used up.
        if (attempt > 1) iterator = open();
        return iterator.next();
      });
      if (step.done === true) return;
      lastKey = step.value.key;
      yield step.value;
    }
  } finally {
    await iterator.return?.();
  }
}
