import { type GcsCall, type GcsReply, headerOf, permit, requireBucket } from '../call.ts';
import { GcsError, notImplemented } from '../errors.ts';
import { isObjectName } from '../names.ts';
import { changeAttributes, NO_ATTRIBUTES } from '../objects/attributes.ts';
import { readHashHeaders, readHashMembers, verifyHashes } from '../objects/hashes.ts';
import { MultipartRelatedDecoder, readBoundaryParameter } from '../objects/multipart-related.ts';
import { readPreconditions } from '../objects/preconditions.ts';
import { objectResource } from '../objects/resource.ts';
import { commitObject, type NewObject, type StoredBytes, storeBody } from '../objects/store.ts';
import type { BucketRecord } from '../shelf.ts';
import { parseResource } from './body.ts';

/** An upload in one request: the media alone, or a resource and the media. */
export async function insertObject(call: GcsCall): Promise<GcsReply> {
  const bucket = requireBucket(call);
  checkAclParameters(call, bucket);
  // Without a right to create, the body is not even read; the name may stand in the body alone.
  const named = call.query.get('name');
  if (named !== undefined) {
    permit(call, 'storage.objects.create', { bucket, object: requireName(call, {}) });
  }
  const uploadType = call.query.get('uploadType');
  if (uploadType === 'media') return insertMedia(call, bucket);
  if (uploadType === 'multipart') return insertMultipart(call, bucket);
  throw new GcsError('invalidParameter', `Invalid value for uploadType: "${uploadType}".`);
}

async function insertMedia(call: GcsCall, bucket: BucketRecord): Promise<GcsReply> {
  const key = requireName(call, {});
  const stored = await storeBody(call.world, call.body);
  const contentType = headerOf(call, 'content-type') ?? null;
  return commitUpload(call, bucket, stored, () => describe(call, key, { contentType }, stored));
}

async function insertMultipart(call: GcsCall, bucket: BucketRecord): Promise<GcsReply> {
  const boundary = readBoundaryParameter(headerOf(call, 'content-type'));
  const decoder = new MultipartRelatedDecoder(boundary);
  const stored = await storeBody(call.world, call.body, decoder);
  return commitUpload(call, bucket, stored, () => {
    const resource = parseResource(decoder.metadata);
    const key = requireName(call, resource);
    return describe(call, key, { contentType: decoder.mediaType ?? null, ...resource }, stored);
  });
}

/** The new object out of what the client says about it; throws GcsError. */
function describe(
  call: GcsCall,
  key: string,
  resource: Readonly<Record<string, unknown>>,
  stored: StoredBytes,
): NewObject {
  verifyHashes(stored, readHashHeaders(call.request.headers), readHashMembers(resource));
  return { ...stored, key, attributes: attributesOf(call, resource) };
}

function commitUpload(
  call: GcsCall,
  bucket: BucketRecord,
  stored: StoredBytes,
  makeObject: () => NewObject,
): GcsReply {
  let made: NewObject;
  try {
    made = makeObject();
  } catch (error) {
    call.world.core.dropUnreferenced(stored.segments);
    throw error;
  }
  const record = commitObject(call, bucket, made, readPreconditions(call.query));
  return { status: 200, json: objectResource(call, bucket.name, record) };
}

export function attributesOf(
  call: GcsCall,
  resource: Readonly<Record<string, unknown>>,
): NewObject['attributes'] {
  const contentEncoding = call.query.get('contentEncoding');
  const given = contentEncoding === undefined ? {} : { contentEncoding };
  return changeAttributes(NO_ATTRIBUTES, { ...resource, ...given });
}

/** The name in the query or in the resource; throws `required` or `invalid`. */
export function requireName(call: GcsCall, resource: Readonly<Record<string, unknown>>): string {
  const name = call.query.get('name') ?? resource.name;
  if (name === undefined || name === '') throw new GcsError('required', 'Required parameter: name');
  if (typeof name !== 'string' || !isObjectName(name)) {
    throw new GcsError('invalid', 'Disallowed unicode characters or length in the object name.');
  }
  return name;
}

/** Access control lists do not exist here; with uniform access they do not at Google either. */
export function checkAclParameters(call: GcsCall, bucket: BucketRecord): void {
  if (call.query.has('kmsKeyName')) throw notImplemented('encryption keys of customers');
  if (!call.query.has('predefinedAcl')) return;
  if (!bucket.hasUniformAccess) throw notImplemented('access control lists');
  throw new GcsError(
    'invalid',
    'Cannot insert legacy ACL for an object when uniform bucket-level access is enabled. ' +
      'Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access',
  );
}
