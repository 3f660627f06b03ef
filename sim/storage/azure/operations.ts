import { header, type WireRequest } from '../sigv4/wire-request.ts';
import { AzureError, invalidQuery, notImplemented } from './errors.ts';
import { isSasField } from './sas.ts';
import type { Target } from './target.ts';

const CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];
const CONTENT = [
  'x-ms-blob-content-type',
  'x-ms-blob-content-encoding',
  'x-ms-blob-content-language',
  'x-ms-blob-content-disposition',
  'x-ms-blob-content-md5',
  'x-ms-blob-cache-control',
];
const COPY = [
  'x-ms-copy-source',
  'x-ms-requires-sync',
  'x-ms-source-if-match',
  'x-ms-source-if-none-match',
  'x-ms-source-if-modified-since',
  'x-ms-source-if-unmodified-since',
];
const RANGE = ['range', 'x-ms-range', 'x-ms-range-get-content-md5', 'x-ms-range-get-content-crc64'];
const LISTING = ['restype', 'comp', 'prefix', 'marker', 'maxresults', 'include'];

interface OperationRules {
  /** Query parameters beside those of a SAS and `timeout`. */
  readonly query: readonly string[];
  /** Headers that mean something here; `x-ms-` headers that are not named are refused. */
  readonly headers: readonly string[];
  /** Takes `x-ms-meta-…`. */
  readonly hasMetadata?: boolean;
}

const OPERATIONS = {
  ListContainers: { query: ['comp', 'prefix', 'marker', 'maxresults', 'include'], headers: [] },
  GetAccountInfo: { query: ['restype', 'comp'], headers: [] },
  GetUserDelegationKey: { query: ['restype', 'comp'], headers: [] },
  CreateContainer: {
    query: ['restype'],
    headers: ['x-ms-blob-public-access'],
    hasMetadata: true,
  },
  DeleteContainer: { query: ['restype'], headers: CONDITIONS },
  GetContainerProperties: { query: ['restype'], headers: [] },
  SetContainerMetadata: { query: ['restype', 'comp'], headers: CONDITIONS, hasMetadata: true },
  GetContainerAcl: { query: ['restype', 'comp'], headers: [] },
  SetContainerAcl: {
    query: ['restype', 'comp'],
    headers: [...CONDITIONS, 'x-ms-blob-public-access', 'x-ms-content-crc64'],
  },
  ListBlobs: { query: [...LISTING, 'delimiter'], headers: [] },
  PutBlob: {
    query: [],
    headers: [...CONDITIONS, ...CONTENT, 'x-ms-blob-type', 'x-ms-content-crc64'],
    hasMetadata: true,
  },
  PutBlock: { query: ['comp', 'blockid'], headers: ['x-ms-content-crc64'] },
  PutBlockList: {
    query: ['comp'],
    headers: [...CONDITIONS, ...CONTENT, 'x-ms-content-crc64'],
    hasMetadata: true,
  },
  GetBlockList: { query: ['comp', 'blocklisttype'], headers: [] },
  GetBlob: { query: [], headers: [...CONDITIONS, ...RANGE] },
  GetBlobProperties: { query: [], headers: CONDITIONS },
  GetBlobMetadata: { query: ['comp'], headers: CONDITIONS },
  SetBlobMetadata: { query: ['comp'], headers: CONDITIONS, hasMetadata: true },
  SetBlobProperties: { query: ['comp'], headers: [...CONDITIONS, ...CONTENT] },
  DeleteBlob: { query: [], headers: [...CONDITIONS, 'x-ms-delete-snapshots'] },
  CopyBlob: { query: [], headers: [...CONDITIONS, ...COPY], hasMetadata: true },
} as const satisfies Record<string, OperationRules>;

export type AzureOperation = keyof typeof OPERATIONS;

const COMMON_HEADERS = ['x-ms-date', 'x-ms-version', 'x-ms-client-request-id', 'x-ms-useragent'];

