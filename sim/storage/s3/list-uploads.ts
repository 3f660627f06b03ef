import { isoInstant } from '../core/instants.ts';
import type { UploadRecord } from '../core/records.ts';
import { compareUtf8 } from '../core/sorted-keys.ts';
import { branch, leaf, type Xml } from '../wire/xml.ts';
import { integerParameter, requireBucket, type S3Call, type S3Reply } from './call.ts';
import { commonPrefixElement, textEncoder } from './list-pages.ts';
import { PART_NUMBER_MAX, requireUpload } from './multipart.ts';
import { quoted } from './object-headers.ts';
import { s3Document } from './xml.ts';

const ENTRIES_MAX = 1000;

/** Open uploads by key, then by the instant of their beginning. */
export function listMultipartUploads(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  const { encode, element } = textEncoder(call);
  const prefix = call.query.get('prefix') ?? '';
  const delimiter = call.query.get('delimiter') ?? '';
  const keyMarker = call.query.get('key-marker') ?? '';
  const idMarker = call.query.get('upload-id-marker') ?? '';
  const bounds = { default: ENTRIES_MAX, min: 0, max: ENTRIES_MAX };
  const maxUploads = integerParameter(call, 'max-uploads', bounds);
  const rows: Xml[] = [];
  const seenPrefixes = new Set<string>();
  let last: UploadRecord | undefined;
  let isTruncated = false;
  for (const upload of sortedUploads(call, prefix, keyMarker, idMarker)) {
    const end = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : upload.key.slice(0, end + delimiter.length);
    const isKnown = common !== undefined && seenPrefixes.has(common);
    if (!isKnown) {
      if (rows.length === maxUploads) {
        isTruncated = maxUploads > 0;
        break;
      }
      if (common !== undefined) seenPrefixes.add(common);
      rows.push(
        common === undefined ? uploadElement(upload, encode) : commonPrefixElement(common, encode),
      );
    }
    last = upload;
  }
  const xml = s3Document(
    'ListMultipartUploadsResult',
    leaf('Bucket', call.bucket),
    leaf('KeyMarker', encode(keyMarker)),
    leaf('UploadIdMarker', idMarker),
    isTruncated && last ? leaf('NextKeyMarker', encode(last.key)) : undefined,
    isTruncated && last ? leaf('NextUploadIdMarker', last.uploadId) : undefined,
    leaf('Prefix', encode(prefix)),
    delimiter === '' ? undefined : leaf('Delimiter', encode(delimiter)),
    element,
    leaf('MaxUploads', maxUploads),
    leaf('IsTruncated', isTruncated),
    ...rows,
  );
  return { status: 200, xml };
}

/** The uploads after the marker: of later keys, and of the same key begun later. */
function sortedUploads(
  call: S3Call,
  prefix: string,
  keyMarker: string,
  idMarker: string,
): UploadRecord[] {
  const marker = call.core.upload(idMarker);
  return call.core
    .uploadsOf(call.bucket)
    .filter((upload) => upload.key.startsWith(prefix))
    .sort(compareUploads)
    .filter((upload) => {
      if (keyMarker === '') return true;
      const order = compareUtf8(upload.key, keyMarker);
      if (order !== 0 || idMarker === '') return order > 0;
      if (marker !== undefined) return compareUploads(upload, marker) > 0;
      return compareUtf8(upload.uploadId, idMarker) > 0;
    });
}

function compareUploads(left: UploadRecord, right: UploadRecord): number {
  return (
    compareUtf8(left.key, right.key) ||
    left.initiatedAt - right.initiatedAt ||
    compareUtf8(left.uploadId, right.uploadId)
  );
}

function uploadElement(upload: UploadRecord, encode: (text: string) => string): Xml {
  return branch(
    'Upload',
    leaf('Key', encode(upload.key)),
    leaf('UploadId', upload.uploadId),
    branch('Initiator', leaf('ID', upload.initiatorArn)),
    leaf('StorageClass', 'STANDARD'),
    leaf('Initiated', isoInstant(upload.initiatedAt)),
    upload.checksumAlgorithm && leaf('ChecksumAlgorithm', upload.checksumAlgorithm),
    upload.checksumType && leaf('ChecksumType', upload.checksumType),
  );
}

export function listParts(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  const upload = requireUpload(call);
  const bounds = { default: ENTRIES_MAX, min: 0, max: ENTRIES_MAX };
  const maxParts = integerParameter(call, 'max-parts', bounds);
  const markerBounds = { default: 0, min: 0, max: PART_NUMBER_MAX };
  const marker = integerParameter(call, 'part-number-marker', markerBounds);
  const parts = call.core.parts(upload.uploadId).filter((part) => part.partNumber > marker);
  const page = parts.slice(0, maxParts);
  const isTruncated = maxParts > 0 && parts.length > page.length;
  const rows = page.map((part) =>
    branch(
      'Part',
      leaf('PartNumber', part.partNumber),
      leaf('LastModified', isoInstant(part.modifiedAt)),
      leaf('ETag', quoted(part.etag)),
      leaf('Size', part.size),
      part.checksum && leaf(`Checksum${part.checksum.algorithm}`, part.checksum.value),
    ),
  );
  const xml = s3Document(
    'ListPartsResult',
    leaf('Bucket', call.bucket),
    leaf('Key', call.key),
    leaf('UploadId', upload.uploadId),
    leaf('PartNumberMarker', marker),
    isTruncated ? leaf('NextPartNumberMarker', page.at(-1)!.partNumber) : undefined,
    leaf('MaxParts', maxParts),
    leaf('IsTruncated', isTruncated),
    leaf('StorageClass', 'STANDARD'),
    upload.checksumAlgorithm && leaf('ChecksumAlgorithm', upload.checksumAlgorithm),
    upload.checksumType && leaf('ChecksumType', upload.checksumType),
    ...rows,
  );
  return { status: 200, xml };
}
