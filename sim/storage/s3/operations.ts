import type { WireRequest } from '../sigv4/wire-request.ts';
import { S3Error } from './errors.ts';

const LISTING = ['prefix', 'delimiter', 'encoding-type'];
const OVERRIDES = [
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
];

/** Every operation with the query parameters that it understands; any other is refused. */
const QUERY_PARAMETERS = {
  ListBuckets: [],
  CreateBucket: [],
  DeleteBucket: [],
  HeadBucket: [],
  GetBucketAcl: ['acl'],
  GetBucketLocation: ['location'],
  GetBucketVersioning: ['versioning'],
  GetObjectLockConfiguration: ['object-lock'],
  ListObjects: [...LISTING, 'marker', 'max-keys'],
  ListObjectsV2: [
    ...LISTING,
    'list-type',
    'max-keys',
    'continuation-token',
    'start-after',
    'fetch-owner',
  ],
  ListMultipartUploads: [...LISTING, 'uploads', 'key-marker', 'upload-id-marker', 'max-uploads'],
  DeleteObjects: ['delete'],
  GetObject: OVERRIDES,
  HeadObject: OVERRIDES,
  GetObjectTagging: ['tagging'],
  PutObject: [],
  CopyObject: [],
  DeleteObject: [],
  CreateMultipartUpload: ['uploads'],
  UploadPart: ['partNumber', 'uploadId'],
  UploadPartCopy: ['partNumber', 'uploadId'],
  CompleteMultipartUpload: ['uploadId'],
  AbortMultipartUpload: ['uploadId'],
  ListParts: ['uploadId', 'max-parts', 'part-number-marker'],
} as const satisfies Record<string, readonly string[]>;

export type S3Operation = keyof typeof QUERY_PARAMETERS;

/** Which operation a request means; throws NotImplemented or MethodNotAllowed. */
export function resolveOperation(
  request: WireRequest,
  bucket: string,
  key: string,
  query: ReadonlyMap<string, string>,
): S3Operation {
  const operation = chooseOperation(request, bucket, key, query);
  if (operation === undefined) throw notImplemented(query);
  const known: readonly string[] = QUERY_PARAMETERS[operation];
  for (const name of query.keys()) {
    const isCommon = name === 'x-id' || name.startsWith('X-Amz-');
    if (!isCommon && !known.includes(name)) throw notImplemented(query, name);
  }
  return operation;
}

function notImplemented(query: ReadonlyMap<string, string>, parameter?: string): S3Error {
  const what = parameter ?? [...query.keys()].find((name) => name !== 'x-id');
  return new S3Error(
    'NotImplemented',
    'This operation or one of its parameters is not implemented by this storage.',
    what === undefined ? {} : { Parameter: what },
  );
}

function chooseOperation(
  request: WireRequest,
  bucket: string,
  key: string,
  query: ReadonlyMap<string, string>,
): S3Operation | undefined {
  const { method } = request;
  if (!['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].includes(method)) {
    throw new S3Error('MethodNotAllowed');
  }
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : undefined;
  if (key === '') return chooseBucketOperation(method, query);
  return chooseObjectOperation(request, query);
}

function chooseBucketOperation(
  method: string,
  query: ReadonlyMap<string, string>,
): S3Operation | undefined {
  if (method === 'HEAD') return 'HeadBucket';
  if (method === 'PUT') return 'CreateBucket';
  if (method === 'DELETE') return 'DeleteBucket';
  if (method === 'POST') return query.has('delete') ? 'DeleteObjects' : undefined;
  if (method !== 'GET') return undefined;
  if (query.has('location')) return 'GetBucketLocation';
  if (query.has('versioning')) return 'GetBucketVersioning';
  if (query.has('uploads')) return 'ListMultipartUploads';
  if (query.has('acl')) return 'GetBucketAcl';
  if (query.has('object-lock')) return 'GetObjectLockConfiguration';
  return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
}

function chooseObjectOperation(
  request: WireRequest,
  query: ReadonlyMap<string, string>,
): S3Operation | undefined {
  const hasUpload = query.has('uploadId');
  const isCopy = request.headers.has('x-amz-copy-source');
  switch (request.method) {
    case 'GET':
      if (query.has('tagging')) return 'GetObjectTagging';
      return hasUpload ? 'ListParts' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      if (hasUpload || query.has('partNumber')) return isCopy ? 'UploadPartCopy' : 'UploadPart';
      return isCopy ? 'CopyObject' : 'PutObject';
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload';
      return hasUpload ? 'CompleteMultipartUpload' : undefined;
    default:
      return hasUpload ? 'AbortMultipartUpload' : 'DeleteObject';
  }
}

/** Headers `x-amz-…` that the endpoint understands; any other is refused, never ignored. */
const KNOWN_HEADERS: ReadonlySet<string> = new Set([
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-security-token',
  'x-amz-user-agent',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-checksum-algorithm',
  'x-amz-checksum-type',
  'x-amz-checksum-mode',
  'x-amz-checksum-crc32',
  'x-amz-checksum-crc32c',
  'x-amz-checksum-crc64nvme',
  'x-amz-checksum-sha1',
  'x-amz-checksum-sha256',
  'x-amz-copy-source',
  'x-amz-copy-source-range',
  'x-amz-copy-source-if-match',
  'x-amz-copy-source-if-none-match',
  'x-amz-copy-source-if-modified-since',
  'x-amz-copy-source-if-unmodified-since',
  'x-amz-metadata-directive',
  'x-amz-mp-object-size',
  'x-amz-expected-bucket-owner',
  'x-amz-source-expected-bucket-owner',
]);

/** Headers that are understood with one value, the one that changes nothing. */
const KNOWN_VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ['x-amz-acl', ['private', 'bucket-owner-full-control']],
  ['x-amz-storage-class', ['STANDARD']],
  ['x-amz-object-ownership', ['BucketOwnerEnforced']],
]);

/** Throws NotImplemented for a header that asks for what this storage does not do. */
export function checkHeaders(request: WireRequest): void {
  for (const [name, values] of request.headers) {
    if (!name.startsWith('x-amz-') || name.startsWith('x-amz-meta-')) continue;
    const isKnownValue = values.every((value) => KNOWN_VALUES.get(name)?.includes(value));
    if (!KNOWN_HEADERS.has(name) && !isKnownValue) {
      throw new S3Error('NotImplemented', undefined, { Header: name });
    }
  }
}
