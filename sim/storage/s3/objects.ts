import type { ObjectRecord } from '../core/records.ts';
import { header } from '../sigv4/wire-request.ts';
import { missingKey, requireBucket, type S3Call, type S3Reply } from './call.ts';
import { checkDeleteCondition, checkReadConditions, checkWriteConditions } from './conditions.ts';
import { S3Error } from './errors.ts';
import { checksumHeaders, describeObject, quoted, readAttributes } from './object-headers.ts';
import { type ByteRange, readRange } from './range.ts';
import { commitStored, storeBody } from './store-body.ts';

export async function putObject(call: S3Call): Promise<S3Reply> {
  requireBucket(call, call.bucket);
  const attributes = readAttributes(call.request);
  const body = await storeBody(call);
  const object: ObjectRecord = {
    ...attributes,
    key: call.key,
    size: body.size,
    etag: body.md5Hex,
    modifiedAt: call.at,
    segments: body.segments,
    ...(body.checksum === undefined
      ? {}
      : { checksum: { ...body.checksum, type: 'FULL_OBJECT' as const } }),
  };
  commitStored(call, body.segments, () => {
    checkWriteConditions(call.request, call.core.object(call.bucket, call.key));
    call.core.putObject(call.bucket, object);
  });
  const headers = { etag: quoted(object.etag), ...checksumHeaders(object.checksum) };
  return { status: 200, headers };
}

/** GetObject; HeadObject is the same without the content. */
export function getObject(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  const object = call.core.object(call.bucket, call.key);
  if (object === undefined) throw missingKey(call, call.bucket, call.key);
  if (checkReadConditions(call.request, object, '') === 'notModified') {
    const { etag, 'last-modified': modified } = describeObject(object);
    return { status: 304, headers: { etag: etag!, 'last-modified': modified! } };
  }
  const range = readRange(header(call.request, 'range'), object.size);
  const wantsChecksum = header(call.request, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
  const headers = {
    ...describeObject(object),
    ...overriddenHeaders(call),
    // The checksum covers the whole object, so a part of it comes without.
    ...(wantsChecksum && range === undefined ? checksumHeaders(object.checksum) : {}),
    ...rangeHeaders(range, object.size),
  };
  const { offset, length } = range ?? { offset: 0, length: object.size };
  return {
    status: range === undefined ? 200 : 206,
    headers: { ...headers, 'content-length': String(length) },
    content: { segments: object.segments, offset, length },
  };
}

function rangeHeaders(range: ByteRange | undefined, size: number): Record<string, string> {
  if (range === undefined) return {};
  const last = range.offset + range.length - 1;
  return { 'content-range': `bytes ${range.offset}-${last}/${size}` };
}

/** `response-content-type` and its kin replace what the object says. */
function overriddenHeaders(call: S3Call): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of call.query) {
    if (!name.startsWith('response-')) continue;
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new S3Error('InvalidArgument', undefined, { ArgumentName: name });
    }
    headers[name.slice('response-'.length)] = value;
  }
  return headers;
}

/** Deleting what is not there succeeds, unless a condition names it. */
export function deleteObject(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  checkDeleteCondition(header(call.request, 'if-match'), call.core.object(call.bucket, call.key));
  call.core.deleteObject(call.bucket, call.key);
  return { status: 204 };
}
