import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { ObjectInfo, PutOptions } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { crc32Of, md5Of } from './checksums.ts';
import type { S3Dialect } from './dialects.ts';
import type { S3Requests } from './requests.ts';

/** The checksum of one body, by the name of the header in which the server checks it. */
export type BodyChecksum = { readonly ChecksumCRC32: string } | { readonly ContentMD5: string };

export function bodyChecksum(body: Uint8Array, dialect: S3Dialect): BodyChecksum {
  return dialect.integrity === 'crc32'
    ? { ChecksumCRC32: crc32Of(body) }
    : { ContentMD5: md5Of(body, 'base64') };
}

export interface UploadAnswer {
  readonly ChecksumCRC32?: string | undefined;
  readonly ETag?: string | undefined;
}

/** S3 writes entity tags in quotes; outside of HTTP nobody wants them. */
export function plainEtag(text: string | undefined): string {
  return (text ?? '').replaceAll('"', '');
}

/**
 * I73: whether the storage has said that it holds these bytes. A server that knows the checksum
 * header repeats it; one that does not is held to its entity tag, which is the body's MD5 wherever
 * the header is unknown. With `Content-MD5` the success of the request is the confirmation.
 */
export function isConfirmed(body: Uint8Array, sent: BodyChecksum, answer: UploadAnswer): boolean {
  if ('ContentMD5' in sent) return true;
  if (answer.ChecksumCRC32 !== undefined) return answer.ChecksumCRC32 === sent.ChecksumCRC32;
  return plainEtag(answer.ETag) === md5Of(body, 'hex');
}

/** `If-None-Match: *` where it is asked for. */
export function conditions(options: PutOptions | undefined, dialect: S3Dialect) {
  const isConditional = options?.ifAbsent === true && dialect.hasConditionalWrites;
  return isConditional ? ({ IfNoneMatch: '*' } as const) : {};
}

/** One PutObject. An object whose checksum was not confirmed is taken away again. */
export async function putWhole(
  requests: S3Requests,
  key: string,
  body: Uint8Array,
  options?: PutOptions,
): Promise<ObjectInfo> {
  const { bucket, client, clock, dialect } = requests;
  const checksum = bodyChecksum(body, dialect);
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: body,
    ContentLength: body.byteLength,
    ...checksum,
    ...conditions(options, dialect),
  });
  const answer = await requests.send(
    'PutObject',
    (sdkOptions) => client.send(command, sdkOptions),
    options?.signal,
  );
  if (!isConfirmed(body, checksum, answer)) {
    await removeUnconfirmed(requests, key);
    throw new FortnightError('object.corrupt', 'PutObject: the checksum was not confirmed (I73)');
  }
  return {
    key,
    sizeBytes: body.byteLength,
    etag: plainEtag(answer.ETag),
    modifiedAt: clock.now(),
  };
}

/** Best effort: the caller learns of the corruption in any case. */
export async function removeUnconfirmed(requests: S3Requests, key: string): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: requests.bucket, Key: key });
  await requests
    .send('DeleteObject', (sdkOptions) => requests.client.send(command, sdkOptions))
    .catch(() => undefined);
}
