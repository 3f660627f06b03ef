import { createHash } from 'node:crypto';
import { isoInstant } from '../../core/instants.ts';
import type { ObjectRecord, Segment } from '../../core/records.ts';
import { decodePercent } from '../../sigv4/wire-request.ts';
import { branch, leaf, plainDocument } from '../../wire/xml.ts';
import { type GcsCall, type GcsReply, headerOf, permit, requireBucket } from '../call.ts';
import { GcsError, noSuchObject, notImplemented } from '../errors.ts';
import { mediaReply } from '../json/objects.ts';
import { isObjectName } from '../names.ts';
import { changeAttributes, isHeaderText, NO_ATTRIBUTES } from '../objects/attributes.ts';
import { readHashHeaders, verifyHashes } from '../objects/hashes.ts';
import {
  type Preconditions,
  readPreconditions,
  requirePreconditions,
} from '../objects/preconditions.ts';
import { md5Base64 } from '../objects/resource.ts';
import { commitObject, findObject, type NewObject, storeBody } from '../objects/store.ts';

/** A call of the XML API: its body may have to hash to what was signed. */
export interface XmlCall extends GcsCall {
  readonly payloadSha256: string | undefined;
}

export function xmlEtag(object: Pick<ObjectRecord, 'etag' | 'generation'>): string {
  return `"${object.etag === '' ? `-${object.generation ?? 0}` : object.etag}"`;
}

export function getXmlObject(call: XmlCall): GcsReply {
  const bucket = requireBucket(call);
  const object = findObject(call, bucket, call.object, 'storage.objects.get');
  if (object === undefined) throw noSuchObject(bucket.name, call.object);
  const ifNoneMatch = headerOf(call, 'if-none-match');
  const ifMatch = headerOf(call, 'if-match');
  const etag = xmlEtag(object);
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== etag) {
    throw new GcsError('conditionNotMet');
  }
  if (ifNoneMatch === '*' || ifNoneMatch === etag) return { status: 304, headers: { etag } };
  const reply = mediaReply(object, headerOf(call, 'range'), etag);
  const metadata = Object.entries(object.userMetadata)
    .filter(([name, value]) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name) && isHeaderText(value))
    .map(([name, value]) => [`${metadataPrefix(call)}${name}`, value]);
  return { ...reply, headers: { ...reply.headers, ...Object.fromEntries(metadata) } };
}

export async function putXmlObject(call: XmlCall): Promise<GcsReply> {
  const bucket = requireBucket(call);
  requireObjectName(call);
  permit(call, 'storage.objects.create', { bucket, object: call.object });
  const expected = readHashHeaders(call.request.headers);
  const attributes = headerAttributes(call);
  const conditions = headerConditions(call);
  const stored = await storeXmlBody(call);
  try {
    verifyHashes(stored, expected);
  } catch (error) {
    call.world.core.dropUnreferenced(stored.segments);
    throw error;
  }
  const made = { ...stored, key: call.object, attributes };
  const record = commitObject(call, bucket, made, conditions);
  return { status: 200, headers: writtenHeaders(record) };
}

/** The body into a blob, and against its signed hash. */
export async function storeXmlBody(
  call: XmlCall,
): Promise<{ md5: string; crc32c: string; size: number; segments: readonly Segment[] }> {
  const sha256 = createHash('sha256');
  const watch = {
    push: (piece: Buffer): readonly Buffer[] => {
      if (call.payloadSha256 !== undefined) sha256.update(piece);
      return [piece];
    },
    end: (): void => {
      requireSignedPayload(call, sha256.digest('hex'));
    },
  };
  return storeBody(call.world, call.body, watch);
}

/** Throws when a body was signed and this is another one. */
export function requireSignedPayload(call: XmlCall, sha256: string): void {
  if (call.payloadSha256 === undefined || call.payloadSha256 === sha256) return;
  throw new GcsError('badRequest', 'The body is not the one that was signed.', {
    xmlCode: 'XAmzContentSHA256Mismatch',
  });
}

export function deleteXmlObject(call: XmlCall): GcsReply {
  const bucket = requireBucket(call);
  const object = findObject(call, bucket, call.object, 'storage.objects.delete');
  if (object === undefined) throw noSuchObject(bucket.name, call.object);
  requirePreconditions(headerConditions(call), object);
  call.world.generations.keep();
  call.world.core.deleteObject(bucket.name, call.object);
  return { status: 204 };
}

