import type { ObjectStore, ObjectStoreProperties } from '../../machines/ports/object-store.ts';

/**
 * A store whose SDK is loaded by its first request: a mover needs one of four, and each takes a
 * tenth of a second and more to load. `properties` can be read once a request has been made.
 */
export function lateStore(load: () => Promise<ObjectStore>): ObjectStore {
  let loaded: ObjectStore | null = null;
  let loading: Promise<ObjectStore> | null = null;
  let isClosed = false;
  const store = (): Promise<ObjectStore> => {
    loading ??= load().then((made) => {
      loaded = made;
      if (isClosed) made.close();
      return made;
    });
    return loading;
  };
  const known = (): ObjectStoreProperties => {
    if (loaded === null) throw new Error('the properties of a store that was never used');
    return loaded.properties;
  };
  return {
    properties: {
      get name() {
        return known().name;
      },
      get partBytes() {
        return known().partBytes;
      },
      get parallelParts() {
        return known().parallelParts;
      },
      get hasConditionalWrites() {
        return known().hasConditionalWrites;
      },
      get deleteBatchMax() {
        return known().deleteBatchMax;
      },
    },
    put: async (...given) => (await store()).put(...given),
    putStream: async (...given) => (await store()).putStream(...given),
    get: async (...given) => (await store()).get(...given),
    getStream: async (...given) => (await store()).getStream(...given),
    head: async (...given) => (await store()).head(...given),
    async *list(...given) {
      yield* (await store()).list(...given);
    },
    remove: async (...given) => (await store()).remove(...given),
    abortUploads: async (...given) => (await store()).abortUploads(...given),
    close: () => {
      isClosed = true;
      loaded?.close();
    },
  };
}
