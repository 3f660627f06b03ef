import { crc32 } from 'node:zlib';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { GetOptions } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { crc32Text, isWholeObjectChecksum } from './checksums.ts';
import type { S3Requests } from './requests.ts';

interface Download {
  readonly sizeBytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * One GetObject. The body must have the promised length and, when the whole object is read and the
 * storage keeps its checksum, match that too; else the iteration ends in `object.corrupt`, also
 * when the connection breaks on the way.
 */
export async function download(
  requests: S3Requests,
  key: string,
  options: GetOptions = {},
): Promise<Download> {
  const { range, signal } = options;
  const command = new GetObjectCommand({
    Bucket: requests.bucket,
    Key: key,
    ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.endInclusive}` }),
  });
  const answer = await requests.send(
    'GetObject',
    (sdkOptions) => requests.client.send(command, sdkOptions),
    signal,
  );
  const body = answer.Body as (AsyncIterable<Uint8Array> & { destroy?: () => void }) | undefined;
  const sizeBytes = answer.ContentLength;
  if (body === undefined || sizeBytes === undefined) {
    body?.destroy?.();
    throw new FortnightError('object.corrupt', 'GetObject: the answer has no length or no body');
  }
  if (range !== undefined && sizeBytes > range.endInclusive - range.start + 1) {
    body.destroy?.();
    throw new FortnightError('object.corrupt', 'GetObject: more bytes than the range came');
  }
  const checksum =
    range === undefined && isWholeObjectChecksum(answer.ChecksumCRC32)
      ? answer.ChecksumCRC32
      : null;
  return { sizeBytes, chunks: checkedChunks(body, sizeBytes, checksum, signal) };
}

async function* checkedChunks(
  body: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  checksum: string | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let received = 0;
  let running = 0;
  let isBroken = false;
  // Not `for await` around the yield: an error of the consumer is not an error of the body.
  const iterator = body[Symbol.asyncIterator]();
  try {
    while (true) {
      const step = await iterator.next().catch(() => {
        isBroken = true;
        return { done: true as const, value: undefined };
      });
      if (step.done === true) break;
      received += step.value.byteLength;
      if (received > sizeBytes) break;
      if (checksum !== null) running = crc32(step.value, running);
      yield step.value;
    }
  } finally {
    await iterator.return?.();
  }
  if (signal?.aborted === true) {
    throw signal.reason instanceof FortnightError
      ? signal.reason
      : new FortnightError('session.cancelled', 'GetObject was stopped');
  }
  if (isBroken || received !== sizeBytes) {
    throw new FortnightError('object.corrupt', `${received} of ${sizeBytes} bytes arrived`);
  }
  if (checksum !== null && crc32Text(running) !== checksum) {
    throw new FortnightError('object.corrupt', 'GetObject: the checksum does not match');
  }
}

/** The whole body in one array of its own. */
export async function collect({ sizeBytes, chunks }: Download): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(sizeBytes);
  let filled = 0;
  for await (const chunk of chunks) {
    buffer.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return new Uint8Array(buffer.buffer, buffer.byteOffset, sizeBytes);
}
