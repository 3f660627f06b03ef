import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { FortnightError } from '../../machines/rules/errors.ts';
import { decodeKey, missingMarker } from './listing.ts';
import type { S3Requests } from './requests.ts';

/** Runs without the caller's signal: it must also happen when that one has fired. */
export async function abortUpload(
  requests: S3Requests,
  key: string,
  uploadId: string,
): Promise<void> {
  const command = new AbortMultipartUploadCommand({
    Bucket: requests.bucket,
    Key: key,
    UploadId: uploadId,
  });
  await requests.send('AbortMultipartUpload', (sdkOptions) =>
    requests.client.send(command, sdkOptions),
  );
}

/** I75. An upload that ends while the sweep runs is nobody's orphan. */
export async function abortUploadsBelow(requests: S3Requests, prefix: string): Promise<number> {
  const found: { readonly key: string; readonly uploadId: string }[] = [];
  let marker: { readonly KeyMarker: string; readonly UploadIdMarker?: string } | undefined;
  do {
    const command = new ListMultipartUploadsCommand({
      Bucket: requests.bucket,
      Prefix: prefix,
      EncodingType: 'url',
      ...marker,
    });
    const page = await requests.send('ListMultipartUploads', (sdkOptions) =>
      requests.client.send(command, sdkOptions),
    );
    const decode = (text: string) => (page.EncodingType === 'url' ? decodeKey(text) : text);
    for (const { Key, UploadId } of page.Uploads ?? []) {
      if (Key !== undefined && UploadId !== undefined) {
        found.push({ key: decode(Key), uploadId: UploadId });
      }
    }
    marker = undefined;
    if (page.IsTruncated === true) {
      if (!page.NextKeyMarker) throw missingMarker('ListMultipartUploads');
      marker = {
        KeyMarker: decode(page.NextKeyMarker),
        ...(page.NextUploadIdMarker ? { UploadIdMarker: page.NextUploadIdMarker } : {}),
      };
    }
  } while (marker !== undefined);
  let aborted = 0;
  for (const { key, uploadId } of found) {
    try {
      await abortUpload(requests, key, uploadId);
      aborted += 1;
    } catch (thrown) {
      if (!(thrown instanceof FortnightError && thrown.code === 'upload.missing')) throw thrown;
    }
  }
  return aborted;
}
