import type { WireRequest } from '../../sigv4/wire-request.ts';
import { decodePercent } from '../../sigv4/wire-request.ts';
import type { GcsCall, GcsReply } from '../call.ts';
import { deleteBucket, getBucket, insertBucket, listBuckets, patchBucket } from './buckets.ts';
import { composeObject, copyObject, rewriteObject } from './copy.ts';
import {
  createHmacKey,
  deleteHmacKey,
  getHmacKey,
  listHmacKeys,
  updateHmacKey,
} from './hmac-keys.ts';
import { getIamPolicy, setIamPolicy, testIamPermissions } from './iam.ts';
import { insertObject } from './insert.ts';
import { listObjects } from './list.ts';
import { deleteObject, getObject, patchObject } from './objects.ts';
import { cancelResumable, continueResumable, startResumable } from './resumable.ts';

type Handler = (call: GcsCall) => GcsReply | Promise<GcsReply>;

export interface JsonRoute {
  readonly method: string;
  /** Segments; those with a colon take part in the call under their name. */
  readonly pattern: readonly string[];
  readonly operation: string;
  /** Query parameters besides the common ones. */
  readonly parameters: readonly string[];
  readonly handle: Handler;
}

const CONDITIONS = [
  'ifGenerationMatch',
  'ifGenerationNotMatch',
  'ifMetagenerationMatch',
  'ifMetagenerationNotMatch',
];
const BUCKET_CONDITIONS = ['ifMetagenerationMatch', 'ifMetagenerationNotMatch'];
const SOURCE_CONDITIONS = CONDITIONS.map((name) => name.replace(/^if/, 'ifSource'));
const WRITE = [
  ...CONDITIONS,
  'name',
  'uploadType',
  'contentEncoding',
  'predefinedAcl',
  'kmsKeyName',
];
const COPY = [...CONDITIONS, ...SOURCE_CONDITIONS, 'sourceGeneration'];
const LIST = ['prefix', 'delimiter', 'pageToken', 'maxResults', 'startOffset', 'endOffset'];

function route(
  line: string,
  operation: string,
  handle: Handler,
  parameters: readonly string[] = [],
): JsonRoute {
  const [method = '', path = ''] = line.split(' ');
  return { method, pattern: path.split('/').slice(1), operation, parameters, handle };
}

const OBJECT = '/storage/v1/b/:bucket/o/:object';
const UPLOAD = '/upload/storage/v1/b/:bucket/o';
const HMAC = '/storage/v1/projects/:projectId/hmacKeys';

const ROUTES: readonly JsonRoute[] = [
  route('GET /storage/v1/b', 'storage.buckets.list', listBuckets, [
    'project',
    'prefix',
    'pageToken',
    'maxResults',
  ]),
  route('POST /storage/v1/b', 'storage.buckets.insert', insertBucket, [
    'project',
    'predefinedAcl',
    'predefinedDefaultObjectAcl',
  ]),
  route('GET /storage/v1/b/:bucket', 'storage.buckets.get', getBucket, BUCKET_CONDITIONS),
  route('PATCH /storage/v1/b/:bucket', 'storage.buckets.patch', patchBucket, BUCKET_CONDITIONS),
  route('DELETE /storage/v1/b/:bucket', 'storage.buckets.delete', deleteBucket, BUCKET_CONDITIONS),
  route('GET /storage/v1/b/:bucket/iam', 'storage.buckets.getIamPolicy', getIamPolicy, [
    'optionsRequestedPolicyVersion',
  ]),
  route('PUT /storage/v1/b/:bucket/iam', 'storage.buckets.setIamPolicy', setIamPolicy),
  route(
    'GET /storage/v1/b/:bucket/iam/testPermissions',
    'storage.buckets.testIamPermissions',
    testIamPermissions,
    ['permissions'],
  ),
  route('GET /storage/v1/b/:bucket/o', 'storage.objects.list', listObjects, LIST),
  route(`GET ${OBJECT}`, 'storage.objects.get', getObject, [...CONDITIONS, 'generation']),
  route(`GET /download${OBJECT}`, 'storage.objects.get', getObject, [...CONDITIONS, 'generation']),
  route(`PATCH ${OBJECT}`, 'storage.objects.patch', patchObject, [...CONDITIONS, 'generation']),
  route(`DELETE ${OBJECT}`, 'storage.objects.delete', deleteObject, [...CONDITIONS, 'generation']),
  route(`POST ${OBJECT}/compose`, 'storage.objects.compose', composeObject, CONDITIONS),
  route(
    `POST ${OBJECT}/rewriteTo/b/:destinationBucket/o/:destinationObject`,
    'storage.objects.rewrite',
    rewriteObject,
    COPY,
  ),
  route(
    `POST ${OBJECT}/copyTo/b/:destinationBucket/o/:destinationObject`,
    'storage.objects.copy',
    copyObject,
    COPY,
  ),
  route(`POST ${UPLOAD}`, 'storage.objects.insert', insertObject, WRITE),
  route(`GET ${HMAC}`, 'storage.projects.hmacKeys.list', listHmacKeys, [
    'serviceAccountEmail',
    'showDeletedKeys',
    'pageToken',
    'maxResults',
  ]),
  route(`POST ${HMAC}`, 'storage.projects.hmacKeys.create', createHmacKey, ['serviceAccountEmail']),
  route(`GET ${HMAC}/:accessId`, 'storage.projects.hmacKeys.get', getHmacKey),
  route(`PUT ${HMAC}/:accessId`, 'storage.projects.hmacKeys.update', updateHmacKey),
  route(`DELETE ${HMAC}/:accessId`, 'storage.projects.hmacKeys.delete', deleteHmacKey),
];

