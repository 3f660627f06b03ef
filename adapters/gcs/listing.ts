import type { ObjectInfo } from '../../machines/ports/object-store.ts';
import { FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import { bucketUrl } from './addresses.ts';
import { documentOf, OBJECT_FIELDS, readObject } from './object-info.ts';
import type { GcsRequests } from './requests.ts';

const PAGE_KEYS_MAX = 1000;

interface Page {
  readonly objects: readonly ObjectInfo[];
  readonly next: string | undefined;
}

async function listPage(
  requests: GcsRequests,
  query: Readonly<Record<string, string | undefined>>,
): Promise<Page> {
  const operation = 'objects.list';
  const fields = `nextPageToken,items(${OBJECT_FIELDS})`;
  const url = bucketUrl(requests, '/o', { ...query, fields });
  const request = { method: 'GET', url } as const;
  const answer = await requests.send({ operation, target: 'bucket', request });
  const { items, nextPageToken } = documentOf(answer, operation);
  const resources = Array.isArray(items) ? items : [];
  return {
    objects: resources.map((item) => readObject(item).info),
    next: typeof nextPageToken === 'string' ? nextPageToken : undefined,
  };
}

export async function* listObjects(
  requests: GcsRequests,
  prefix: string,
  startAfter: string | undefined,
): AsyncGenerator<ObjectInfo, void, undefined> {
  let pageToken: string | undefined;
  do {
    const page = await listPage(requests, {
      prefix,
      maxResults: String(PAGE_KEYS_MAX),
      // Google begins at the key, we after it.
      startOffset: startAfter,
      pageToken,
    });
    for (const object of page.objects) if (object.key !== startAfter) yield object;
    pageToken = page.next;
  } while (pageToken !== undefined);
}

/**
 * Finds out what a refusal means. Who may list only below its own prefix is answered 403 instead of
 * 404 for a missing key: the storage does not tell strangers what exists. A listing of that one key,
 * which the tenant may ask for below its own folder, tells whether there is such a key.
 */
export async function reasonOf(
  requests: GcsRequests,
  key: string,
  refusal: unknown,
): Promise<FortnightError> {
  const error = toFortnightError(refusal);
  if (error.code !== 'access.denied') return error;
  try {
    const { objects } = await listPage(requests, { prefix: key, maxResults: '1' });
    if (objects[0]?.key === key) return error;
    return new FortnightError('object.missing', JSON.stringify(key));
  } catch (thrown) {
    const reason = toFortnightError(thrown);
    return reason.code === 'access.denied' ? error : reason;
  }
}
