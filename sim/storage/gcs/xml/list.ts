import { isoInstant } from '../../core/instants.ts';
import { type ListPosition, listPage } from '../../s3/list-pages.ts';
import { encodeUri } from '../../sigv4/canonical.ts';
import { branch, leaf, plainDocument, type Xml } from '../../wire/xml.ts';
import { type GcsReply, permit, permitInProject, requireBucket, wholeNumber } from '../call.ts';
import { GcsError } from '../errors.ts';
import { permitListing, readToken, writeToken } from '../json/list.ts';
import { storageClassOf } from '../objects/resource.ts';
import { type XmlCall, xmlEtag } from './objects.ts';

const KEYS_MAX = 1000;

/** Version 1 and 2 of the listing that S3 clients ask for. */
export function listXmlObjects(call: XmlCall): GcsReply {
  const bucket = requireBucket(call);
  const prefix = call.query.get('prefix') ?? '';
  const delimiter = call.query.get('delimiter') ?? '';
  permitListing(call, bucket, prefix);
  const isV2 = call.query.get('list-type') === '2';
  const maxKeys = wholeNumber(call, 'max-keys', { min: 0, max: 2 ** 31 - 1 }) ?? KEYS_MAX;
  const page = listPage((from) => call.world.core.keysFrom(bucket.name, from), {
    prefix,
    delimiter,
    maxEntries: Math.min(maxKeys, KEYS_MAX),
    start: startOf(call, isV2),
  });
  const encode = encoderOf(call);
  const entries = page.entries.map((entry) => entryElement(call, bucket.name, entry, encode));
  const paging = isV2
    ? [
        leaf('KeyCount', page.entries.length),
        page.next && leaf('NextContinuationToken', writeToken(page.next)),
      ]
    : [page.next && leaf('NextMarker', encode(markerOf(page.next)))];
  const root = branch(
    'ListBucketResult',
    leaf('Name', bucket.name),
    leaf('Prefix', encode(prefix)),
    delimiter === '' ? undefined : leaf('Delimiter', encode(delimiter)),
    leaf('MaxKeys', Math.min(maxKeys, KEYS_MAX)),
    call.query.has('encoding-type') ? leaf('EncodingType', 'url') : undefined,
    leaf('IsTruncated', page.next !== undefined),
    ...paging,
    ...entries,
  );
  return { status: 200, xml: plainDocument(withNamespace(root)) };
}

function startOf(call: XmlCall, isV2: boolean): ListPosition {
  const token = isV2 ? call.query.get('continuation-token') : undefined;
  if (token !== undefined) return readToken(token);
  const after = call.query.get(isV2 ? 'start-after' : 'marker') ?? '';
  const delimiter = call.query.get('delimiter') ?? '';
  // A marker that ends with the delimiter is a common prefix that has been listed.
  const isPrefix = !isV2 && delimiter !== '' && after.endsWith(delimiter);
  return isPrefix ? { afterPrefix: after } : { afterKey: after };
}

function markerOf(position: ListPosition): string {
  return 'afterKey' in position ? position.afterKey : position.afterPrefix;
}

export function encoderOf(call: XmlCall): (text: string) => string {
  const type = call.query.get('encoding-type');
  if (type === undefined) return (text) => text;
  if (type !== 'url') throw new GcsError('invalid', 'Invalid encoding-type.');
  return (text) => encodeUri(text).replaceAll('%2F', '/');
}

function entryElement(
  call: XmlCall,
  bucket: string,
  entry: { readonly key: string } | { readonly commonPrefix: string },
  encode: (text: string) => string,
): Xml {
  if ('commonPrefix' in entry) {
    return branch('CommonPrefixes', leaf('Prefix', encode(entry.commonPrefix)));
  }
  const object = call.world.core.object(bucket, entry.key)!;
  return branch(
    'Contents',
    leaf('Key', encode(object.key)),
    leaf('Generation', object.generation ?? 0),
    leaf('MetaGeneration', object.metageneration ?? 1),
    leaf('LastModified', isoInstant(object.modifiedAt)),
    leaf('ETag', xmlEtag(object)),
    leaf('Size', object.size),
    leaf('StorageClass', storageClassOf(object)),
  );
}

export function headXmlBucket(call: XmlCall): GcsReply {
  const bucket = requireBucket(call);
  permit(call, 'storage.buckets.get', { bucket });
  return { status: 200 };
}

/** The buckets of the caller's own project. */
export function listXmlBuckets(call: XmlCall): GcsReply {
  const projectId = call.world.accounts.get(call.caller.email)?.projectId ?? '';
  permitInProject(call, 'storage.buckets.list', projectId);
  const buckets = [...call.world.shelf.buckets.values()]
    .filter((bucket) => bucket.projectId === projectId)
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map(({ name, createdAt }) =>
      branch('Bucket', leaf('Name', name), leaf('CreationDate', isoInstant(createdAt))),
    );
  const root = branch('ListAllMyBucketsResult', branch('Buckets', ...buckets));
  return { status: 200, xml: plainDocument(withNamespace(root)) };
}

export function withNamespace(root: Xml): Xml {
  const namespace = ' xmlns="http://doc.s3.amazonaws.com/2006-03-01"';
  return { xml: root.xml.replace(/^<([A-Za-z]+)>/, `<$1${namespace}>`) };
}
