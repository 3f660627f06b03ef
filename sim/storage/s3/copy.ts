import { createChecksum, digestHasher } from '../core/checksums.ts';
import { isoInstant } from '../core/instants.ts';
import type { ObjectRecord, PartRecord } from '../core/records.ts';
import { header } from '../sigv4/wire-request.ts';
import { leaf } from '../wire/xml.ts';
import { missingKey, requireBucket, type S3Call, type S3Reply } from './call.ts';
import { checkReadConditions, checkWriteConditions, preconditionFailed } from './conditions.ts';
import { readCopySource } from './copy-source.ts';
import { S3Error } from './errors.ts';
import { partTarget } from './multipart.ts';
import { quoted, readAttributes } from './object-headers.ts';
import { commitStored } from './store-body.ts';
import { s3Document } from './xml.ts';

const COPY_BYTES_MAX = 5 * 1024 ** 3;

/** CopyObject. The copy shares the blobs of its source: no byte is written again. */
export async function copyObject(call: S3Call): Promise<S3Reply> {
  requireBucket(call, call.bucket);
  const source = readSource(call);
  const { bucket, key } = readCopySource(call);
  const directive = header(call.request, 'x-amz-metadata-directive') ?? 'COPY';
  if (directive !== 'COPY' && directive !== 'REPLACE') {
    throw new S3Error('InvalidArgument', 'Unknown metadata directive.', {
      ArgumentName: 'x-amz-metadata-directive',
    });
  }
  if (source.size > COPY_BYTES_MAX) {
    throw new S3Error(
      'InvalidRequest',
      'The specified copy source is larger than the maximum allowable size for a copy source: ' +
        String(COPY_BYTES_MAX),
    );
  }
  if (bucket === call.bucket && key === call.key && directive === 'COPY') {
    throw new S3Error(
      'InvalidRequest',
      'This copy request is illegal because it is trying to copy an object to itself without ' +
        "changing the object's metadata, storage class, website redirect location or encryption " +
        'attributes.',
    );
  }
  const attributes =
    directive === 'REPLACE'
      ? readAttributes(call.request)
      : { systemHeaders: source.systemHeaders, userMetadata: source.userMetadata };
  const etag = source.etag.includes('-') ? await wholeMd5(call, source) : source.etag;
  checkWriteConditions(call.request, call.core.object(call.bucket, call.key));
  // The blobs are referred to before anything else can run, so they cannot be swept meanwhile.
  if (call.core.object(bucket, key) !== source) throw preconditionFailed('copy source changed');
  const { checksum: _composed, ...plain } = source;
  const keepsChecksum = source.checksum?.type === 'FULL_OBJECT';
  call.core.putObject(call.bucket, {
    ...(keepsChecksum ? source : plain),
    ...attributes,
    key: call.key,
    etag,
    modifiedAt: call.at,
  });
  const xml = s3Document(
    'CopyObjectResult',
    leaf('ETag', quoted(etag)),
    leaf('LastModified', isoInstant(call.at)),
  );
  return { status: 200, xml };
}

/** UploadPartCopy: the bytes are read and stored as a part of their own. */
export async function uploadPartCopy(call: S3Call): Promise<S3Reply> {
  requireBucket(call, call.bucket);
  const { upload, partNumber } = partTarget(call);
  const source = readSource(call);
  const { offset, length } = readSourceRange(call, source.size);
  const { blob, writer } = call.core.createBlob();
  const md5 = digestHasher('md5');
  const checksum = upload.checksumAlgorithm && createChecksum(upload.checksumAlgorithm);
  try {
    for await (const chunk of call.core.read(source.segments, offset, length)) {
      md5.update(chunk);
      checksum?.update(chunk);
      await writer.write(chunk);
    }
    if (length === 0) await writer.discard();
    else await writer.finish();
  } catch (error) {
    await writer.discard();
    throw error;
  }
  const segments = length === 0 ? [] : [{ blob, size: length }];
  const part: PartRecord = {
    partNumber,
    size: length,
    etag: md5.digest().toString('hex'),
    modifiedAt: call.at,
    segments,
    ...(checksum === undefined
      ? {}
      : {
          checksum: {
            algorithm: upload.checksumAlgorithm!,
            type: upload.checksumType!,
            value: checksum.digest().toString('base64'),
          },
        }),
  };
  commitStored(call, segments, () => {
    if (call.core.upload(upload.uploadId) === undefined) throw new S3Error('NoSuchUpload');
    call.core.putPart(upload.uploadId, part);
  });
  const xml = s3Document(
    'CopyPartResult',
    leaf('ETag', quoted(part.etag)),
    leaf('LastModified', isoInstant(call.at)),
  );
  return { status: 200, xml };
}

function readSource(call: S3Call): ObjectRecord {
  const { bucket, key } = readCopySource(call);
  requireBucket(call, bucket);
  const source = call.core.object(bucket, key);
  if (source === undefined) throw missingKey(call, bucket, key);
  if (checkReadConditions(call.request, source, 'x-amz-copy-source-') === 'notModified') {
    throw preconditionFailed('x-amz-copy-source-If-None-Match');
  }
  return source;
}

function readSourceRange(call: S3Call, size: number): { offset: number; length: number } {
  const text = header(call.request, 'x-amz-copy-source-range');
  if (text === undefined) return { offset: 0, length: size };
  const match = /^bytes=(\d{1,16})-(\d{1,16})$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || last < first || last >= size) {
    throw new S3Error(
      'InvalidArgument',
      `Range specified is not valid for source object of size: ${size}`,
      { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: text },
    );
  }
  return { offset: first, length: last - first + 1 };
}

async function wholeMd5(call: S3Call, source: ObjectRecord): Promise<string> {
  const md5 = digestHasher('md5');
  for await (const chunk of call.core.read(source.segments, 0, source.size)) md5.update(chunk);
  return md5.digest().toString('hex');
}
