import type { ChecksumAlgorithm } from '../core/checksums.ts';
import type { Segment } from '../core/records.ts';
import type { S3Call } from './call.ts';
import { type ReceivedBody, receiveBody } from './receive-body.ts';

/** The most that one PutObject or UploadPart takes. */
export const BODY_BYTES_MAX = 5 * 1024 ** 3;

export interface StoredBody extends ReceivedBody {
  readonly segments: readonly Segment[];
}

/** Streams the body into a new blob; when anything is wrong with it, nothing of it is kept. */
export async function storeBody(
  call: S3Call,
  computeAlgorithm?: ChecksumAlgorithm,
): Promise<StoredBody> {
  const { blob, writer } = call.core.createBlob();
  try {
    const received = await receiveBody(call, (chunk) => writer.write(chunk), {
      bytesMax: BODY_BYTES_MAX,
      tooLarge: 'EntityTooLarge',
      ...(computeAlgorithm === undefined ? {} : { computeAlgorithm }),
    });
    if (received.size === 0) {
      await writer.discard();
      return { ...received, segments: [] };
    }
    await writer.finish();
    return { ...received, segments: [{ blob, size: received.size }] };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/**
 * Runs the synchronous step that makes stored bytes part of the index. When it refuses (a
 * condition does not hold any more), the bytes are deleted.
 */
export function commitStored<Result>(
  call: S3Call,
  segments: readonly Segment[],
  commit: () => Result,
): Result {
  try {
    return commit();
  } catch (error) {
    call.core.dropUnreferenced(segments);
    throw error;
  }
}