export function copyXmlObject(call: XmlCall): GcsReply {
  const bucket = requireBucket(call);
  requireObjectName(call);
  const text = headerOf(call, 'x-amz-copy-source') ?? headerOf(call, 'x-goog-copy-source') ?? '';
  const match = /^\/?([^/?]+)\/([^?]+)$/.exec(text);
  if (match === null) throw new GcsError('invalid', 'The copy source is malformed.');
  const from = requireBucket(call, decodePercent(match[1]!));
  const key = decodePercent(match[2]!);
  const source = findObject(call, from, key, 'storage.objects.get');
  if (source === undefined) throw noSuchObject(from.name, key);
  const directive =
    headerOf(call, 'x-amz-metadata-directive') ?? headerOf(call, 'x-goog-metadata-directive');
  const md5 = md5Base64(source);
  const { systemHeaders, userMetadata, size, segments, componentCount } = source;
  const made: NewObject = {
    key: call.object,
    attributes: directive === 'REPLACE' ? headerAttributes(call) : { systemHeaders, userMetadata },
    size,
    segments,
    crc32c: source.checksum?.value ?? '',
    ...(md5 === undefined ? {} : { md5 }),
    ...(componentCount === undefined ? {} : { componentCount }),
  };
  const record = commitObject(call, bucket, made, headerConditions(call));
  const xml = plainDocument(
    branch(
      'CopyObjectResult',
      leaf('ETag', xmlEtag(record)),
      leaf('LastModified', isoInstant(record.modifiedAt)),
    ),
  );
  return { status: 200, xml };
}

export function writtenHeaders(record: ObjectRecord): Record<string, string> {
  const md5 = md5Base64(record);
  const hashes = [
    ...(record.checksum === undefined ? [] : [`crc32c=${record.checksum.value}`]),
    ...(md5 === undefined ? [] : [`md5=${md5}`]),
  ];
  return {
    etag: xmlEtag(record),
    'x-goog-generation': String(record.generation),
    'x-goog-metageneration': String(record.metageneration),
    'x-goog-hash': hashes.join(','),
  };
}

export function requireObjectName(call: XmlCall): void {
  if (isObjectName(call.object)) return;
  throw new GcsError('invalid', 'The object name is not valid.', { xmlCode: 'InvalidObjectName' });
}

/** What headers say of a new object. Throws for those that ask for more than there is. */
export function headerAttributes(call: XmlCall): NewObject['attributes'] {
  const resource: Record<string, unknown> = {};
  const metadata: Record<string, string> = {};
  const members = {
    'content-type': 'contentType',
    'cache-control': 'cacheControl',
    'content-disposition': 'contentDisposition',
    'content-encoding': 'contentEncoding',
    'content-language': 'contentLanguage',
  } as const;
  for (const [header, member] of Object.entries(members)) {
    const value = headerOf(call, header);
    if (value !== undefined) resource[member] = value;
  }
  for (const [name, values] of call.request.headers) {
    const custom = /^x-(?:amz|goog)-meta-(.+)$/.exec(name)?.[1];
    if (custom !== undefined) metadata[custom] = values.join(',');
  }
  if (headerOf(call, 'content-encoding') === 'aws-chunked') throw notImplemented('aws-chunked');
  return changeAttributes(NO_ATTRIBUTES, { ...resource, metadata });
}

/** `x-goog-if-generation-match` and its kin, and `If-None-Match: *` as S3 clients send it. */
export function headerConditions(call: XmlCall): Preconditions {
  const query = new Map<string, string>();
  for (const [header, name] of [
    ['x-goog-if-generation-match', 'ifGenerationMatch'],
    ['x-goog-if-metageneration-match', 'ifMetagenerationMatch'],
  ] as const) {
    const value = headerOf(call, header);
    if (value !== undefined) query.set(name, value);
  }
  const isWrite = call.request.method === 'PUT' || call.request.method === 'POST';
  if (isWrite && headerOf(call, 'if-none-match') === '*') query.set('ifGenerationMatch', '0');
  else if (isWrite && headerOf(call, 'if-none-match') !== undefined) {
    throw notImplemented('If-None-Match with a tag');
  }
  if (isWrite && headerOf(call, 'if-match') !== undefined) throw notImplemented('If-Match here');
  return readPreconditions(query);
}

/** Clients that sign as for S3 expect metadata under its names. */
function metadataPrefix(call: XmlCall): string {
  return call.caller.credential === 'hmac key' ? 'x-amz-meta-' : 'x-goog-meta-';
}
