import { randomBytes } from 'node:crypto';
import type { ObjectInfo, PutOptions } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { AzureRequests } from './requests.ts';
import { conditions, isConfirmed, md5Of, plainEtag } from './single-put.ts';

export const BLOCKS_MAX = 50_000;

interface Upload {
  readonly requests: AzureRequests;
  readonly key: string;
  /** Marks the blocks of this put: two puts of one key must not mix theirs. */
  readonly mark: Uint8Array;
}

/**
 * Puts an object up in blocks and commits their list. At most `parallelParts` blocks are in memory:
 * the next one is taken from the source only when one less is in flight. Whatever fails, the blocks
 * in flight are stopped and waited for, and no list is committed: the object stays as it was. Azure
 * cannot abort; blocks without a list are seen by nobody and end a week after the last one, or when
 * the SP sweeps (`discardUncommitted`, I75).
 */
export async function putInBlocks(
  requests: AzureRequests,
  key: string,
  parts: AsyncIterable<Uint8Array>,
  parallelParts: number,
  options?: PutOptions,
): Promise<ObjectInfo> {
  const upload: Upload = { requests, key, mark: randomBytes(16) };
  const stop = new AbortController();
  const signal = options?.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const inFlight = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const blockIds: string[] = [];
  let sizeBytes = 0;
  try {
    for await (const body of parts) {
      throwFirst(failures);
      if (blockIds.length === BLOCKS_MAX) {
        throw new FortnightError('request.invalid', `more than ${BLOCKS_MAX} blocks`);
      }
      const blockId = blockIdOf(upload, blockIds.length);
      blockIds.push(blockId);
      sizeBytes += body.byteLength;
      const task: Promise<void> = stageBlock(upload, blockId, body, signal)
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
  } catch (thrown) {
    // The blocks that are stopped now fail as well, which is not what went wrong.
    const [reason = thrown] = failures;
    stop.abort(reason);
    await Promise.all(inFlight);
    throw reason;
  }
  return commitBlocks(upload, blockIds, sizeBytes, options);
}

function throwFirst(failures: readonly unknown[]): void {
  if (failures.length > 0) throw failures[0];
}

/** All ids of a blob's blocks must have one length. */
function blockIdOf({ mark }: Upload, index: number): string {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(index);
  return Buffer.concat([mark, number]).toString('base64');
}

async function stageBlock(
  { requests, key }: Upload,
  blockId: string,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const blob = requests.blob(key);
  const md5 = md5Of(body);
  const answer = await requests.send(
    'PutBlock',
    requests.placeOf(key),
    (sdkOptions) =>
      blob.stageBlock(blockId, body, body.byteLength, {
        ...sdkOptions,
        transactionalContentMD5: md5,
      }),
    signal,
  );
  if (!isConfirmed(md5, answer.contentMD5)) {
    throw new FortnightError('object.corrupt', 'PutBlock: the checksum was not confirmed (I73)');
  }
}

/** Each block was confirmed, and the list names just them: there is nothing left to be wrong. */
async function commitBlocks(
  { requests, key }: Upload,
  blockIds: string[],
  sizeBytes: number,
  options: PutOptions | undefined,
): Promise<ObjectInfo> {
  const answer = await requests.send(
    'PutBlockList',
    requests.placeOf(key),
    (sdkOptions) =>
      requests.blob(key).commitBlockList(blockIds, { ...sdkOptions, ...conditions(options) }),
    options?.signal,
  );
  const modifiedAt = requests.clock.now();
  return { key, sizeBytes, etag: plainEtag(answer.etag), modifiedAt };
}
