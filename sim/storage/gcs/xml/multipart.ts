import { createHash } from 'node:crypto';
import { combineChecksums } from '../../core/combine-checksums.ts';
import { isoInstant } from '../../core/instants.ts';
import type { PartRecord, UploadRecord } from '../../core/records.ts';
import { S3Error } from '../../s3/errors.ts';
import { childList, childText, onlyChildren, parseXml } from '../../s3/xml.ts';
import { branch, leaf, plainDocument } from '../../wire/xml.ts';
import { type GcsReply, permit, requireBucket, wholeNumber } from '../call.ts';
import { GcsError } from '../errors.ts';
import { receiveText } from '../json/body.ts';
import { readHashHeaders, verifyHashes } from '../objects/hashes.ts';
import { requirePreconditions } from '../objects/preconditions.ts';
import { newObjectRecord, permitWrite } from '../objects/store.ts';
import type { BucketRecord } from '../shelf.ts';
import { encoderOf, withNamespace } from './list.ts';
import {
  headerAttributes,
  headerConditions,
  requireObjectName,
  requireSignedPayload,
  storeXmlBody,
  type XmlCall,
  xmlEtag,
} from './objects.ts';

const PARTS_MAX = 10_000;
const PART_BYTES_MIN = 5 * 1024 * 1024;

export function createXmlUpload(call: XmlCall): GcsReply {
  const bucket = requireBucket(call);
  requireObjectName(call);
  permit(call, 'storage.multipartUploads.create', { bucket, object: call.object });
  permitWrite(call, bucket, call.object);
  const { core, random } = call.world;
  const uploadId = random(24).toString('hex') + core.nextNumber().toString(36);
  core.createUpload({
    ...headerAttributes(call),
    uploadId,
    bucket: bucket.name,
    key: call.object,
    initiatedAt: call.at,
    initiatorArn: call.caller.email,
  });
  const root = branch(
    'InitiateMultipartUploadResult',
    leaf('Bucket', bucket.name),
    leaf('Key', call.object),
    leaf('UploadId', uploadId),
  );
  return { status: 200, xml: plainDocument(withNamespace(root)) };
}

export async function putXmlPart(call: XmlCall): Promise<GcsReply> {
  const { bucket } = openUpload(call);
  permit(call, 'storage.objects.create', { bucket, object: call.object });
  const partNumber = wholeNumber(call, 'partNumber', { min: 1, max: PARTS_MAX }) ?? 0;
  const expected = readHashHeaders(call.request.headers);
  const { md5, crc32c, size, segments } = await storeXmlBody(call);
  try {
    verifyHashes({ md5, crc32c }, expected);
    const { upload } = openUpload(call);
    const etag = Buffer.from(md5, 'base64').toString('hex');
    const checksum = { algorithm: 'CRC32C', type: 'FULL_OBJECT', value: crc32c } as const;
    const part = { partNumber, size, etag, modifiedAt: call.at, segments, checksum };
    call.world.core.putPart(upload.uploadId, part);
    return {
      status: 200,
      headers: { etag: `"${etag}"`, 'x-goog-hash': `crc32c=${crc32c},md5=${md5}` },
    };
  } catch (error) {
    call.world.core.dropUnreferenced(segments);
    throw error;
  }
}

export async function completeXmlUpload(call: XmlCall): Promise<GcsReply> {
  const text = await receiveText(call.body);
  requireSignedPayload(call, createHash('sha256').update(text).digest('hex'));
  const { bucket, upload } = openUpload(call);
  const parts = chooseParts(call, text);
  const { core } = call.world;
  requirePreconditions(headerConditions(call), core.object(bucket.name, call.object));
  permit(call, 'storage.multipartUploads.create', { bucket, object: call.object });
  permitWrite(call, bucket, call.object);
  const values = parts.map(({ checksum, size }) => ({ value: checksum?.value ?? '', size }));
  const { systemHeaders, userMetadata } = upload;
  const object = newObjectRecord(call, {
    key: call.object,
    attributes: { systemHeaders, userMetadata },
    size: parts.reduce((sum, part) => sum + part.size, 0),
    crc32c: combineChecksums('CRC32C', 'FULL_OBJECT', values),
    segments: parts.flatMap((part) => part.segments),
    componentCount: parts.length,
  });
  const { uploadId } = upload;
  const etag = String(object.generation);
  core.completeUpload({ uploadId, bucket: bucket.name, key: call.object, etag }, object);
  const root = branch(
    'CompleteMultipartUploadResult',
    leaf('Location', `/${bucket.name}/${call.object}`),
    leaf('Bucket', bucket.name),
    leaf('Key', call.object),
    leaf('ETag', xmlEtag(object)),
  );
  return { status: 200, xml: plainDocument(withNamespace(root)) };
}

