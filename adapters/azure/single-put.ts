import { createHash } from 'node:crypto';
import type { ObjectInfo, PutOptions } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { AzureRequests } from './requests.ts';

export function md5Of(body: Uint8Array): Uint8Array {
  return createHash('md5').update(body).digest();
}

/** Azure writes entity tags in quotes, except in listings. */
export function plainEtag(text: string | undefined): string {
  return (text ?? '').replaceAll('"', '');
}

/** `If-None-Match: *` where it is asked for. */
export function conditions(options: PutOptions | undefined) {
  return options?.ifAbsent === true ? { conditions: { ifNoneMatch: '*' } } : {};
}

/**
 * I73: Azure refuses a body that does not match `Content-MD5` (Md5Mismatch) and repeats the sum in
 * its answer. An answer without one still stands behind a request that had it checked.
 */
export function isConfirmed(sent: Uint8Array, answered: Uint8Array | undefined): boolean {
  return answered === undefined || Buffer.compare(sent, answered) === 0;
}

/** One Put Blob. An object whose checksum was not confirmed is taken away again. */
export async function putWhole(
  requests: AzureRequests,
  key: string,
  body: Uint8Array,
  options?: PutOptions,
): Promise<ObjectInfo> {
  const blob = requests.blob(key);
  const md5 = md5Of(body);
  const answer = await requests.send(
    'PutBlob',
    requests.placeOf(key),
    (sdkOptions) =>
      blob.upload(body, body.byteLength, {
        ...sdkOptions,
        ...conditions(options),
        transactionalContentMD5: md5,
      }),
    options?.signal,
  );
  if (!isConfirmed(md5, answer.contentMD5)) {
    await removeUnconfirmed(requests, key);
    throw new FortnightError('object.corrupt', 'PutBlob: the checksum was not confirmed (I73)');
  }
  const modifiedAt = requests.clock.now();
  return { key, sizeBytes: body.byteLength, etag: plainEtag(answer.etag), modifiedAt };
}

/** Best effort: the caller learns of the corruption in any case. */
async function removeUnconfirmed(requests: AzureRequests, key: string): Promise<void> {
  await requests
    .send('DeleteBlob', requests.placeOf(key), (sdkOptions) =>
      requests.blob(key).delete(sdkOptions),
    )
    .catch(() => undefined);
}
