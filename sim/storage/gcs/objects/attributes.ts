import type { ObjectAttributes } from '../../core/records.ts';
import { GcsError, notImplemented } from '../errors.ts';

/** Members of an object resource that are kept as HTTP headers of the object. */
export const HEADER_MEMBERS = {
  contentType: 'content-type',
  cacheControl: 'cache-control',
  contentDisposition: 'content-disposition',
  contentEncoding: 'content-encoding',
  contentLanguage: 'content-language',
} as const;
export const STORAGE_CLASS_HEADER = 'x-goog-storage-class';

const OUTPUT_MEMBERS = new Set(
  (
    'kind id selfLink mediaLink generation metageneration etag size timeCreated updated ' +
    'timeStorageClassUpdated timeFinalized owner componentCount bucket name contentLength ' +
    'md5Hash crc32c'
  ).split(' '),
);
const UNSUPPORTED_MEMBERS = new Set(
  (
    'acl kmsKeyName customerEncryption retention temporaryHold eventBasedHold customTime ' +
    'retentionExpirationTime contexts'
  ).split(' '),
);
const STORAGE_CLASSES = ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE'];
const METADATA_BYTES_MAX = 8 * 1024;

export const NO_ATTRIBUTES: ObjectAttributes = { systemHeaders: {}, userMetadata: {} };

/**
 * Changes attributes as a resource of the client says: null removes a member, what is not named
 * stays. Throws GcsError for members that are unknown or that this simulation does not keep.
 */
export function changeAttributes(
  before: ObjectAttributes,
  resource: Readonly<Record<string, unknown>>,
): ObjectAttributes {
  const systemHeaders: Record<string, string> = { ...before.systemHeaders };
  let userMetadata = before.userMetadata;
  for (const [name, value] of Object.entries(resource)) {
    if (OUTPUT_MEMBERS.has(name)) continue;
    if (UNSUPPORTED_MEMBERS.has(name)) {
      if (value === null || value === false || value === '') continue;
      throw notImplemented(`the member "${name}" of an object`);
    }
    if (name === 'metadata') userMetadata = changeMetadata(userMetadata, value);
    else changeHeader(systemHeaders, name, value);
  }
  return { systemHeaders, userMetadata };
}

function changeHeader(headers: Record<string, string>, name: string, value: unknown): void {
  const isClass = name === 'storageClass';
  if (!isClass && !Object.hasOwn(HEADER_MEMBERS, name)) {
    throw new GcsError('invalid', `Invalid JSON payload received. Unknown name "${name}".`);
  }
  const header = isClass
    ? STORAGE_CLASS_HEADER
    : HEADER_MEMBERS[name as keyof typeof HEADER_MEMBERS];
  if (value === null || value === '') {
    delete headers[header];
    return;
  }
  const isText = typeof value === 'string' && value.length <= 1024 && isHeaderText(value);
  if (!isText || (isClass && !STORAGE_CLASSES.includes(value))) {
    throw new GcsError('invalid', `Invalid value for ${name}.`);
  }
  headers[header] = value;
}

function changeMetadata(
  before: Readonly<Record<string, string>>,
  value: unknown,
): Readonly<Record<string, string>> {
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new GcsError('invalid', 'metadata is an object of texts.');
  }
  const after = new Map(Object.entries(before));
  for (const [name, text] of Object.entries(value as Record<string, unknown>)) {
    if (text === null) after.delete(name);
    else if (typeof text === 'string') after.set(name, text);
    else throw new GcsError('invalid', `Invalid value for metadata "${name}".`);
  }
  const bytes = [...after].reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
  if (bytes > METADATA_BYTES_MAX) throw new GcsError('invalid', 'The metadata is too large.');
  return Object.fromEntries(after);
}

/** What can stand in an HTTP header as it is; anything else would break the answer. */
export function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(text);
}
