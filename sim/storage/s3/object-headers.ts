import { httpDate } from '../core/instants.ts';
import type { ObjectAttributes, ObjectRecord, StoredChecksum } from '../core/records.ts';
import { header, type WireRequest } from '../sigv4/wire-request.ts';
import { S3Error } from './errors.ts';

const SYSTEM_HEADERS = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
];
const METADATA_BYTES_MAX = 2048;

/** What the request wants to keep with the object; throws MetadataTooLarge above 2 KiB. */
export function readAttributes(request: WireRequest): ObjectAttributes {
  const systemHeaders: Record<string, string> = {};
  for (const name of SYSTEM_HEADERS) {
    const value = header(request, name);
    if (value !== undefined) systemHeaders[name] = value;
  }
  // aws-chunked is the framing of this request, not an encoding of the object.
  const encodings = (systemHeaders['content-encoding'] ?? '')
    .split(',')
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'aws-chunked');
  delete systemHeaders['content-encoding'];
  if (encodings.length > 0) systemHeaders['content-encoding'] = encodings.join(',');
  const userMetadata: Record<string, string> = Object.create(null) as Record<string, string>;
  let bytes = 0;
  for (const [name, values] of request.headers) {
    if (!name.startsWith('x-amz-meta-')) continue;
    const short = name.slice('x-amz-meta-'.length);
    userMetadata[short] = values.join(',');
    bytes += short.length + userMetadata[short].length;
  }
  if (bytes > METADATA_BYTES_MAX) {
    throw new S3Error('MetadataTooLarge', undefined, {
      Size: String(bytes),
      MaxSizeAllowed: String(METADATA_BYTES_MAX),
    });
  }
  return { systemHeaders, userMetadata };
}

/** The headers with which GetObject and HeadObject describe an object. */
export function describeObject(object: ObjectRecord): Record<string, string> {
  const headers: Record<string, string> = {
    'accept-ranges': 'bytes',
    etag: quoted(object.etag),
    'last-modified': httpDate(object.modifiedAt),
    'content-type': 'binary/octet-stream',
    ...object.systemHeaders,
  };
  for (const [name, value] of Object.entries(object.userMetadata)) {
    headers[`x-amz-meta-${name}`] = value;
  }
  return headers;
}

export function checksumHeaders(checksum: StoredChecksum | undefined): Record<string, string> {
  if (checksum === undefined) return {};
  return {
    [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  };
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}
