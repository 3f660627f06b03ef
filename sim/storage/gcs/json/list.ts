import { type ListPosition, listPage } from '../../s3/list-pages.ts';
import { type GcsCall, type GcsReply, permit, requireBucket, wholeNumber } from '../call.ts';
import { GcsError } from '../errors.ts';
import { objectResource } from '../objects/resource.ts';
import type { BucketRecord } from '../shelf.ts';

const ITEMS_MAX = 1000;

/** Objects of a bucket by prefix, rolled up at the delimiter, a page at a time. */
export function listObjects(call: GcsCall): GcsReply {
  const bucket = requireBucket(call);
  const prefix = call.query.get('prefix') ?? '';
  permitListing(call, bucket, prefix);
  const maxEntries = wholeNumber(call, 'maxResults', { min: 1, max: 2 ** 31 - 1 }) ?? ITEMS_MAX;
  const page = listPage((from) => keysBetween(call, bucket.name, from), {
    prefix,
    delimiter: call.query.get('delimiter') ?? '',
    maxEntries: Math.min(maxEntries, ITEMS_MAX),
    start: readToken(call.query.get('pageToken')),
  });
  const items = page.entries.flatMap((entry) => ('key' in entry ? [entry.key] : []));
  const prefixes = page.entries.flatMap((entry) =>
    'commonPrefix' in entry ? [entry.commonPrefix] : [],
  );
  const found = items.map((key) => call.world.core.object(bucket.name, key)!);
  return {
    status: 200,
    json: {
      kind: 'storage#objects',
      ...(page.next === undefined ? {} : { nextPageToken: writeToken(page.next) }),
      ...(prefixes.length === 0 ? {} : { prefixes }),
      ...(found.length === 0
        ? {}
        : { items: found.map((object) => objectResource(call, bucket.name, object)) }),
    },
  };
}

/** A boundary sees the prefix of a listing as an API attribute; without one it sees ''. */
export function permitListing(call: GcsCall, bucket: BucketRecord, prefix: string): void {
  permit(call, 'storage.objects.list', { bucket, listPrefix: prefix });
}

function* keysBetween(call: GcsCall, bucket: string, from: string): Generator<string> {
  const start = call.query.get('startOffset') ?? '';
  const end = call.query.get('endOffset') ?? '';
  const isLater = Buffer.compare(Buffer.from(start), Buffer.from(from)) > 0;
  for (const key of call.world.core.keysFrom(bucket, isLater ? start : from)) {
    if (end !== '' && Buffer.compare(Buffer.from(key), Buffer.from(end)) >= 0) return;
    yield key;
  }
}

/** Page tokens are opaque to clients: where the page before ended. */
export function writeToken(position: ListPosition): string {
  return Buffer.from(JSON.stringify(position)).toString('base64');
}

/** Throws `invalid` for a token that this storage never gave. */
export function readToken(token: string | undefined): ListPosition {
  if (token === undefined || token === '') return { afterKey: '' };
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
    const entries = Object.entries(value as Record<string, unknown>);
    const [name, text] = entries[0] ?? [];
    if (entries.length === 1 && typeof text === 'string') {
      if (name === 'afterKey') return { afterKey: text };
      if (name === 'afterPrefix') return { afterPrefix: text };
    }
  } catch {
    // Whatever it is, it is no token.
  }
  throw new GcsError('invalid', 'Invalid pageToken.');
}
