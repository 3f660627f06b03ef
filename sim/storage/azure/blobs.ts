import { createChecksum, digestHasher } from '../core/checksums.ts';
import type { ObjectRecord } from '../core/records.ts';
import {
  describeBlob,
  metadataHeaders,
  readAttributes,
  readMetadata,
  readProperties,
  versionHeaders,
} from './attributes.ts';
import { commitStored, readMd5, storeBody } from './body.ts';
import {
  type AzureCall,
  type AzureReply,
  bucketOfCall,
  headerOf,
  requireContainer,
} from './call.ts';
import { checkRead, checkWrite, readConditions } from './conditions.ts';
import { AzureError, invalidHeader, notImplemented } from './errors.ts';
import { checkOverwrite } from './permissions.ts';
import { type ByteRange, readRange } from './range.ts';

const PUT_BLOB_BYTES_MAX = 5000 * 1024 ** 2;
const RANGE_HASH_BYTES_MAX = 4 * 1024 ** 2;

/** The blob of the request; throws ContainerNotFound or BlobNotFound. */
export function requireBlob(call: AzureCall): ObjectRecord {
  requireContainer(call);
  const blob = call.core.object(bucketOfCall(call), call.target.blob);
  if (blob === undefined) throw new AzureError('BlobNotFound');
  return blob;
}

export async function putBlob(call: AzureCall): Promise<AzureReply> {
  requireContainer(call);
  const type = headerOf(call, 'x-ms-blob-type');
  if (type === undefined) {
    throw new AzureError('MissingRequiredHeader', { elements: { HeaderName: 'x-ms-blob-type' } });
  }
  if (type === 'AppendBlob' || type === 'PageBlob') throw notImplemented(`blobs of type ${type}`);
  if (type !== 'BlockBlob') throw invalidHeader('x-ms-blob-type', type);
  const bucket = bucketOfCall(call);
  const key = call.target.blob;
  const attributes = readAttributes(call, 'count');
  const givenMd5 = readMd5(call, 'x-ms-blob-content-md5');
  const conditions = readConditions((name) => headerOf(call, name));
  // Refused before the body comes in, and again at the commit, when it counts.
  checkTarget(call, conditions);
  const body = await storeBody(call, { bytesMax: PUT_BLOB_BYTES_MAX, wantsMd5: true });
  return commitStored(call, body.segments, () => {
    requireContainer(call);
    if (givenMd5 !== undefined && givenMd5 !== body.md5) {
      throw new AzureError('Md5Mismatch', {
        elements: { UserSpecifiedMd5: givenMd5, ServerCalculatedMd5: body.md5! },
      });
    }
    const current = checkTarget(call, conditions);
    const blob: ObjectRecord = {
      systemHeaders: { ...attributes.systemHeaders, 'content-md5': body.md5! },
      userMetadata: attributes.userMetadata,
      key,
      size: body.size,
      etag: call.newEtag(),
      modifiedAt: call.at,
      createdAt: current?.createdAt ?? call.at,
      segments: body.segments,
    };
    call.core.putObject(bucket, blob);
    call.blocks.discard(bucket, key);
    return { status: 201, headers: writtenHeaders(blob, body) };
  });
}

/** Checks the conditions of a write and the right to overwrite; returns what is there. */
export function checkTarget(
  call: AzureCall,
  conditions: ReturnType<typeof readConditions>,
): ObjectRecord | undefined {
  const current = call.core.object(bucketOfCall(call), call.target.blob);
  checkWrite(conditions, current);
  checkOverwrite(call.caller, current !== undefined);
  return current;
}

export function writtenHeaders(
  blob: ObjectRecord,
  body: { readonly md5?: string; readonly crc64?: string },
): Record<string, string> {
  return {
    ...versionHeaders(blob),
    ...(body.md5 === undefined ? {} : { 'content-md5': body.md5 }),
    ...(body.crc64 === undefined ? {} : { 'x-ms-content-crc64': body.crc64 }),
    'x-ms-request-server-encrypted': 'true',
  };
}

/** GetBlob; without a range hash the handler does not wait, so the bytes cannot change meanwhile. */
export function getBlob(call: AzureCall): AzureReply | Promise<AzureReply> {
  const blob = requireBlob(call);
  const conditions = readConditions((name) => headerOf(call, name));
  if (checkRead(conditions, blob) === 'notModified') return notModified(blob);
  const range = readRange(headerOf(call, 'x-ms-range') ?? headerOf(call, 'range'), blob.size);
  const { 'content-md5': md5, ...described } = describeBlob(blob);
  const md5Header = range === undefined ? 'content-md5' : 'x-ms-blob-content-md5';
  const { offset, length } = range ?? { offset: 0, length: blob.size };
  const headers: Record<string, string> = {
    ...described,
    ...(md5 === undefined ? {} : { [md5Header]: md5 }),
    ...overridesOf(call),
    'content-length': String(length),
  };
  if (range !== undefined) {
    headers['content-range'] = `bytes ${offset}-${offset + length - 1}/${blob.size}`;
  }
  const reply: AzureReply = {
    status: range === undefined ? 200 : 206,
    headers,
    content: { segments: blob.segments, offset, length },
  };
  const wanted = ['md5', 'crc64'].filter((name) => {
    return headerOf(call, `x-ms-range-get-content-${name}`)?.toLowerCase() === 'true';
  });
  return wanted.length === 0 ? reply : hashRange(call, reply, range, wanted);
}

