import type { ObjectInfo, ObjectStore } from '../../../machines/ports/object-store.ts';
import { FortnightError, toFortnightError } from '../../../machines/rules/errors.ts';
import { LIST_PAGE_MAX, type ListedPage } from '../messages.ts';

export interface ListAsked {
  readonly prefix: string;
  readonly startAfter: string | null;
  readonly limit: number;
}

/** Asks the SP for a page of a listing. */
export type ListPage = (asked: ListAsked) => Promise<ListedPage>;

/**
 * A store whose credential lists nothing: the SP lists for it. Who may not list is answered 403 for a
 * missing key, so the same question tells what a refusal means, and a create-only put looks first.
 */
export function withProviderListing(store: ObjectStore, listPage: ListPage): ObjectStore {
  async function* list(prefix: string, options?: { readonly startAfter?: string }) {
    let startAfter = options?.startAfter ?? null;
    for (;;) {
      const page = await listPage({ prefix, startAfter, limit: LIST_PAGE_MAX });
      yield* page.objects;
      startAfter = page.objects.at(-1)?.key ?? null;
      if (page.isLast || startAfter === null) return;
    }
  }

  const reasonOf = async (key: string, thrown: unknown): Promise<FortnightError> => {
    const error = toFortnightError(thrown);
    if (error.code !== 'access.denied') return error;
    try {
      const { objects } = await listPage({ prefix: key, startAfter: null, limit: 1 });
      const isThere = objects[0]?.key === key;
      return isThere ? error : new FortnightError('object.missing', JSON.stringify(key));
    } catch (asked) {
      const reason = toFortnightError(asked);
      return reason.code === 'access.denied' ? error : reason;
    }
  };

  const explained = async <Result>(key: string, run: () => Promise<Result>): Promise<Result> => {
    try {
      return await run();
    } catch (thrown) {
      throw await reasonOf(key, thrown);
    }
  };

  const head = async (key: string): Promise<ObjectInfo | null> => {
    try {
      return await explained(key, () => store.head(key));
    } catch (thrown) {
      if (thrown instanceof FortnightError && thrown.code === 'object.missing') return null;
      throw thrown;
    }
  };

  /** What the store would look up itself, and be denied, is looked up here. */
  const looked = async <Options extends { readonly ifAbsent?: boolean }>(
    key: string,
    options: Options | undefined,
  ): Promise<Options | undefined> => {
    if (options?.ifAbsent !== true) return options;
    if ((await head(key)) !== null) {
      throw new FortnightError('object.conflict', 'the object exists already');
    }
    // Known since the look: a store may be loaded by its first request.
    return store.properties.hasConditionalWrites ? options : { ...options, ifAbsent: false };
  };

  return {
    get properties() {
      return store.properties;
    },
    list,
    head,
    put: async (key, body, options) => store.put(key, body, await looked(key, options)),
    putStream: async (key, body, options) => store.putStream(key, body, await looked(key, options)),
    get: (key, options) => explained(key, () => store.get(key, options)),
    getStream: (key, options) => explained(key, () => store.getStream(key, options)),
    async remove(keys) {
      const denied = await store.remove(keys).then(() => null, toFortnightError);
      if (denied === null) return;
      if (denied.code !== 'access.denied') throw denied;
      for (const key of keys) {
        await explained(key, () => store.remove([key])).catch((thrown: FortnightError) => {
          if (thrown.code !== 'object.missing') throw thrown;
        });
      }
    },
    abortUploads: (prefix) => store.abortUploads(prefix),
    close: () => store.close(),
  };
}
