import { FortnightError } from '../../machines/rules/errors.ts';

export const GOOGLE_STORAGE_URL = 'https://storage.googleapis.com';

const KEY_BYTES_MAX = 1024;

/** The API's root without a slash at its end; never taken from the environment (I39). */
export function storageEndpoint(endpoint: string | null): string {
  return (endpoint ?? GOOGLE_STORAGE_URL).replace(/\/+$/, '');
}

interface Place {
  readonly endpoint: string;
  readonly bucket: string;
}

type Query = Readonly<Record<string, unknown>>;

/** `?a=b` of what is there. */
export function queryText(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(String(value))}`],
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

export function bucketUrl({ endpoint, bucket }: Place, rest: string, query: Query = {}): string {
  return `${endpoint}/storage/v1/b/${encodeURIComponent(bucket)}${rest}${queryText(query)}`;
}

export function objectUrl(place: Place, key: string, query: Query = {}): string {
  return bucketUrl(place, `/o/${encodeURIComponent(checkedKey(key))}`, query);
}

/** Of the XML API, path-style. */
export function xmlUrl({ endpoint, bucket }: Place, key: string | null, query: Query): string {
  const path = key === null ? '' : `/${encodeURIComponent(key)}`;
  return `${endpoint}/${encodeURIComponent(bucket)}${path}${queryText(query)}`;
}

/**
 * Keys that Google has no objects for are refused before a request: `.` and `..` would be resolved
 * to another address on the way, and what the storage calls invalid is a checksum then.
 */
export function checkedKey(key: string): string {
  const problem = keyProblem(key);
  if (problem === null) return key;
  throw new FortnightError(
    'request.invalid',
    `key ${JSON.stringify(key.slice(0, 60))}: ${problem}`,
  );
}

function keyProblem(key: string): string | null {
  if (!key.isWellFormed()) return 'it is no Unicode text';
  const byteCount = Buffer.byteLength(key);
  if (byteCount < 1 || byteCount > KEY_BYTES_MAX) return `1 to ${KEY_BYTES_MAX} bytes are allowed`;
  if (/[\r\n]/.test(key)) return 'line ends are not allowed';
  if (key === '.' || key === '..') return 'a dot segment is not allowed';
  if (key.startsWith('.well-known/acme-challenge/')) return 'Google keeps this prefix for itself';
  return null;
}