const SESSION = [...WRITE, 'upload_id'];
const CHUNK = 'storage.objects.insert.chunk';
const IN_SESSION: readonly JsonRoute[] = [
  route(`PUT ${UPLOAD}`, CHUNK, continueResumable, SESSION),
  // Google's client for Go (rclone) sends its chunks so, and Google takes them.
  route(`POST ${UPLOAD}`, CHUNK, continueResumable, SESSION),
  route(`DELETE ${UPLOAD}`, 'storage.objects.insert.cancel', cancelResumable, SESSION),
];
const NEW_SESSION: readonly JsonRoute[] = [
  route(`POST ${UPLOAD}`, 'storage.objects.insert.start', startResumable, WRITE),
  ...IN_SESSION,
];

export interface FoundRoute {
  readonly route: JsonRoute;
  readonly path: Readonly<Record<string, string>>;
}

/** The route of a request of the JSON API; throws UriError. */
export function findRoute(
  request: WireRequest,
  query: ReadonlyMap<string, string>,
): FoundRoute | undefined {
  const segments = request.rawPath.split('/').slice(1);
  for (const one of routesFor(query)) {
    if (one.method !== request.method || one.pattern.length !== segments.length) continue;
    const path = matchSegments(one.pattern, segments);
    if (path !== undefined) return { route: one, path };
  }
  return undefined;
}

function routesFor(query: ReadonlyMap<string, string>): readonly JsonRoute[] {
  if (query.has('upload_id')) return IN_SESSION;
  return query.get('uploadType') === 'resumable' ? NEW_SESSION : ROUTES;
}

function matchSegments(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  const path: Record<string, string> = {};
  for (const [index, wanted] of pattern.entries()) {
    const text = decodePercent(segments[index] ?? '');
    if (wanted.startsWith(':')) {
      if (text === '') return undefined;
      path[wanted.slice(1)] = text;
    } else if (wanted !== text) {
      return undefined;
    }
  }
  return path;
}

/** Paths that Google serves and this simulation does not: 501, where others are 404. */
export function isKnownToGoogle(request: WireRequest): boolean {
  return [
    /^\/batch\//,
    /^(\/upload|\/download)?\/storage\/v1\/b\/[^/]+(\/o(\/[^/]+)?)?$/,
    /^\/storage\/v1\/b\/[^/]+\/(o\/[^/]+\/)?(acl|defaultObjectAcl|notificationConfigs)(\/|$)/,
    /^\/storage\/v1\/b\/[^/]+\/(managedFolders|folders|anywhereCaches|lockRetentionPolicy)(\/|$)/,
    /^\/storage\/v1\/b\/[^/]+\/(storageLayout|restore|relocate|o\/bulkRestore|o\/watch)$/,
    /^\/storage\/v1\/b\/[^/]+\/o\/[^/]+\/(restore|iam|moveTo)(\/|$)/,
    /^\/storage\/v1\/projects\/[^/]+\/serviceAccount$/,
    /^\/(upload\/)?resumable\//,
  ].some((pattern) => pattern.test(request.rawPath));
}
