import type { ObjectStore } from '../../machines/ports/object-store.ts';

export type StoreOperation = Exclude<keyof ObjectStore, 'properties' | 'close'>;

/** One call of a store, as decorators see it. */
export interface StoreCall {
  readonly operation: StoreOperation;
  /** The key, the prefix, or the first of several keys. */
  readonly key: string;
  /** Bytes that are sent, where that is known beforehand. */
  readonly bytes: number | null;
  readonly signal: AbortSignal | undefined;
}

/** Runs something around a call; it decides whether, when and how often `run` is called. */
export type Around = <Result>(call: StoreCall, run: () => Promise<Result>) => Promise<Result>;

/**
 * Puts `around` around every call of a store. Of a listing it sees the first step, and of
 * `getStream` the opening; the body of `putStream` can be read once only, so `run` must not be
 * called twice for it.
 */
export function aroundStore(store: ObjectStore, around: Around): ObjectStore {
  const call = (
    operation: StoreOperation,
    key: string,
    signal?: AbortSignal,
    bytes: number | null = null,
  ): StoreCall => ({ operation, key, bytes, signal });

  return {
    properties: store.properties,
    put: (key, body, options) =>
      around(call('put', key, options?.signal, body.byteLength), () =>
        store.put(key, body, options),
      ),
    putStream: (key, body, options) =>
      around(call('putStream', key, options?.signal), () => store.putStream(key, body, options)),
    get: (key, options) => around(call('get', key, options?.signal), () => store.get(key, options)),
    getStream: (key, options) =>
      around(call('getStream', key, options?.signal), () => store.getStream(key, options)),
    head: (key) => around(call('head', key), () => store.head(key)),
    async *list(prefix, options) {
      const iterator = store.list(prefix, options)[Symbol.asyncIterator]();
      try {
        let step = await around(call('list', prefix), () => iterator.next());
        while (step.done !== true) {
          yield step.value;
          step = await iterator.next();
        }
      } finally {
        await iterator.return?.();
      }
    },
    remove: (keys) => around(call('remove', keys[0] ?? ''), () => store.remove(keys)),
    abortUploads: (prefix) =>
      around(call('abortUploads', prefix), () => store.abortUploads(prefix)),
    close: () => store.close(),
  };
}
