import type { BlobItem } from '@azure/storage-blob';
import { toFortnightError } from '../../machines/rules/errors.ts';
import { DISCARDED, isHidden } from './hidden-blobs.ts';
import { listEmptyBlobs } from './listing.ts';
import type { AzureRequests } from './requests.ts';

/**
 * I75: throws away the blocks of puts that were never committed, below a prefix; gives their number.
 * Azure has no request for that. But a Put Blob ends the uncommitted blocks of its name, so an empty
 * blob is put where there is none (create-only) and deleted at once, only as it was put. It carries a
 * mark, by which list, head and get know that it is no object, also when this process dies in
 * between; the next sweep takes it away. Blocks under a name that has an object stay until Azure
 * drops them, a week after the last one: the listing does not tell of them.
 */
export async function discardUncommitted(requests: AzureRequests, prefix: string): Promise<number> {
  const found: BlobItem[] = [];
  for await (const blob of listEmptyBlobs(requests, prefix)) found.push(blob);
  let discarded = 0;
  for (const { name, metadata = {}, properties } of found) {
    const isLeft = Object.keys(metadata).includes(DISCARDED);
    if (isLeft) await removeAsPut(requests, name, properties.etag);
    else if (!isHidden({ metadata }) && !(await exists(requests, name))) {
      discarded += Number(await discard(requests, name));
    }
  }
  return discarded;
}

/** Uncommitted blocks are listed, but there is no blob yet. */
async function exists(requests: AzureRequests, key: string): Promise<boolean> {
  return unless('object.missing', () =>
    requests.send('GetBlobProperties', requests.placeOf(key), (sdkOptions) =>
      requests.blob(key).getProperties(sdkOptions),
    ),
  );
}

/** `false` where somebody has put an object meanwhile, which ended the blocks as well. */
function discard(requests: AzureRequests, key: string): Promise<boolean> {
  return unless('object.conflict', async () => {
    const answer = await requests.send('PutBlob', requests.placeOf(key), (sdkOptions) =>
      requests.blob(key).upload('', 0, {
        ...sdkOptions,
        conditions: { ifNoneMatch: '*' },
        metadata: { [DISCARDED]: 'true' },
      }),
    );
    await removeAsPut(requests, key, answer.etag);
  });
}

async function removeAsPut(
  requests: AzureRequests,
  key: string,
  etag: string | undefined,
): Promise<void> {
  const conditions = { ifMatch: etag ?? '' };
  await unless('object.conflict', () =>
    unless('object.missing', () =>
      requests.send('DeleteBlob', requests.placeOf(key), (sdkOptions) =>
        requests.blob(key).delete({ ...sdkOptions, conditions }),
      ),
    ),
  );
}

/** Whether it went through; `false` for one expected refusal. */
async function unless(
  code: 'object.missing' | 'object.conflict',
  run: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (thrown) {
    const error = toFortnightError(thrown);
    if (error.code === code) return false;
    throw error;
  }
}