/** Which operation a request means; throws AzureError for any that is not served. */
export function resolveOperation(
  request: WireRequest,
  target: Target,
  query: ReadonlyMap<string, string>,
): AzureOperation {
  const { method } = request;
  if (!['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].includes(method)) {
    throw new AzureError('UnsupportedHttpVerb');
  }
  const operation = chooseOperation(request, target, query);
  const comp = query.get('comp');
  if (operation === undefined) {
    const what = comp === undefined ? 'here' : `with comp=${comp} here`;
    throw notImplemented(`${method} ${what}`);
  }
  checkQuery(OPERATIONS[operation], query);
  checkHeaders(OPERATIONS[operation], request);
  return operation;
}

function chooseOperation(
  request: WireRequest,
  target: Target,
  query: ReadonlyMap<string, string>,
): AzureOperation | undefined {
  const comp = query.get('comp') ?? '';
  const restype = query.get('restype') ?? '';
  if (target.container === '') return chooseServiceOperation(request.method, restype, comp);
  if (restype === 'account' && comp === 'properties') {
    return isReading(request) ? 'GetAccountInfo' : undefined;
  }
  if (target.blob !== '') return restype === '' ? chooseBlobOperation(request, comp) : undefined;
  // A single name without `restype=container` is a blob of the root container, which is not here.
  return restype === 'container' ? chooseContainerOperation(request, comp) : undefined;
}

function isReading(request: WireRequest): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}

function chooseServiceOperation(
  method: string,
  restype: string,
  comp: string,
): AzureOperation | undefined {
  if (method === 'GET' && restype === '' && comp === 'list') return 'ListContainers';
  if (method === 'POST' && restype === 'service' && comp === 'userdelegationkey') {
    return 'GetUserDelegationKey';
  }
  const isAccount = restype === 'account' && comp === 'properties';
  return isAccount && (method === 'GET' || method === 'HEAD') ? 'GetAccountInfo' : undefined;
}

function chooseContainerOperation(request: WireRequest, comp: string): AzureOperation | undefined {
  const { method } = request;
  if (comp === '') {
    if (method === 'PUT') return 'CreateContainer';
    if (method === 'DELETE') return 'DeleteContainer';
    return isReading(request) ? 'GetContainerProperties' : undefined;
  }
  if (comp === 'acl') {
    if (method === 'PUT') return 'SetContainerAcl';
    return isReading(request) ? 'GetContainerAcl' : undefined;
  }
  if (comp === 'metadata') {
    if (method === 'PUT') return 'SetContainerMetadata';
    return isReading(request) ? 'GetContainerProperties' : undefined;
  }
  return comp === 'list' && method === 'GET' ? 'ListBlobs' : undefined;
}

function chooseBlobOperation(request: WireRequest, comp: string): AzureOperation | undefined {
  const { method } = request;
  const isCopy = request.headers.has('x-ms-copy-source');
  if (method === 'PUT') {
    if (comp === 'block') return isCopy ? undefined : 'PutBlock';
    if (comp === 'blocklist') return 'PutBlockList';
    if (comp === 'metadata') return 'SetBlobMetadata';
    if (comp === 'properties') return 'SetBlobProperties';
    if (comp !== '') return undefined;
    const isTyped = request.headers.has('x-ms-blob-type');
    if (isCopy) return isTyped ? undefined : 'CopyBlob';
    return 'PutBlob';
  }
  if (method === 'GET' && comp === 'blocklist') return 'GetBlockList';
  if (comp === 'metadata') return isReading(request) ? 'GetBlobMetadata' : undefined;
  if (comp !== '') return undefined;
  if (method === 'GET') return 'GetBlob';
  if (method === 'HEAD') return 'GetBlobProperties';
  return method === 'DELETE' ? 'DeleteBlob' : undefined;
}

function checkQuery(rules: OperationRules, query: ReadonlyMap<string, string>): void {
  for (const [name, value] of query) {
    if (isSasField(name) || name === 'timeout' || rules.query.includes(name)) continue;
    if (name === 'snapshot' || name === 'versionid') throw notImplemented(`the parameter ${name}`);
    throw invalidQuery(name, value, 'not supported by this operation');
  }
}

/** What is not understood must not be ignored: it could be a lease, an encryption key, a tag. */
function checkHeaders(rules: OperationRules, request: WireRequest): void {
  for (const name of request.headers.keys()) {
    const isCondition = CONDITIONS.includes(name);
    if (!name.startsWith('x-ms-') && !isCondition) continue;
    if (COMMON_HEADERS.includes(name) || rules.headers.includes(name)) continue;
    if (name.startsWith('x-ms-meta-') && rules.hasMetadata) continue;
    throw new AzureError('UnsupportedHeader', {
      elements: { HeaderName: name, HeaderValue: header(request, name) ?? '' },
    });
  }
}
