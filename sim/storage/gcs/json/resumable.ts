import type { ObjectRecord, PartRecord, UploadRecord } from '../../core/records.ts';
import { ClientGone } from '../../wire/exchange.ts';
import { type GcsCall, type GcsReply, headerOf, may, permit, requireBucket } from '../call.ts';
import { GcsError } from '../errors.ts';
import { createHashes, readHashHeaders, readHashMembers, verifyHashes } from '../objects/hashes.ts';
import { readPreconditions, requirePreconditions } from '../objects/preconditions.ts';
import { objectResource, originOf } from '../objects/resource.ts';
import { newObjectRecord, OBJECT_BYTES_MAX, permitWrite } from '../objects/store.ts';
import type { BucketRecord, SessionRecord } from '../shelf.ts';
import { parseResource, receiveText } from './body.ts';
import { type ContentRange, readContentRange } from './content-range.ts';
import { attributesOf, checkAclParameters, requireName } from './insert.ts';

const SESSION_LIFETIME_MS = 7 * 86_400_000;
/** All chunks but the last are multiples of this. */
export const CHUNK_UNIT_BYTES = 256 * 1024;

/** Begins a session. Its address is its own authorisation for a week, as at Google. */
export async function startResumable(call: GcsCall): Promise<GcsReply> {
  const resource = parseResource(await receiveText(call.body));
  const bucket = requireBucket(call);
  checkAclParameters(call, bucket);
  const key = requireName(call, resource);
  const preconditions = readPreconditions(call.query);
  // A stranger must not learn from a precondition what is there.
  permit(call, 'storage.objects.create', { bucket, object: key });
  requirePreconditions(preconditions, call.world.core.object(bucket.name, key));
  permitWrite(call, bucket, key);
  const contentType = headerOf(call, 'x-upload-content-type');
  const lengthText = headerOf(call, 'x-upload-content-length');
  if (lengthText !== undefined && !/^\d{1,15}$/.test(lengthText)) {
    throw new GcsError('invalid', 'Invalid X-Upload-Content-Length.');
  }
  if (Number(lengthText ?? 0) > OBJECT_BYTES_MAX) throw new GcsError('uploadTooLarge');
  const hashes = readHashMembers(resource);
  const { core, shelf, random } = call.world;
  const uploadId = random(24).toString('hex') + core.nextNumber().toString(36);
  const mayReplace = may(call, 'storage.objects.delete', { bucket, object: key });
  const session: SessionRecord = {
    uploadId,
    startedAt: call.at,
    email: call.caller.email,
    mayReplace,
    preconditions: { ...preconditions },
    ...(lengthText === undefined ? {} : { size: Number(lengthText) }),
    ...(hashes.md5 === undefined ? {} : { md5Hash: hashes.md5 }),
    ...(hashes.crc32c === undefined ? {} : { crc32c: hashes.crc32c }),
  };
  const given = contentType === undefined ? {} : { contentType };
  const attributes = attributesOf(call, { ...given, ...resource });
  // The session comes first: an upload without one would be taken for one of the XML API.
  shelf.commit({ type: 'session.set', session });
  core.createUpload({
    ...attributes,
    uploadId,
    bucket: bucket.name,
    key,
    initiatedAt: call.at,
    initiatorArn: call.caller.email,
  });
  const query = `uploadType=resumable&name=${encodeURIComponent(key)}&upload_id=${uploadId}`;
  const location = `${originOf(call)}/upload/storage/v1/b/${bucket.name}/o?${query}`;
  return { status: 200, headers: { location, 'x-guploader-uploadid': uploadId } };
}

interface OpenSession {
  readonly bucket: BucketRecord;
  readonly session: SessionRecord;
  readonly upload: UploadRecord;
  /** Bytes that are kept so far. */
  readonly received: number;
}

/** A chunk, the rest, or the question how much has arrived. */
export async function continueResumable(call: GcsCall): Promise<GcsReply> {
  const completed = completedReply(call);
  if (completed !== undefined) return completed;
  const open = openSession(call);
  authorize(call, open);
  const range = readContentRange(headerOf(call, 'content-range'));
  checkRange(range, open);
  if (range.kind === 'query') {
    return range.total === open.received ? finish(call, open) : incomplete(call, open.received);
  }
  const { received, isWhole } = await receiveChunk(call, open, range);
  const now = openSession(call);
  if (now.received !== received) throw new GcsError('conflict', 'The session changed meanwhile.');
  return isWhole ? finish(call, now) : incomplete(call, received);
}

