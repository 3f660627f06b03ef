import { encodeUri } from '../sigv4/canonical.ts';
import { branch, leaf, type Xml } from '../wire/xml.ts';
import type { S3Call } from './call.ts';
import { S3Error } from './errors.ts';

/** An entry of a listing: a key, or a common prefix that stands for all keys below it. */
export type ListedEntry = { readonly key: string } | { readonly commonPrefix: string };

export interface ListPage {
  readonly entries: readonly ListedEntry[];
  /** Present when there is more: where the next page begins. */
  readonly next?: ListPosition;
}

/** Everything up to here has been listed; a prefix stands for all keys that begin so. */
export type ListPosition = { readonly afterKey: string } | { readonly afterPrefix: string };

export interface ListQuery {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maxEntries: number;
  readonly start: ListPosition;
}

/** The next page of keys under a prefix, with what lies behind the delimiter rolled up. */
export function listPage(
  keysFrom: (start: string) => Iterable<string>,
  query: ListQuery,
): ListPage {
  const entries: ListedEntry[] = [];
  if (query.maxEntries === 0) return { entries };
  let position = query.start;
  let from = maxText(query.prefix, resumeKey(position));
  for (;;) {
    const key = firstBeyond(keysFrom(from), position);
    if (key === undefined || !key.startsWith(query.prefix)) return { entries };
    if (entries.length === query.maxEntries) return { entries, next: position };
    const end = query.delimiter === '' ? -1 : key.indexOf(query.delimiter, query.prefix.length);
    if (end < 0) {
      entries.push({ key });
      position = { afterKey: key };
      from = key;
    } else {
      const commonPrefix = key.slice(0, end + query.delimiter.length);
      entries.push({ commonPrefix });
      position = { afterPrefix: commonPrefix };
      from = `${commonPrefix}\u{10ffff}`;
    }
  }
}

/** A marker that is a common prefix stands for everything below it, else pages would repeat it. */
export function markerPosition(marker: string, prefix: string, delimiter: string): ListPosition {
  const end = delimiter === '' ? -1 : marker.indexOf(delimiter, prefix.length);
  const isCommonPrefix = marker.startsWith(prefix) && end === marker.length - delimiter.length;
  return end >= 0 && isCommonPrefix ? { afterPrefix: marker } : { afterKey: marker };
}

/** The marker that says this position. */
export function positionText(position: ListPosition): string {
  return 'afterKey' in position ? position.afterKey : position.afterPrefix;
}

function resumeKey(position: ListPosition): string {
  return 'afterKey' in position ? position.afterKey : `${position.afterPrefix}\u{10ffff}`;
}

function maxText(left: string, right: string): string {
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) >= 0 ? left : right;
}

function firstBeyond(keys: Iterable<string>, position: ListPosition): string | undefined {
  for (const key of keys) {
    const isListed =
      'afterKey' in position ? key === position.afterKey : key.startsWith(position.afterPrefix);
    if (!isListed) return key;
  }
  return undefined;
}

/** With `encoding-type=url` texts are percent-encoded, so that any key survives XML. */
export function textEncoder(call: S3Call): { encode(text: string): string; element?: Xml } {
  const type = call.query.get('encoding-type');
  if (type === undefined) return { encode: (text) => text };
  if (type !== 'url') {
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request', {
      ArgumentName: 'encoding-type',
      ArgumentValue: type,
    });
  }
  return {
    encode: (text) => encodeUri(text).replaceAll('%2F', '/'),
    element: leaf('EncodingType', 'url'),
  };
}

export function commonPrefixElement(prefix: string, encode: (text: string) => string): Xml {
  return branch('CommonPrefixes', leaf('Prefix', encode(prefix)));
}
