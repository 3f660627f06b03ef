import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { ObjectInfo } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { reasonOf } from './listing.ts';
import type { S3Requests } from './requests.ts';
import { plainEtag } from './single-put.ts';

/** `null` when there is no such object. */
export async function findObject(requests: S3Requests, key: string): Promise<ObjectInfo | null> {
  const command = new HeadObjectCommand({ Bucket: requests.bucket, Key: key });
  try {
    const answer = await requests.send('HeadObject', (sdkOptions) =>
      requests.client.send(command, sdkOptions),
    );
    return {
      key,
      sizeBytes: answer.ContentLength ?? 0,
      etag: plainEtag(answer.ETag),
      modifiedAt: answer.LastModified?.getTime() ?? 0,
    };
  } catch (thrown) {
    const reason = await reasonOf(requests, key, thrown, true);
    if (reason.code === 'object.missing') return null;
    throw reason;
  }
}

/** Create-only by a look: whoever puts the same key between the look and the put is replaced. */
export async function refuseIfThere(requests: S3Requests, key: string): Promise<void> {
  if ((await findObject(requests, key)) === null) return;
  throw new FortnightError('object.conflict', 'the object exists already');
}
