import type { BlobItem, BlobPrefix } from '@azure/storage-blob';
import type { ObjectInfo } from '../../machines/ports/object-store.ts';
import { isHidden } from './hidden-blobs.ts';
import type { AzureRequests, Place } from './requests.ts';
import { plainEtag } from './single-put.ts';

/** Azure gives up to 5,000; a page is held in memory once a level. */
const PAGE_BLOBS_MAX = 1000;

interface Page {
  readonly blobs: readonly BlobItem[];
  readonly prefixes: readonly BlobPrefix[];
  readonly next: string;
}

interface PageRequest {
  readonly prefix: string;
  readonly isFlat: boolean;
  readonly hasUncommitted?: boolean;
}

async function* pages(
  requests: AzureRequests,
  place: Place,
  { prefix, isFlat, hasUncommitted = false }: PageRequest,
): AsyncGenerator<Page, void, undefined> {
  const settings = {
    includeMetadata: true,
    includeUncommitedBlobs: hasUncommitted,
    responseFormat: 'Xml',
    ...(prefix === '' ? {} : { prefix }),
  } as const;
  let continuationToken: string | undefined;
  do {
    const pageSettings = {
      maxPageSize: PAGE_BLOBS_MAX,
      ...(continuationToken === undefined ? {} : { continuationToken }),
    };
    const page = await requests.send('ListBlobs', place, async (sdkOptions) => {
      const options = { ...settings, ...sdkOptions };
      const step = isFlat
        ? await place.container.listBlobsFlat(options).byPage(pageSettings).next()
        : await place.container.listBlobsByHierarchy('/', options).byPage(pageSettings).next();
      const { segment, continuationToken: next = '' } = step.value;
      const prefixes = 'blobPrefixes' in segment ? (segment.blobPrefixes ?? []) : [];
      return { blobs: segment.blobItems, prefixes, next };
    });
    yield page;
    continuationToken = page.next;
  } while (continuationToken !== '');
}

function infoOf({ name, properties }: BlobItem): ObjectInfo {
  return {
    key: name,
    sizeBytes: properties.contentLength ?? 0,
    etag: plainEtag(properties.etag),
    modifiedAt: properties.lastModified.getTime(),
  };
}

/**
 * All objects in UTF-8 order. A flat account lists in that order by itself (for names of ASCII, as
 * §6 has them). A hierarchical namespace does not: it takes `/` for less than any letter, so that
 * `A/x` comes before `A-B` (azure-sdk-for-go #24210); and no account can begin behind a given key. Both
 * are solved by walking level by level, which also leaves out whole directories before `startAfter`.
 */
export function listObjects(
  requests: AzureRequests,
  prefix: string,
  options: { readonly startAfter?: string; readonly hasDirectories: boolean },
): AsyncGenerator<ObjectInfo, void, undefined> {
  const { hasDirectories, startAfter = '' } = options;
  const place = requests.placeOf(prefix);
  return hasDirectories || startAfter !== ''
    ? listLevel(requests, place, prefix, startAfter)
    : listFlat(requests, place, prefix);
}

async function* listFlat(requests: AzureRequests, place: Place, prefix: string) {
  for await (const page of pages(requests, place, { prefix, isFlat: true })) {
    for (const blob of page.blobs) if (!isHidden(blob)) yield infoOf(blob);
  }
}

/** An entry of a level: an object, or all that lies below `text`. */
interface Entry {
  /** What is compared; of a directory with its slash. */
  readonly text: string;
  readonly blob: BlobItem | null;
}

async function* listLevel(
  requests: AzureRequests,
  place: Place,
  prefix: string,
  startAfter: string,
): AsyncGenerator<ObjectInfo, void, undefined> {
  for await (const { text, blob } of levelInOrder(requests, place, prefix)) {
    if (blob !== null) {
      if (compareUtf8(text, startAfter) > 0 && !isHidden(blob)) yield infoOf(blob);
      continue;
    }
    // Everything below is less when the directory is, unless the key lies in it.
    const isBefore = compareUtf8(text, startAfter) < 0 && !startAfter.startsWith(text);
    if (!isBefore) yield* listLevel(requests, place, text, startAfter);
  }
}

/**
 * One level in UTF-8 order. The storage may give a directory `A/` before `A-B`, because it compares
 * the bare names: an entry is held until the bare name that came last is not less than it.
 */
async function* levelInOrder(
  requests: AzureRequests,
  place: Place,
  prefix: string,
): AsyncGenerator<Entry, void, undefined> {
  let held: Entry[] = [];
  for await (const page of pages(requests, place, { prefix, isFlat: false })) {
    const blobs = page.blobs.map((blob): Entry => ({ text: blob.name, blob }));
    const directories = page.prefixes.map(({ name }): Entry => ({ text: name, blob: null }));
    held = [...held, ...blobs, ...directories].sort((left, right) =>
      compareUtf8(left.text, right.text),
    );
    const last = [...blobs, ...directories]
      .map(({ text }) => text.replace(/\/$/, ''))
      .reduce((most, text) => (compareUtf8(text, most) > 0 ? text : most), '');
    const ready = held.findIndex(({ text }) => compareUtf8(text, last) > 0);
    const count = ready < 0 ? held.length : ready;
    yield* held.slice(0, count);
    held = held.slice(count);
  }
  yield* held;
}

export function compareUtf8(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** Names of blobs of no length, among them those that are nothing but uncommitted blocks. */
export async function* listEmptyBlobs(
  requests: AzureRequests,
  prefix: string,
): AsyncGenerator<BlobItem, void, undefined> {
  const place = requests.placeOf(prefix);
  const request = { prefix, isFlat: true, hasUncommitted: true };
  for await (const page of pages(requests, place, request)) {
    yield* page.blobs.filter(({ properties }) => (properties.contentLength ?? 0) === 0);
  }
}
