import { httpDate } from '../core/instants.ts';
import type { ObjectAttributes, ObjectRecord } from '../core/records.ts';
import type { WireRequest } from '../sigv4/wire-request.ts';
import { readMd5 } from './body.ts';
import { type AzureCall, headerOf } from './call.ts';
import { AzureError } from './errors.ts';

const METADATA_BYTES_MAX = 8 * 1024;
const METADATA_PREFIX = 'x-ms-meta-';

/** The properties that a client sets: header of the blob, and header of the request. */
const PROPERTIES = [
  ['content-type', 'x-ms-blob-content-type'],
  ['content-encoding', 'x-ms-blob-content-encoding'],
  ['content-language', 'x-ms-blob-content-language'],
  ['cache-control', 'x-ms-blob-cache-control'],
  ['content-disposition', 'x-ms-blob-content-disposition'],
] as const;

/** The metadata of a request, by lower-case names. Throws AzureError. */
export function readMetadata(request: WireRequest): Record<string, string> {
  const metadata: Record<string, string> = {};
  let bytes = 0;
  for (const [name, values] of request.headers) {
    if (!name.startsWith(METADATA_PREFIX)) continue;
    const key = name.slice(METADATA_PREFIX.length);
    const value = values.join(',');
    if (key === '') throw new AzureError('EmptyMetadataKey');
    // Names must be C# identifiers; values are ASCII.
    if (!/^[a-z_][a-z0-9_]*$/.test(key) || !/^[\t\x20-\x7e]*$/.test(value)) {
      throw new AzureError('InvalidMetadata');
    }
    bytes += key.length + value.length;
    metadata[key] = value;
  }
  if (bytes > METADATA_BYTES_MAX) throw new AzureError('MetadataTooLarge');
  return metadata;
}

export function metadataHeaders(
  metadata: Readonly<Record<string, string>>,
): Record<string, string> {
  const entries = Object.entries(metadata);
  return Object.fromEntries(entries.map(([key, value]) => [`${METADATA_PREFIX}${key}`, value]));
}

/**
 * Properties and metadata of a new blob. Put Blob takes the plain HTTP header where the `x-ms-`
 * one is missing; for a block list the plain ones describe the XML document.
 */
export function readAttributes(
  call: AzureCall,
  plainHeaders: 'count' | 'ignored',
): ObjectAttributes {
  const systemHeaders = readProperties(call, plainHeaders);
  return {
    systemHeaders: { 'content-type': 'application/octet-stream', ...systemHeaders },
    userMetadata: readMetadata(call.request),
  };
}

/** The properties alone, for Set Blob Properties: what is not given is cleared. */
export function readProperties(
  call: AzureCall,
  plainHeaders: 'count' | 'ignored',
): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const [plain, special] of PROPERTIES) {
    const value =
      headerOf(call, special) ?? (plainHeaders === 'count' ? headerOf(call, plain) : '');
    if (value !== undefined && value !== '') properties[plain] = value;
  }
  const md5 = readMd5(call, 'x-ms-blob-content-md5');
  if (md5 !== undefined) properties['content-md5'] = md5;
  return properties;
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

export function versionHeaders(record: {
  readonly etag: string;
  readonly modifiedAt: number;
}): Record<string, string> {
  return { etag: quoted(record.etag), 'last-modified': httpDate(record.modifiedAt) };
}

/** All headers of Get Blob and Get Blob Properties. */
export function describeBlob(blob: ObjectRecord): Record<string, string> {
  return {
    ...blob.systemHeaders,
    ...metadataHeaders(blob.userMetadata),
    ...versionHeaders(blob),
    'accept-ranges': 'bytes',
    'x-ms-blob-type': 'BlockBlob',
    'x-ms-creation-time': httpDate(blob.createdAt ?? blob.modifiedAt),
    'x-ms-lease-status': 'unlocked',
    'x-ms-lease-state': 'available',
    'x-ms-server-encrypted': 'true',
  };
}
