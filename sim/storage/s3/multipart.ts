import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  type ChecksumType,
} from '../core/checksums.ts';
import { mayCombine } from '../core/combine-checksums.ts';
import type { PartRecord, UploadRecord } from '../core/records.ts';
import { header } from '../sigv4/wire-request.ts';
import { leaf } from '../wire/xml.ts';
import { requireBucket, type S3Call, type S3Reply } from './call.ts';
import { S3Error } from './errors.ts';
import { checksumHeaders, quoted, readAttributes } from './object-headers.ts';
import { declaredChecksum } from './receive-body.ts';
import { commitStored, storeBody } from './store-body.ts';
import { s3Document } from './xml.ts';

export const PART_NUMBER_MAX = 10_000;

export function createMultipartUpload(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  const checksum = readUploadChecksum(call);
  const upload: UploadRecord = {
    ...readAttributes(call.request),
    uploadId: call.uniqueId(),
    bucket: call.bucket,
    key: call.key,
    initiatedAt: call.at,
    initiatorArn: call.sender.principal.arn,
    ...checksum,
  };
  call.core.createUpload(upload);
  const xml = s3Document(
    'InitiateMultipartUploadResult',
    leaf('Bucket', call.bucket),
    leaf('Key', call.key),
    leaf('UploadId', upload.uploadId),
  );
  if (checksum === undefined) return { status: 200, xml };
  const headers = {
    'x-amz-checksum-algorithm': checksum.checksumAlgorithm,
    'x-amz-checksum-type': checksum.checksumType,
  };
  return { status: 200, headers, xml };
}

function readUploadChecksum(
  call: S3Call,
): { checksumAlgorithm: ChecksumAlgorithm; checksumType: ChecksumType } | undefined {
  const algorithmText = header(call.request, 'x-amz-checksum-algorithm')?.toUpperCase();
  const typeText = header(call.request, 'x-amz-checksum-type')?.toUpperCase();
  const algorithm = CHECKSUM_ALGORITHMS.find((name) => name === algorithmText);
  if (algorithm === undefined) {
    if (algorithmText === undefined && typeText === undefined) return undefined;
    throw new S3Error(
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: ' +
        '[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    );
  }
  const type = typeText ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  const isType = type === 'COMPOSITE' || type === 'FULL_OBJECT';
  if (!isType || !mayCombine(algorithm, type)) {
    throw new S3Error(
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    );
  }
  return { checksumAlgorithm: algorithm, checksumType: type };
}

/**
 * The open upload that the request names. It belongs to bucket and key: whoever has the right to
 * write there may go on with it, also a later session than the one that began it.
 */
export function requireUpload(call: S3Call): UploadRecord {
  const upload = call.core.upload(call.query.get('uploadId') ?? '');
  if (upload === undefined || upload.bucket !== call.bucket || upload.key !== call.key) {
    throw new S3Error('NoSuchUpload', undefined, { UploadId: call.query.get('uploadId') ?? '' });
  }
  return upload;
}

/** The upload and part number of UploadPart and UploadPartCopy. */
export function partTarget(call: S3Call): { upload: UploadRecord; partNumber: number } {
  const text = call.query.get('partNumber') ?? '';
  const partNumber = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (partNumber < 1 || partNumber > PART_NUMBER_MAX) {
    throw new S3Error(
      'InvalidArgument',
      'Part number must be an integer between 1 and 10000, inclusive',
      { ArgumentName: 'partNumber', ArgumentValue: text },
    );
  }
  return { upload: requireUpload(call), partNumber };
}

export async function uploadPart(call: S3Call): Promise<S3Reply> {
  requireBucket(call, call.bucket);
  const { upload, partNumber } = partTarget(call);
  const given = declaredChecksum(call)?.algorithm;
  const wanted = upload.checksumAlgorithm;
  if (wanted !== undefined && given !== undefined && given !== wanted) {
    throw new S3Error(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${wanted.toLowerCase()}, ` +
        `actual checksum Type: ${given.toLowerCase()}`,
    );
  }
  const body = await storeBody(call, wanted);
  const part: PartRecord = {
    partNumber,
    size: body.size,
    etag: body.md5Hex,
    modifiedAt: call.at,
    segments: body.segments,
    ...(body.checksum === undefined
      ? {}
      : { checksum: { ...body.checksum, type: upload.checksumType ?? 'COMPOSITE' } }),
  };
  commitStored(call, body.segments, () => {
    // The upload may have been completed or aborted while the body came in.
    if (call.core.upload(upload.uploadId) === undefined) throw new S3Error('NoSuchUpload');
    call.core.putPart(upload.uploadId, part);
  });
  const { 'x-amz-checksum-type': _type, ...checksum } = checksumHeaders(part.checksum);
  return { status: 200, headers: { etag: quoted(part.etag), ...checksum } };
}

export function abortMultipartUpload(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  call.core.abortUpload(requireUpload(call).uploadId);
  return { status: 204 };
}
