import { httpDate } from '../core/instants.ts';
import type { ObjectRecord } from '../core/records.ts';
import { compareUtf8 } from '../core/sorted-keys.ts';
import { type ListPosition, listPage } from '../s3/list-pages.ts';
import {
  type AzureCall,
  type AzureReply,
  bucketOfCall,
  readInclude,
  readMaxResults,
  requireContainer,
} from './call.ts';
import { branch, leaf, listingDocument, nameElement, type Xml } from './document.ts';
import { readPosition, writeMarker } from './marker.ts';

/** Of these only the first three exist here; a listing that asks for the others has none. */
const INCLUDABLE = [
  'metadata',
  'uncommittedblobs',
  'copy',
  'snapshots',
  'versions',
  'deleted',
  'tags',
  'immutabilitypolicy',
  'legalhold',
  'deletedwithversions',
];

export function listBlobs(call: AzureCall): AzureReply {
  requireContainer(call);
  const bucket = bucketOfCall(call);
  const prefix = call.query.get('prefix') ?? '';
  const delimiter = call.query.get('delimiter') ?? '';
  const marker = call.query.get('marker') ?? '';
  const include = readInclude(call, INCLUDABLE);
  const maxResults = readMaxResults(call);
  const start: ListPosition = marker === '' ? { afterKey: '' } : readPosition(marker);
  const open = include.has('uncommittedblobs')
    ? call.blocks.keysWithout(bucket, call.at, (key) => call.core.object(bucket, key) !== undefined)
    : [];
  const page = listPage((from) => merged(call.core.keysFrom(bucket, from), open, from), {
    prefix,
    delimiter,
    maxEntries: maxResults,
    start,
  });
  const rows = page.entries.map((entry) =>
    'commonPrefix' in entry
      ? branch('BlobPrefix', nameElement(entry.commonPrefix))
      : elementOf(entry.key, call.core.object(bucket, entry.key), include),
  );
  const xml = listingDocument(
    { ServiceEndpoint: call.accountUrl, ContainerName: call.target.container },
    prefix === '' ? undefined : leaf('Prefix', prefix),
    marker === '' ? undefined : leaf('Marker', marker),
    call.query.has('maxresults') ? leaf('MaxResults', maxResults) : undefined,
    delimiter === '' ? undefined : leaf('Delimiter', delimiter),
    branch('Blobs', ...rows),
    leaf('NextMarker', page.next === undefined ? '' : writeMarker(page.next)),
  );
  return { status: 200, xml };
}

/** Keys of blobs, and those of uncommitted blocks (in order), from a key on. */
function* merged(
  keys: Iterable<string>,
  open: readonly string[],
  from: string,
): Generator<string, void, undefined> {
  const waiting = open.filter((key) => compareUtf8(key, from) >= 0);
  for (const key of keys) {
    while (waiting[0] !== undefined && compareUtf8(waiting[0], key) < 0) yield waiting.shift()!;
    yield key;
  }
  yield* waiting;
}

/** What has only uncommitted blocks has no length, no tag and no dates. */
function elementOf(key: string, blob: ObjectRecord | undefined, include: ReadonlySet<string>): Xml {
  if (blob !== undefined) return blobElement(blob, include);
  return branch(
    'Blob',
    nameElement(key),
    branch('Properties', leaf('Content-Length', 0), leaf('BlobType', 'BlockBlob')),
  );
}

const LISTED_HEADERS = [
  ['Content-Type', 'content-type'],
  ['Content-Encoding', 'content-encoding'],
  ['Content-Language', 'content-language'],
  ['Content-MD5', 'content-md5'],
  ['Cache-Control', 'cache-control'],
  ['Content-Disposition', 'content-disposition'],
] as const;

const COPY_HEADERS = [
  ['CopyId', 'x-ms-copy-id'],
  ['CopyStatus', 'x-ms-copy-status'],
  ['CopySource', 'x-ms-copy-source'],
  ['CopyProgress', 'x-ms-copy-progress'],
  ['CopyCompletionTime', 'x-ms-copy-completion-time'],
] as const;

function blobElement(blob: ObjectRecord, include: ReadonlySet<string>): Xml {
  const texts = (pairs: readonly (readonly [string, string])[]): Xml[] =>
    pairs.flatMap(([element, name]) => {
      const text = blob.systemHeaders[name];
      return text === undefined ? [] : [leaf(element, text)];
    });
  return branch(
    'Blob',
    nameElement(blob.key),
    branch(
      'Properties',
      leaf('Creation-Time', httpDate(blob.createdAt ?? blob.modifiedAt)),
      leaf('Last-Modified', httpDate(blob.modifiedAt)),
      leaf('Etag', blob.etag),
      leaf('Content-Length', blob.size),
      ...texts(LISTED_HEADERS),
      leaf('BlobType', 'BlockBlob'),
      leaf('AccessTier', 'Hot'),
      leaf('AccessTierInferred', true),
      leaf('LeaseStatus', 'unlocked'),
      leaf('LeaseState', 'available'),
      leaf('ServerEncrypted', true),
      ...(include.has('copy') ? texts(COPY_HEADERS) : []),
    ),
    include.has('metadata')
      ? branch(
          'Metadata',
          ...Object.entries(blob.userMetadata).map(([key, text]) => leaf(key, text)),
        )
      : undefined,
  );
}
