import { isoInstant } from '../core/instants.ts';
import { branch, leaf, type Xml } from '../wire/xml.ts';
import { integerParameter, requireBucket, type S3Call, type S3Reply } from './call.ts';
import { S3Error } from './errors.ts';
import {
  commonPrefixElement,
  type ListPosition,
  listPage,
  markerPosition,
  positionText,
  textEncoder,
} from './list-pages.ts';
import { quoted } from './object-headers.ts';
import { s3Document } from './xml.ts';

const KEYS_MAX = 1000;

/** Version 1, as older clients send it. `NextMarker` comes only with a delimiter (as AWS). */
export function listObjects(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  const prefix = call.query.get('prefix') ?? '';
  const delimiter = call.query.get('delimiter') ?? '';
  const marker = call.query.get('marker') ?? '';
  const bounds = { default: KEYS_MAX, min: 0, max: KEYS_MAX };
  const maxKeys = integerParameter(call, 'max-keys', bounds);
  const { encode, element } = textEncoder(call);
  const page = listPage((from) => call.core.keysFrom(call.bucket, from), {
    prefix,
    delimiter,
    maxEntries: maxKeys,
    start: markerPosition(marker, prefix, delimiter),
  });
  const rows = page.entries.map((entry) =>
    'commonPrefix' in entry
      ? commonPrefixElement(entry.commonPrefix, encode)
      : objectElement(call, entry.key, encode, true),
  );
  const hasNext = page.next !== undefined && delimiter !== '';
  const xml = s3Document(
    'ListBucketResult',
    leaf('Name', call.bucket),
    leaf('Prefix', encode(prefix)),
    leaf('Marker', encode(marker)),
    hasNext ? leaf('NextMarker', encode(positionText(page.next))) : undefined,
    leaf('MaxKeys', maxKeys),
    delimiter === '' ? undefined : leaf('Delimiter', encode(delimiter)),
    element,
    leaf('IsTruncated', page.next !== undefined),
    ...rows,
  );
  return { status: 200, xml };
}

export function listObjectsV2(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  const prefix = call.query.get('prefix') ?? '';
  const delimiter = call.query.get('delimiter') ?? '';
  const startAfter = call.query.get('start-after');
  const token = call.query.get('continuation-token');
  const bounds = { default: KEYS_MAX, min: 0, max: KEYS_MAX };
  const maxKeys = integerParameter(call, 'max-keys', bounds);
  const { encode, element } = textEncoder(call);
  const start = token === undefined ? startPosition(startAfter) : readToken(token);
  const page = listPage((from) => call.core.keysFrom(call.bucket, from), {
    prefix,
    delimiter,
    maxEntries: maxKeys,
    start,
  });
  const hasOwner = call.query.get('fetch-owner') === 'true';
  const rows = page.entries.map((entry) =>
    'commonPrefix' in entry
      ? commonPrefixElement(entry.commonPrefix, encode)
      : objectElement(call, entry.key, encode, hasOwner),
  );
  const xml = s3Document(
    'ListBucketResult',
    leaf('Name', call.bucket),
    leaf('Prefix', encode(prefix)),
    delimiter === '' ? undefined : leaf('Delimiter', encode(delimiter)),
    leaf('MaxKeys', maxKeys),
    element,
    leaf('KeyCount', rows.length),
    leaf('IsTruncated', page.next !== undefined),
    token === undefined ? undefined : leaf('ContinuationToken', token),
    page.next && leaf('NextContinuationToken', writeToken(page.next)),
    startAfter === undefined ? undefined : leaf('StartAfter', encode(startAfter)),
    ...rows,
  );
  return { status: 200, xml };
}

/** With no start-after nothing is skipped: no key is the empty text. */
function startPosition(startAfter: string | undefined): ListPosition {
  return { afterKey: startAfter ?? '' };
}

function objectElement(
  call: S3Call,
  key: string,
  encode: (text: string) => string,
  hasOwner: boolean,
): Xml {
  const object = call.core.object(call.bucket, key)!;
  return branch(
    'Contents',
    leaf('Key', encode(key)),
    leaf('LastModified', isoInstant(object.modifiedAt)),
    leaf('ETag', quoted(object.etag)),
    object.checksum && leaf('ChecksumAlgorithm', object.checksum.algorithm),
    object.checksum && leaf('ChecksumType', object.checksum.type),
    leaf('Size', object.size),
    hasOwner ? branch('Owner', leaf('ID', call.sender.principal.accountId)) : undefined,
    leaf('StorageClass', 'STANDARD'),
  );
}

/** Tokens are opaque to clients; they hold the position, so a page survives a restart. */
function writeToken(position: ListPosition): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function readToken(token: string): ListPosition {
  try {
    const found: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (typeof found === 'object' && found !== null) {
      const { afterKey, afterPrefix } = found as Record<string, unknown>;
      if (typeof afterKey === 'string') return { afterKey };
      if (typeof afterPrefix === 'string') return { afterPrefix };
    }
  } catch {
    // Falls through to the same answer as for any other text that is not ours.
  }
  throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect', {
    ArgumentName: 'continuation-token',
  });
}
