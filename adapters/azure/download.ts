import { createHash } from 'node:crypto';
import type { GetOptions } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { stopped } from './errors.ts';
import { isHidden } from './hidden-blobs.ts';
import type { AzureRequests } from './requests.ts';

interface Download {
  readonly sizeBytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

type Body = AsyncIterable<Uint8Array> & { destroy?: () => void };

/**
 * One Get Blob. The body must have the promised length and, when the whole object is read and the
 * storage keeps its MD5 (of what came in one request), match that too; else the iteration ends in
 * `object.corrupt`, also when the connection breaks on the way: the SDK must not ask again itself.
 */
export async function download(
  requests: AzureRequests,
  key: string,
  { range, signal }: GetOptions = {},
): Promise<Download> {
  const blob = requests.blob(key);
  const length = range === undefined ? undefined : range.endInclusive - range.start + 1;
  const answer = await requests.send(
    'GetBlob',
    requests.placeOf(key),
    (sdkOptions) => blob.download(range?.start, length, { ...sdkOptions, maxRetryRequests: 0 }),
    signal,
  );
  const body = answer.readableStreamBody as Body | undefined;
  const sizeBytes = answer.contentLength;
  const refuse = (problem: FortnightError) => {
    body?.destroy?.();
    return problem;
  };
  if (isHidden(answer)) throw refuse(new FortnightError('object.missing', JSON.stringify(key)));
  if (body === undefined || sizeBytes === undefined) {
    throw refuse(new FortnightError('object.corrupt', 'GetBlob: no length or no body came'));
  }
  if (length !== undefined && sizeBytes > length) {
    throw refuse(new FortnightError('object.corrupt', 'GetBlob: more bytes than the range came'));
  }
  // Azure says 416; Azurite answers with nothing.
  if (length !== undefined && sizeBytes === 0) {
    throw refuse(new FortnightError('request.invalid', 'GetBlob: the range is outside the object'));
  }
  const md5 = range === undefined ? (answer.contentMD5 ?? null) : null;
  return { sizeBytes, chunks: checkedChunks(body, sizeBytes, md5, signal) };
}

async function* checkedChunks(
  body: Body,
  sizeBytes: number,
  md5: Uint8Array | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = md5 === null ? null : createHash('md5');
  let received = 0;
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
      hash?.update(step.value);
      yield step.value;
    }
  } finally {
    await iterator.return?.();
    body.destroy?.();
  }
  if (signal?.aborted === true) throw stopped('GetBlob', signal);
  if (isBroken || received !== sizeBytes) {
    throw new FortnightError('object.corrupt', `${received} of ${sizeBytes} bytes arrived`);
  }
  if (md5 !== null && hash !== null && Buffer.compare(hash.digest(), md5) !== 0) {
    throw new FortnightError('object.corrupt', 'GetBlob: the checksum does not match');
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
