import type { ObjectInfo } from '../../machines/ports/object-store.ts';
import { FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import { OBJECT_FIELDS, readObject } from './object-info.ts';
import type { StorageClient } from './storage-client.ts';

const PAGE_KEYS_MAX = 1000;

interface Page {
  readonly objects: readonly ObjectInfo[];
  readonly next: string | undefined;
}

interface PageQuery {
  readonly prefix: string;
  readonly maxResults: number;
  readonly startOffset?: string;
  readonly pageToken?: string;
}

async function listPage(client: StorageClient, query: PageQuery): Promise<Page> {
  const bucket = client.bucket({ operation: 'objects.list', target: 'bucket' });
  const [, , answer] = await bucket.getFiles({
    ...query,
    // A page a call: whoever stops reading sends no more, and C16 is asked before each.
    autoPaginate: false,
    fields: `nextPageToken,items(${OBJECT_FIELDS})`,
  });
  const { items = [], nextPageToken } = answer as ListAnswer;
  return { objects: items.map((item) => readObject(item).info), next: nextPageToken };
}

interface ListAnswer {
  readonly items?: readonly object[];
  readonly nextPageToken?: string;
}

export async function* listObjects(
  client: StorageClient,
  prefix: string,
  startAfter: string | undefined,
): AsyncGenerator<ObjectInfo, void, undefined> {
  // Google begins at the key, we after it.
  const start = startAfter === undefined ? {} : { startOffset: startAfter };
  let next: { readonly pageToken?: string } | null = {};
  while (next !== null) {
    const page = await listPage(client, { prefix, maxResults: PAGE_KEYS_MAX, ...start, ...next });
    for (const object of page.objects) if (object.key !== startAfter) yield object;
    next = page.next ? { pageToken: page.next } : null;
  }
}

/**
 * Finds out what a refusal means. Who may list only below its own prefix is answered 403 instead of
 * 404 for a missing key: the storage does not tell strangers what exists. A listing of that one key,
 * which the tenant may ask for below its own folder, tells whether there is such a key.
 */
export async function reasonOf(
  client: StorageClient,
  key: string,
  refusal: unknown,
): Promise<FortnightError> {
  const error = toFortnightError(refusal);
  if (error.code !== 'access.denied') return error;
  try {
    const { objects } = await listPage(client, { prefix: key, maxResults: 1 });
    if (objects[0]?.key === key) return error;
    return new FortnightError('object.missing', JSON.stringify(key));
  } catch (thrown) {
    const reason = toFortnightError(thrown);
    return reason.code === 'access.denied' ? error : reason;
  }
}