/** Ends a session without an object; Google answers 499. */
export function cancelResumable(call: GcsCall): GcsReply {
  const open = openSession(call);
  authorize(call, open);
  forget(call, open.upload.uploadId);
  return { status: 499 };
}

function openSession(call: GcsCall): OpenSession {
  const uploadId = call.query.get('upload_id') ?? '';
  const { core, shelf } = call.world;
  const session = shelf.sessions.get(uploadId);
  const upload = core.upload(uploadId);
  if (session === undefined || upload === undefined || upload.bucket !== call.bucket) {
    throw new GcsError('notFound', 'There is no such upload session.');
  }
  if (call.at - session.startedAt >= SESSION_LIFETIME_MS) throw new GcsError('gone');
  const bucket = requireBucket(call, upload.bucket);
  const received = core.parts(uploadId).reduce((sum, part) => sum + part.size, 0);
  return { bucket, session, upload, received };
}

/** A credential that is given must be good; without one the session's address is enough. */
function authorize(call: GcsCall, { bucket, upload, session }: OpenSession): void {
  if (call.caller.email !== '') {
    permit(call, 'storage.objects.create', { bucket, object: upload.key });
    return;
  }
  call.world.decisions.add({
    allowed: true,
    action: 'storage.objects.create',
    resource: `projects/_/buckets/${bucket.name}/objects/${upload.key}`,
    layers: [{ source: 'upload session', outcome: 'allowed' }],
    at: call.at,
    requestId: call.body.requestId,
    principalArn: `serviceAccount:${session.email}`,
  });
}

function checkRange(range: ContentRange, { session, received }: OpenSession): void {
  const isOther =
    session.size !== undefined && range.total !== undefined && range.total !== session.size;
  if (isOther) throw new GcsError('invalid', 'The total size differs from the announced one.');
  if (range.kind === 'query') return;
  if (range.start > received) {
    throw new GcsError(
      'invalid',
      `Invalid request. According to the Content-Range header, the upload offset is ` +
        `${range.start} byte(s), which exceeds already uploaded size of ${received} byte(s).`,
    );
  }
}

/** Keeps what is new of a chunk; a broken connection keeps whole units of what had arrived. */
async function receiveChunk(
  call: GcsCall,
  open: OpenSession,
  range: Extract<ContentRange, { kind: 'bytes' }>,
): Promise<{ received: number; isWhole: boolean }> {
  const { core } = call.world;
  const { uploadId } = open.upload;
  const { blob, writer } = core.createBlob();
  const total = range.total ?? open.session.size;
  const lengthMax = (range.end === undefined ? total : range.end + 1) ?? OBJECT_BYTES_MAX;
  let toSkip = open.received - range.start;
  let position = range.start;
  let size = 0;
  let isBroken = false;
  try {
    await call.body.consume((piece) => {
      position += piece.length;
      if (position > lengthMax)
        throw new GcsError('invalid', 'There are more bytes than announced.');
      const fresh = piece.subarray(Math.min(toSkip, piece.length));
      toSkip -= piece.length - fresh.length;
      if (fresh.length === 0) return undefined;
      size += fresh.length;
      return writer.write(fresh);
    });
    const isShort = range.end !== undefined && position !== range.end + 1;
    if (isShort) throw new GcsError('invalid', 'There are fewer bytes than announced.');
  } catch (error) {
    if (!(error instanceof ClientGone)) {
      await writer.discard();
      throw error;
    }
    isBroken = true;
  }
  const isWhole = !isBroken && isWholeAt(range, position, total);
  if (!isWhole && !isBroken && size < CHUNK_UNIT_BYTES) {
    await writer.discard();
    // A chunk that had arrived before, whose reply was lost, brings nothing new.
    if (size === 0 && position <= open.received) return { received: open.received, isWhole };
    throw tooSmall(size);
  }
  const kept = isWhole ? size : size - (size % CHUNK_UNIT_BYTES);
  if (kept === 0) await writer.discard();
  else await writer.finish();
  const segments = kept === 0 ? [] : [{ blob, size: kept }];
  keepPart(call, open, segments, kept);
  if (isBroken) throw new ClientGone();
  const parts = core.parts(uploadId);
  return { received: parts.reduce((sum, part) => sum + part.size, 0), isWhole };
}