export function abortXmlUpload(call: XmlCall): GcsReply {
  const { bucket, upload } = openUpload(call);
  permit(call, 'storage.multipartUploads.abort', { bucket, object: call.object });
  call.world.core.abortUpload(upload.uploadId);
  return { status: 204 };
}

export function listXmlParts(call: XmlCall): GcsReply {
  const { bucket, upload } = openUpload(call);
  permit(call, 'storage.multipartUploads.listParts', { bucket, object: call.object });
  const parts = call.world.core
    .parts(upload.uploadId)
    .map((part) =>
      branch(
        'Part',
        leaf('PartNumber', part.partNumber),
        leaf('LastModified', isoInstant(part.modifiedAt)),
        leaf('ETag', `"${part.etag}"`),
        leaf('Size', part.size),
      ),
    );
  const root = branch(
    'ListPartsResult',
    leaf('Bucket', bucket.name),
    leaf('Key', call.object),
    leaf('UploadId', upload.uploadId),
    leaf('IsTruncated', false),
    ...parts,
  );
  return { status: 200, xml: plainDocument(withNamespace(root)) };
}

export function listXmlUploads(call: XmlCall): GcsReply {
  const encode = encoderOf(call);
  const bucket = requireBucket(call);
  permit(call, 'storage.multipartUploads.list', { bucket });
  const { core, shelf } = call.world;
  const uploads = core
    .uploadsOf(bucket.name)
    .filter(({ uploadId, key }) => {
      const isWanted = key.startsWith(call.query.get('prefix') ?? '');
      return isWanted && !shelf.sessions.has(uploadId);
    })
    .sort((left, right) => (left.key + left.uploadId < right.key + right.uploadId ? -1 : 1))
    .map(({ key, uploadId, initiatedAt }) =>
      branch(
        'Upload',
        leaf('Key', encode(key)),
        leaf('UploadId', uploadId),
        leaf('Initiated', isoInstant(initiatedAt)),
      ),
    );
  const root = branch(
    'ListMultipartUploadsResult',
    leaf('Bucket', bucket.name),
    call.query.has('encoding-type') ? leaf('EncodingType', 'url') : undefined,
    leaf('IsTruncated', false),
    ...uploads,
  );
  return { status: 200, xml: plainDocument(withNamespace(root)) };
}

function openUpload(call: XmlCall): { bucket: BucketRecord; upload: UploadRecord } {
  const bucket = requireBucket(call);
  const uploadId = call.query.get('uploadId') ?? '';
  const upload = call.world.core.upload(uploadId);
  const isOther = upload?.bucket !== bucket.name || upload.key !== call.object;
  if (upload === undefined || isOther || call.world.shelf.sessions.has(uploadId)) {
    throw new GcsError('notFound', 'The requested upload was not found.', {
      xmlCode: 'NoSuchUpload',
    });
  }
  return { bucket, upload };
}

function chooseParts(call: XmlCall, text: string): PartRecord[] {
  const uploadId = call.query.get('uploadId') ?? '';
  let before = 0;
  const parts = wantedParts(text).map(({ partNumber, etag }) => {
    if (partNumber <= before) {
      throw new GcsError('badRequest', 'The parts are not in order.', {
        xmlCode: 'InvalidPartOrder',
      });
    }
    before = partNumber;
    const part = call.world.core.part(uploadId, partNumber);
    if (part?.etag === etag.trim().replace(/^"(.*)"$/, '$1')) return part;
    throw new GcsError('badRequest', 'One or more of the parts could not be found.', {
      xmlCode: 'InvalidPart',
    });
  });
  if (parts.slice(0, -1).some((part) => part.size < PART_BYTES_MIN)) {
    throw new GcsError('badRequest', 'A part other than the last is smaller than 5 MiB.', {
      xmlCode: 'EntityTooSmall',
    });
  }
  return parts;
}

function wantedParts(text: string): { partNumber: number; etag: string }[] {
  try {
    const root = parseXml(text, 'CompleteMultipartUpload');
    onlyChildren(root, ['Part']);
    const nodes = childList(root, 'Part');
    if (nodes.length < 1 || nodes.length > PARTS_MAX) throw new GcsError('parseError');
    return nodes.map((node) => {
      const number = childText(node, 'PartNumber')?.trim() ?? '';
      const etag = childText(node, 'ETag');
      if (!/^\d{1,5}$/.test(number) || etag === undefined) throw new GcsError('parseError');
      return { partNumber: Number(number), etag };
    });
  } catch (error) {
    if (error instanceof S3Error) throw new GcsError('parseError');
    throw error;
  }
}