/** Reads the range as a whole, so that its hash can stand in the headers. */
async function hashRange(
  call: AzureCall,
  { status, headers, content }: AzureReply,
  range: ByteRange | undefined,
  wanted: readonly string[],
): Promise<AzureReply> {
  if (range === undefined || range.length > RANGE_HASH_BYTES_MAX || wanted.length > 1) {
    throw new AzureError('InvalidHeaderValue', {
      elements: { HeaderName: `x-ms-range-get-content-${wanted[0]}`, HeaderValue: 'true' },
    });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of call.core.read(content!.segments, range.offset, range.length)) {
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const hasher = wanted[0] === 'md5' ? digestHasher('md5') : createChecksum('CRC64NVME');
  hasher.update(bytes);
  const digest = hasher.digest();
  const [name, value] =
    wanted[0] === 'md5' ? ['content-md5', digest] : ['x-ms-content-crc64', digest.reverse()];
  return { status, headers: { ...headers, [name]: value.toString('base64') }, bytes };
}

function overridesOf(call: AzureCall): Readonly<Record<string, string>> {
  return call.caller.kind === 'sas' ? call.caller.overrides : {};
}

function notModified(blob: ObjectRecord): AzureReply {
  return {
    status: 304,
    headers: { ...versionHeaders(blob), 'x-ms-error-code': 'ConditionNotMet' },
  };
}

export function getBlobProperties(call: AzureCall): AzureReply {
  const blob = requireBlob(call);
  const conditions = readConditions((name) => headerOf(call, name));
  if (checkRead(conditions, blob) === 'notModified') return notModified(blob);
  const headers = {
    ...describeBlob(blob),
    ...overridesOf(call),
    'content-length': String(blob.size),
    'x-ms-access-tier': 'Hot',
    'x-ms-access-tier-inferred': 'true',
  };
  return { status: 200, headers };
}

export function getBlobMetadata(call: AzureCall): AzureReply {
  const blob = requireBlob(call);
  const conditions = readConditions((name) => headerOf(call, name));
  if (checkRead(conditions, blob) === 'notModified') return notModified(blob);
  return {
    status: 200,
    headers: { ...versionHeaders(blob), ...metadataHeaders(blob.userMetadata) },
  };
}

export function setBlobMetadata(call: AzureCall): AzureReply {
  return changeBlob(call, { userMetadata: readMetadata(call.request) });
}

/** Properties that are not given are cleared, except what a copy left. */
export function setBlobProperties(call: AzureCall): AzureReply {
  const copied = Object.entries(requireBlob(call).systemHeaders).filter(([name]) =>
    name.startsWith('x-ms-copy-'),
  );
  const systemHeaders = { ...readProperties(call, 'ignored'), ...Object.fromEntries(copied) };
  return changeBlob(call, { systemHeaders });
}

function changeBlob(call: AzureCall, change: Partial<ObjectRecord>): AzureReply {
  const blob = requireBlob(call);
  checkUnchanged(call, blob);
  const changed = { ...blob, ...change, etag: call.newEtag(), modifiedAt: call.at };
  call.core.putObject(bucketOfCall(call), changed);
  const headers = { ...versionHeaders(changed), 'x-ms-request-server-encrypted': 'true' };
  return { status: 200, headers };
}

function checkUnchanged(call: AzureCall, blob: ObjectRecord): void {
  const conditions = readConditions((name) => headerOf(call, name));
  if (checkRead(conditions, blob) === 'notModified') throw new AzureError('ConditionNotMet');
}

export function deleteBlob(call: AzureCall): AzureReply {
  const snapshots = headerOf(call, 'x-ms-delete-snapshots');
  if (snapshots === 'only') throw notImplemented('snapshots');
  if (snapshots !== undefined && snapshots !== 'include') {
    throw invalidHeader('x-ms-delete-snapshots', snapshots);
  }
  const blob = requireBlob(call);
  checkUnchanged(call, blob);
  call.core.deleteObject(bucketOfCall(call), blob.key);
  return { status: 202, headers: { 'x-ms-delete-type-permanent': 'true' } };
}
