import type { Readable } from 'node:stream';
import type { GetOptions } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { crc32c, crc32cOfHeader, crc32cText } from './crc32c.ts';
import type { OpenAnswer } from './requests.ts';
import type { StorageClient } from './storage-client.ts';

interface Download {
  readonly sizeBytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * One download. The body must have the promised length and, when the whole object is read and the
 * storage names its checksum, match that too; else the iteration ends in `object.corrupt`, also
 * when the connection breaks on the way.
 */
export async function download(
  client: StorageClient,
  key: string,
  options: GetOptions = {},
): Promise<Download> {
  const { range, signal } = options;
  const answered = Promise.withResolvers<OpenAnswer>();
  const onOpen = answered.resolve;
  const call = { operation: 'objects.get', target: 'object', signal, onOpen } as const;
  const reader = client.file(key, call).createReadStream({
    ...(range === undefined ? {} : { start: range.start, end: range.endInclusive }),
    decompress: false,
    // The SDK checks no lengths, and no sums but of whole answers with one more header of Google's.
    validation: false,
  });
  reader.on('error', answered.reject);
  // The SDK sends when it is first read from.
  reader.read(0);
  const answer = await answered.promise;
  const length = answer.headers.get('content-length') ?? '';
  if (!/^\d{1,15}$/.test(length)) {
    throw giveUp(reader, answer, 'the answer has no length');
  }
  const sizeBytes = Number(length);
  if (range !== undefined && sizeBytes > range.endInclusive - range.start + 1) {
    throw giveUp(reader, answer, 'more bytes than the range came');
  }
  const checksum = range === undefined ? crc32cOfHeader(answer.headers.get('x-goog-hash')) : null;
  return { sizeBytes, chunks: checkedChunks(reader, answer, sizeBytes, checksum) };
}

function giveUp(reader: Readable, answer: OpenAnswer, reason: string): FortnightError {
  reader.destroy();
  answer.release();
  return new FortnightError('object.corrupt', `objects.get: ${reason}`);
}

async function* checkedChunks(
  reader: Readable,
  answer: OpenAnswer,
  sizeBytes: number,
  checksum: string | null,
): AsyncGenerator<Uint8Array, void, undefined> {
  let received = 0;
  let running = 0;
  let isBroken = false;
  // Not `for await` around the yield: an error of the consumer is not an error of the body.
  const iterator = reader[Symbol.asyncIterator]();
  try {
    while (true) {
      const step = await iterator.next().catch(() => {
        isBroken = true;
        return { done: true as const, value: undefined };
      });
      if (step.done === true) break;
      received += step.value.byteLength;
      if (received > sizeBytes) break;
      if (checksum !== null) running = crc32c(step.value, running);
      yield step.value;
    }
  } finally {
    await iterator.return?.().catch(() => undefined);
    reader.destroy();
    answer.release();
  }
  const stopped = answer.stopReason();
  const isWhole = !isBroken && received === sizeBytes;
  if (!isWhole && stopped !== null) throw stopped;
  if (!isWhole) {
    throw new FortnightError('object.corrupt', `${received} of ${sizeBytes} bytes arrived`);
  }
  if (checksum !== null && crc32cText(running) !== checksum) {
    throw new FortnightError('object.corrupt', 'objects.get: the checksum does not match');
  }
}

/** The whole body in one array of its own. */
export async function collect({ sizeBytes, chunks }: Download): Promise<Uint8Array> {
  const whole = new Uint8Array(sizeBytes);
  let filled = 0;
  for await (const chunk of chunks) {
    whole.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return whole;
}