/** Whether the body reached the end of the object; `bytes 0-*\/*` ends where the body ends. */
function isWholeAt(
  range: Extract<ContentRange, { kind: 'bytes' }>,
  position: number,
  total: number | undefined,
): boolean {
  if (total !== undefined) return position === total;
  return range.end === undefined;
}

function keepPart(
  call: GcsCall,
  open: OpenSession,
  segments: PartRecord['segments'],
  size: number,
): void {
  const { core } = call.world;
  const { uploadId } = open.upload;
  const before = core.parts(uploadId);
  const received = before.reduce((sum, part) => sum + part.size, 0);
  const isStill = core.upload(uploadId) !== undefined && received === open.received;
  if (size === 0 || !isStill) {
    core.dropUnreferenced(segments);
    return;
  }
  core.putPart(uploadId, {
    partNumber: before.length + 1,
    size,
    etag: '',
    modifiedAt: call.at,
    segments,
  });
}

/** 308 means "redirect" elsewhere: clients that ask for it get the number in a header instead. */
function incomplete(call: GcsCall, received: number): GcsReply {
  const range: Record<string, string> = received === 0 ? {} : { range: `bytes=0-${received - 1}` };
  if (headerOf(call, 'x-guploader-no-308') !== 'yes') return { status: 308, headers: range };
  return { status: 200, headers: { ...range, 'x-http-status-code-override': '308' } };
}

/** Makes the object out of all chunks: reads them once more, for the hashes of the whole. */
async function finish(call: GcsCall, open: OpenSession): Promise<GcsReply> {
  const { core } = call.world;
  const { bucket, session, upload, received: size } = open;
  const { uploadId } = upload;
  const segments = core.parts(uploadId).flatMap((part) => part.segments);
  const hashing = createHashes();
  for await (const chunk of core.read(segments, 0, size)) hashing.update(chunk);
  const hashes = hashing.digest();
  if (core.upload(uploadId) === undefined) throw new GcsError('notFound');
  try {
    verifyHashes(hashes, readHashHeaders(call.request.headers), {
      ...(session.md5Hash === undefined ? {} : { md5: session.md5Hash }),
      ...(session.crc32c === undefined ? {} : { crc32c: session.crc32c }),
    });
    const before = core.object(bucket.name, upload.key);
    requirePreconditions(session.preconditions, before);
    permitFinish(call, open, before);
  } catch (error) {
    forget(call, uploadId);
    throw error;
  }
  const { key, systemHeaders, userMetadata } = upload;
  const attributes = { systemHeaders, userMetadata };
  const object = newObjectRecord(call, { ...hashes, key, attributes, size, segments });
  const etag = String(object.generation);
  core.completeUpload({ uploadId, bucket: bucket.name, key, etag }, object);
  call.world.shelf.commit({ type: 'session.removed', uploadId });
  return { status: 200, json: objectResource(call, bucket.name, object) };
}

/** To replace an object takes a right that the beginner of the session had, or the caller has. */
function permitFinish(call: GcsCall, open: OpenSession, before: ObjectRecord | undefined): void {
  if (call.caller.email !== '') {
    permitWrite(call, open.bucket, open.upload.key);
    return;
  }
  if (before === undefined || open.session.mayReplace) return;
  permit(call, 'storage.objects.delete', { bucket: open.bucket, object: open.upload.key });
}

function forget(call: GcsCall, uploadId: string): void {
  call.world.core.abortUpload(uploadId);
  call.world.shelf.commit({ type: 'session.removed', uploadId });
}

/** A finished session whose reply was lost answers with the object again, while that is there. */
function completedReply(call: GcsCall): GcsReply | undefined {
  const { core } = call.world;
  const done = core.completion(call.query.get('upload_id') ?? '');
  if (done === undefined || done.bucket !== call.bucket) return undefined;
  const object = core.object(done.bucket, done.key);
  if (object === undefined || String(object.generation) !== done.etag) throw new GcsError('gone');
  return { status: 200, json: objectResource(call, done.bucket, object) };
}

function tooSmall(size: number): GcsError {
  return new GcsError(
    'badRequest',
    'Invalid request. The number of bytes uploaded is required to be equal or greater than ' +
      `${CHUNK_UNIT_BYTES}, except for the final request (it's recommended to be the exact ` +
      `multiple of ${CHUNK_UNIT_BYTES}). The received request contained ${size} bytes, which ` +
      'does not meet this requirement.',
  );
}
