import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { ObjectInfo, PutOptions } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { compositeCrc32 } from './checksums.ts';
import { findObject, refuseIfThere } from './find-object.ts';
import type { S3Requests } from './requests.ts';
import {
  bodyChecksum,
  conditions,
  isConfirmed,
  plainEtag,
  removeUnconfirmed,
} from './single-put.ts';
import { abortUpload } from './unfinished-uploads.ts';

export const PARTS_MAX = 10_000;

interface StoredPart {
  readonly PartNumber: number;
  readonly ETag: string;
  readonly ChecksumCRC32?: string;
}

interface Upload {
  readonly requests: S3Requests;
  readonly key: string;
  readonly uploadId: string;
}

/**
 * Puts an object up in parts. At most `parallelParts` parts are in memory: the next one is taken
 * from the source only when one less is in flight. Whatever fails, the parts in flight are stopped
 * and waited for, and then the upload is aborted, so that nothing of it stays (I75).
 */
export async function putInParts(
  requests: S3Requests,
  key: string,
  parts: AsyncIterable<Uint8Array>,
  parallelParts: number,
  options?: PutOptions,
): Promise<ObjectInfo> {
  const uploadId = await createUpload(requests, key, options?.signal);
  const upload: Upload = { requests, key, uploadId };
  const stop = new AbortController();
  const signal = options?.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const inFlight = new Set<Promise<void>>();
  const stored: StoredPart[] = [];
  const failures: unknown[] = [];
  let sizeBytes = 0;
  let partNumber = 0;
  try {
    for await (const body of parts) {
      throwFirst(failures);
      partNumber += 1;
      if (partNumber > PARTS_MAX) {
        throw new FortnightError('request.invalid', `more than ${PARTS_MAX} parts`);
      }
      sizeBytes += body.byteLength;
      const task: Promise<void> = storePart(upload, partNumber, body, signal)
        .then((part) => void stored.push(part))
        .catch((thrown: unknown) => {
          failures.push(thrown);
          stop.abort(thrown);
        })
        .finally(() => inFlight.delete(task));
      inFlight.add(task);
      while (inFlight.size >= parallelParts) await Promise.race(inFlight);
    }
    await Promise.all(inFlight);
    throwFirst(failures);
    return await completeUpload(upload, stored, sizeBytes, options);
  } catch (thrown) {
    // The parts that are stopped now fail as well, which is not what went wrong.
    const [reason = thrown] = failures;
    stop.abort(reason);
    await Promise.all(inFlight);
    await abortUpload(requests, key, uploadId).catch(() => undefined);
    throw reason;
  }
}

function throwFirst(failures: readonly unknown[]): void {
  if (failures.length > 0) throw failures[0];
}

async function createUpload(requests: S3Requests, key: string, signal?: AbortSignal) {
  const command = new CreateMultipartUploadCommand({
    Bucket: requests.bucket,
    Key: key,
    ...(requests.dialect.integrity === 'crc32' ? { ChecksumAlgorithm: 'CRC32' } : {}),
  });
  const answer = await requests.send(
    'CreateMultipartUpload',
    (sdkOptions) => requests.client.send(command, sdkOptions),
    signal,
  );
  if (answer.UploadId === undefined || answer.UploadId === '') {
    throw new FortnightError('storage.unavailable', 'CreateMultipartUpload: no upload id came');
  }
  return answer.UploadId;
}

async function storePart(
  upload: Upload,
  partNumber: number,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<StoredPart> {
  const { requests, key, uploadId } = upload;
  const checksum = bodyChecksum(body, requests.dialect);
  const command = new UploadPartCommand({
    Bucket: requests.bucket,
    Key: key,
    UploadId: uploadId,
    PartNumber: partNumber,
    Body: body,
    ContentLength: body.byteLength,
    ...checksum,
  });
  const answer = await requests.send(
    'UploadPart',
    (sdkOptions) => requests.client.send(command, sdkOptions),
    signal,
  );
  if (answer.ETag === undefined || !isConfirmed(body, checksum, answer)) {
    throw new FortnightError('object.corrupt', 'UploadPart: the checksum was not confirmed (I73)');
  }
  const part = { PartNumber: partNumber, ETag: answer.ETag };
  // The checksum may be named at the end only where the storage has kept it.
  return answer.ChecksumCRC32 === undefined
    ? part
    : { ...part, ChecksumCRC32: answer.ChecksumCRC32 };
}

async function completeUpload(
  upload: Upload,
  stored: readonly StoredPart[],
  sizeBytes: number,
  options: PutOptions | undefined,
): Promise<ObjectInfo> {
  const { requests, key, uploadId } = upload;
  const { hasConditionalWrites, hasConditionalCompletion } = requests.dialect;
  const isHeeded = hasConditionalCompletion ?? hasConditionalWrites;
  // As late as can be: the parts are up, nothing but the completion comes after the look.
  if (options?.ifAbsent === true && !isHeeded) await refuseIfThere(requests, key);
  const parts = stored.toSorted((a, b) => a.PartNumber - b.PartNumber);
  const command = new CompleteMultipartUploadCommand({
    Bucket: requests.bucket,
    Key: key,
    UploadId: uploadId,
    MultipartUpload: { Parts: parts },
    ...conditions(options, requests.dialect),
  });
  const answer = await requests.send(
    'CompleteMultipartUpload',
    (sdkOptions) => requests.client.send(command, sdkOptions),
    options?.signal,
  );
  const checksums = parts.flatMap((part) => part.ChecksumCRC32 ?? []);
  const { ChecksumCRC32: whole } = answer;
  const isComposite = whole?.includes('-') === true && checksums.length === parts.length;
  const stated = plainEtag(answer.ETag);
  // Ceph leaves it empty; what it holds then tells.
  const made = stated === '' ? await findObject(requests, key) : null;
  const etag = made?.sizeBytes === sizeBytes ? made.etag : stated;
  if (etag === '' || (isComposite && whole !== compositeCrc32(checksums))) {
    await removeUnconfirmed(requests, key);
    throw new FortnightError('object.corrupt', 'CompleteMultipartUpload: not confirmed (I73)');
  }
  return { key, sizeBytes, etag, modifiedAt: requests.clock.now() };
}
