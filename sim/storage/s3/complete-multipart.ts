import { createHash } from 'node:crypto';
import { CHECKSUM_ALGORITHMS } from '../core/checksums.ts';
import { combineChecksums } from '../core/combine-checksums.ts';
import type { ObjectRecord, PartRecord, StoredChecksum, UploadRecord } from '../core/records.ts';
import { header } from '../sigv4/wire-request.ts';
import { leaf } from '../wire/xml.ts';
import { requireBucket, type S3Call, type S3Reply } from './call.ts';
import { checkWriteConditions, hasEtag } from './conditions.ts';
import { S3Error } from './errors.ts';
import { PART_NUMBER_MAX, requireUpload } from './multipart.ts';
import { quoted } from './object-headers.ts';
import { receiveText } from './receive-body.ts';
import { childList, childText, onlyChildren, parseXml, s3Document, type XmlNode } from './xml.ts';

const PART_BYTES_MIN = 5 * 1024 * 1024;
const XML_BYTES_MAX = 8 * 1024 * 1024;

/** Makes the object. A repeat after a lost reply (same upload id and parts) succeeds, as on AWS. */
export async function completeMultipartUpload(call: S3Call): Promise<S3Reply> {
  requireBucket(call, call.bucket);
  const text = await receiveText(call, XML_BYTES_MAX, { isChecksumOfObject: true });
  const wanted = readParts(text);
  const repeated = repeatedReply(call, wanted);
  if (repeated !== undefined) return repeated;
  const upload = requireUpload(call);
  const parts = chooseParts(call, upload, wanted);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const announced = header(call.request, 'x-amz-mp-object-size');
  if (announced !== undefined && announced !== String(size)) {
    throw new S3Error('InvalidRequest', 'x-amz-mp-object-size does not match the parts.');
  }
  const checksum = combinedChecksum(upload, parts);
  checkGivenChecksum(call, checksum);
  const object: ObjectRecord = {
    systemHeaders: upload.systemHeaders,
    userMetadata: upload.userMetadata,
    key: call.key,
    size,
    etag: multipartEtag(parts.map((part) => part.etag)),
    modifiedAt: call.at,
    segments: parts.flatMap((part) => part.segments),
    ...(checksum === undefined ? {} : { checksum }),
  };
  checkWriteConditions(call.request, call.core.object(call.bucket, call.key));
  const { uploadId } = upload;
  call.core.completeUpload(
    { uploadId, bucket: call.bucket, key: call.key, etag: object.etag },
    object,
  );
  return completeReply(call, object.etag, checksum);
}

function repeatedReply(call: S3Call, wanted: readonly WantedPart[]): S3Reply | undefined {
  const done = call.core.completion(call.query.get('uploadId') ?? '');
  if (done === undefined || done.bucket !== call.bucket || done.key !== call.key) return undefined;
  const etags = wanted.map((part) => part.etag.trim().replace(/^"(.*)"$/, '$1'));
  const isSame = etags.every((etag) => /^[0-9a-f]{32}$/.test(etag));
  if (!isSame || multipartEtag(etags) !== done.etag) return undefined;
  return completeReply(call, done.etag, undefined);
}

/** MD5 of the concatenated MD5s, and the number of parts. */
function multipartEtag(etags: readonly string[]): string {
  const hash = createHash('md5');
  for (const etag of etags) hash.update(Buffer.from(etag, 'hex'));
  return `${hash.digest('hex')}-${etags.length}`;
}

function completeReply(call: S3Call, etag: string, checksum: StoredChecksum | undefined): S3Reply {
  const xml = s3Document(
    'CompleteMultipartUploadResult',
    leaf('Location', `/${call.bucket}/${call.key}`),
    leaf('Bucket', call.bucket),
    leaf('Key', call.key),
    leaf('ETag', quoted(etag)),
    checksum && leaf(`Checksum${checksum.algorithm}`, checksum.value),
    checksum && leaf('ChecksumType', checksum.type),
  );
  return { status: 200, xml };
}

interface WantedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly node: XmlNode;
}

function readParts(text: string): WantedPart[] {
  const root = parseXml(text, 'CompleteMultipartUpload');
  onlyChildren(root, ['Part']);
  const nodes = childList(root, 'Part');
  if (nodes.length === 0 || nodes.length > PART_NUMBER_MAX) throw new S3Error('MalformedXML');
  return nodes.map((node) => {
    onlyChildren(node, [
      'PartNumber',
      'ETag',
      ...CHECKSUM_ALGORITHMS.map((algorithm) => `Checksum${algorithm}`),
    ]);
    const number = childText(node, 'PartNumber')?.trim() ?? '';
    const etag = childText(node, 'ETag');
    if (!/^\d{1,5}$/.test(number) || etag === undefined) throw new S3Error('MalformedXML');
    return { partNumber: Number(number), etag, node };
  });
}

function chooseParts(
  call: S3Call,
  upload: UploadRecord,
  wanted: readonly WantedPart[],
): PartRecord[] {
  let before = 0;
  const chosen: PartRecord[] = [];
  for (const { partNumber, etag, node } of wanted) {
    if (partNumber <= before) throw new S3Error('InvalidPartOrder');
    before = partNumber;
    const part = call.core.part(upload.uploadId, partNumber);
    if (part === undefined || !hasEtag(etag, part.etag) || !hasGivenChecksum(node, part)) {
      throw new S3Error('InvalidPart', undefined, {
        UploadId: upload.uploadId,
        PartNumber: String(partNumber),
        ETag: etag,
      });
    }
    chosen.push(part);
  }
  const small = chosen.slice(0, -1).find((part) => part.size < PART_BYTES_MIN);
  if (small !== undefined) {
    throw new S3Error('EntityTooSmall', undefined, {
      ProposedSize: String(small.size),
      MinSizeAllowed: String(PART_BYTES_MIN),
      PartNumber: String(small.partNumber),
      ETag: small.etag,
    });
  }
  return chosen;
}

function hasGivenChecksum(node: XmlNode, part: PartRecord): boolean {
  return CHECKSUM_ALGORITHMS.every((algorithm) => {
    const given = childText(node, `Checksum${algorithm}`);
    if (given === undefined) return true;
    return part.checksum?.algorithm === algorithm && part.checksum.value === given.trim();
  });
}

/** Only an upload that was begun with an algorithm gives its object a checksum. */
function combinedChecksum(
  upload: UploadRecord,
  parts: readonly PartRecord[],
): StoredChecksum | undefined {
  const { checksumAlgorithm: algorithm, checksumType: type } = upload;
  if (algorithm === undefined || type === undefined) return undefined;
  const values = parts.map((part) => ({ value: part.checksum?.value ?? '', size: part.size }));
  return { algorithm, type, value: combineChecksums(algorithm, type, values) };
}

/** A checksum of the whole object in the headers must be the combined one. */
function checkGivenChecksum(call: S3Call, combined: StoredChecksum | undefined): void {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const given = header(call.request, `x-amz-checksum-${algorithm.toLowerCase()}`);
    if (given === undefined) continue;
    if (combined?.algorithm !== algorithm) {
      throw new S3Error(
        'InvalidRequest',
        'The upload was not created with the checksum algorithm of this completion.',
      );
    }
    // A composed value may be given with or without its number of parts.
    if (given !== combined.value && given !== combined.value.replace(/-\d+$/, '')) {
      throw new S3Error(
        'BadDigest',
        `The ${algorithm} you specified did not match the calculated checksum.`,
      );
    }
  }
}
