import { parseHttpDate } from '../core/instants.ts';
import type { ObjectRecord } from '../core/records.ts';
import { header, type WireRequest } from '../sigv4/wire-request.ts';
import { S3Error } from './errors.ts';

/**
 * Checks `If-None-Match: *` and `If-Match` of a write against what is there at the instant of the
 * commit. Throws PreconditionFailed, NoSuchKey (If-Match on nothing) or NotImplemented.
 */
export function checkWriteConditions(
  request: WireRequest,
  current: ObjectRecord | undefined,
): void {
  const none = header(request, 'if-none-match');
  const match = header(request, 'if-match');
  if (none !== undefined) {
    if (none.trim() !== '*' || match !== undefined) {
      throw new S3Error('NotImplemented', undefined, { Header: 'If-None-Match' });
    }
    if (current !== undefined) throw preconditionFailed('If-None-Match');
  }
  if (match !== undefined) {
    if (match.trim() === '*')
      throw new S3Error('NotImplemented', undefined, { Header: 'If-Match' });
    if (current === undefined) throw new S3Error('NoSuchKey');
    if (!hasEtag(match, current.etag)) throw preconditionFailed('If-Match');
  }
}

/** `If-Match` of a delete: an ETag on a missing key is NoSuchKey, `*` on one PreconditionFailed. */
export function checkDeleteCondition(
  match: string | undefined,
  current: ObjectRecord | undefined,
): void {
  if (match === undefined) return;
  if (match.trim() === '*') {
    if (current === undefined) throw preconditionFailed('If-Match');
    return;
  }
  if (current === undefined) throw new S3Error('NoSuchKey');
  if (!hasEtag(match, current.etag)) throw preconditionFailed('If-Match');
}

/** The four conditions of a read, with the given header prefix. */
export function checkReadConditions(
  request: WireRequest,
  object: ObjectRecord,
  prefix: '' | 'x-amz-copy-source-',
): 'proceed' | 'notModified' {
  const match = header(request, `${prefix}if-match`);
  if (match !== undefined) {
    // A matching ETag outweighs If-Unmodified-Since, as RFC 9110 and S3 have it.
    if (!matchesAny(match, object.etag)) throw preconditionFailed('If-Match');
  } else {
    const since = parseHttpDate(header(request, `${prefix}if-unmodified-since`) ?? '');
    if (since !== undefined && wholeSeconds(object.modifiedAt) > since) {
      throw preconditionFailed('If-Unmodified-Since');
    }
  }
  const none = header(request, `${prefix}if-none-match`);
  if (none !== undefined) return matchesAny(none, object.etag) ? 'notModified' : 'proceed';
  const since = parseHttpDate(header(request, `${prefix}if-modified-since`) ?? '');
  const isOld = since !== undefined && wholeSeconds(object.modifiedAt) <= since;
  return isOld ? 'notModified' : 'proceed';
}

export function preconditionFailed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', undefined, { Condition: condition });
}

/** HTTP dates have no milliseconds. */
function wholeSeconds(atMs: number): number {
  return Math.floor(atMs / 1000) * 1000;
}

function matchesAny(list: string, etag: string): boolean {
  return list.trim() === '*' || list.split(',').some((one) => hasEtag(one, etag));
}

export function hasEtag(text: string, etag: string): boolean {
  return (
    text
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1') === etag
  );
}
