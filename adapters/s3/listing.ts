import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { ObjectInfo } from '../../machines/ports/object-store.ts';
import { FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import type { S3Requests } from './requests.ts';
import { plainEtag } from './single-put.ts';

/** Keys come URL-encoded, because XML cannot carry every character; a space comes as `+`. */
export function decodeKey(text: string): string {
  return decodeURIComponent(text.replaceAll('+', '%20'));
}

export function missingMarker(operation: string): FortnightError {
  return new FortnightError('storage.unavailable', `${operation}: truncated without a marker`);
}

export async function* listObjects(
  requests: S3Requests,
  prefix: string,
  startAfter: string | undefined,
): AsyncGenerator<ObjectInfo, void, undefined> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: requests.bucket,
      Prefix: prefix,
      EncodingType: 'url',
      ...(startAfter === undefined ? {} : { StartAfter: startAfter }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    const page = await requests.send('ListObjectsV2', (sdkOptions) =>
      requests.client.send(command, sdkOptions),
    );
    for (const object of page.Contents ?? []) {
      yield {
        key: page.EncodingType === 'url' ? decodeKey(object.Key ?? '') : (object.Key ?? ''),
        sizeBytes: object.Size ?? 0,
        etag: plainEtag(object.ETag),
        modifiedAt: object.LastModified?.getTime() ?? 0,
      };
    }
    token = page.NextContinuationToken;
    if (page.IsTruncated === true && token === undefined) throw missingMarker('ListObjectsV2');
  } while (token !== undefined);
}

/**
 * Finds out why a HEAD or a GET was refused. A tenant may list only below its own prefixes, so the
 * storage answers 403 instead of 404 for a missing key (it will not tell strangers what exists),
 * and the answer to a HEAD has no body that could name a reason. A listing of that one key, which
 * the tenant may ask for below its own folder, answers both: no such key, or the error's code.
 */
export async function reasonOf(
  requests: S3Requests,
  key: string,
  refusal: unknown,
  isHead: boolean,
): Promise<FortnightError> {
  const error = toFortnightError(refusal);
  const isUnclear = error.code === 'access.denied' || (isHead && error.code === 'request.invalid');
  if (!isUnclear) return error;
  const command = new ListObjectsV2Command({
    Bucket: requests.bucket,
    Prefix: key,
    MaxKeys: 1,
    EncodingType: 'url',
  });
  try {
    const page = await requests.send('ListObjectsV2', (sdkOptions) =>
      requests.client.send(command, sdkOptions),
    );
    const found = page.Contents?.[0]?.Key;
    const isThere = found !== undefined && decodeKey(found) === key;
    return isThere ? error : new FortnightError('object.missing', JSON.stringify(key));
  } catch (thrown) {
    const reason = toFortnightError(thrown);
    return reason.code === 'access.denied' ? error : reason;
  }
}
