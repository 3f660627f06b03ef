import type { ObjectInfo, PutOptions } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { Part, PartSource } from '../common-store/parts.ts';
import { crc32c, crc32cText } from './crc32c.ts';
import type { TextAnswer } from './exchange.ts';
import { findDocument } from './object-info.ts';
import { readAhead } from './parts.ts';
import type { GcsRequests } from './requests.ts';
import { CONTENT_TYPE, conditions, confirmed } from './simple-put.ts';
import type { StorageClient } from './storage-client.ts';

/** All chunks but the last are multiples of this. */
export const CHUNK_UNIT_BYTES = 256 * 1024;
/** `308 Resume Incomplete`: no redirection, the storage waits for more. */
const INCOMPLETE = 308;

interface Session {
  readonly requests: GcsRequests;
  /** Its own authorisation: whoever has it may go on with the upload, so it is never shown. */
  readonly address: string;
  readonly signal: AbortSignal | undefined;
}

export interface LargeBody {
  readonly parts: PartSource;
  readonly partBytes: number;
  /** Where the length is known; else the last chunk tells it. */
  readonly sizeBytes: number | null;
  /** Parts in memory at once: one on its way, the others being read. */
  readonly partsHeld: number;
}

/**
 * Puts an object up in the chunks of a resumable session. The chunks of one object go one after the
 * other (that is how sessions are); meanwhile the next ones are read. Each chunk is a request of
 * its own that does not start after the credential's end (C16), although the storage would take it.
 * Whatever fails, the session is cancelled, so that nothing of it stays (I75).
 */
export async function putInChunks(
  client: StorageClient,
  key: string,
  body: LargeBody,
  options?: PutOptions,
): Promise<ObjectInfo> {
  const session = await beginSession(client, key, body, options);
  try {
    let checksum = 0;
    let offset = 0;
    let answer: TextAnswer | null = null;
    for await (const part of readAhead(body.parts, body.partsHeld - 1)) {
      checksum = crc32c(part, checksum);
      const end = offset + part.byteLength;
      const isLast =
        body.sizeBytes === null ? part.byteLength < body.partBytes : end >= body.sizeBytes;
      const sums = isLast ? { 'x-goog-hash': `crc32c=${crc32cText(checksum)}` } : {};
      answer = await sendPart(session, part, { offset, total: isLast ? end : null, sums });
      offset = end;
    }
    // A stream that ended with a whole part: only now the length is known.
    answer ??= await finishEmpty(session, offset, crc32cText(checksum));
    const sent = { key, checksum: crc32cText(checksum), sizeBytes: offset };
    return await confirmed(client, findDocument(answer) ?? {}, sent);
  } catch (thrown) {
    await cancelSession(session).catch(() => undefined);
    throw thrown;
  }
}

async function beginSession(
  client: StorageClient,
  key: string,
  { sizeBytes }: LargeBody,
  options?: PutOptions,
): Promise<Session> {
  const signal = options?.signal;
  const call = { operation: 'objects.insert (begin)', target: 'bucket', signal } as const;
  const [address] = await client.file(key, call).createResumableUpload({
    metadata: {
      contentType: CONTENT_TYPE,
      ...(sizeBytes === null ? {} : { contentLength: sizeBytes }),
    },
    ...conditions(options),
  });
  // The SDK passes on what was in the answer's header, also nothing.
  if (!URL.canParse(address ?? '')) {
    throw new FortnightError('storage.unavailable', 'objects.insert: no session address came');
  }
  return { requests: client.requests, address, signal };
}

interface PartPlace {
  readonly offset: number;
  readonly total: number | null;
  readonly sums: Readonly<Record<string, string>>;
}

/**
 * One part, in one request; in more where the storage says that it has kept only the beginning.
 * The answer of a finished upload, `null` while it goes on.
 */
async function sendPart(
  session: Session,
  part: Part,
  place: PartPlace,
): Promise<TextAnswer | null> {
  const { offset, sums, total } = place;
  let kept = 0;
  while (true) {
    const rest = part.subarray(kept);
    const from = offset + kept;
    const range = `bytes ${from}-${offset + part.byteLength - 1}/${total ?? '*'}`;
    const answer = await sendChunk(session, rest, { 'content-range': range, ...sums });
    if (answer.status !== INCOMPLETE) return finalAnswer(answer, total !== null);
    const keptNow = keptBytes(answer) - offset;
    if (keptNow >= part.byteLength && total === null) return null;
    if (keptNow <= kept || keptNow >= part.byteLength) {
      throw new FortnightError('storage.unavailable', 'objects.insert: a chunk was not kept');
    }
    kept = keptNow;
  }
}

async function finishEmpty(session: Session, size: number, checksum: string): Promise<TextAnswer> {
  const answer = await sendChunk(session, new Uint8Array(0), {
    'content-range': `bytes */${size}`,
    'x-goog-hash': `crc32c=${checksum}`,
  });
  if (answer.status !== INCOMPLETE) return finalAnswer(answer, true);
  throw new FortnightError('storage.unavailable', 'objects.insert: bytes are missing at the end');
}

/** An upload that is finished although more was to come is not the object that was meant. */
function finalAnswer(answer: TextAnswer, isExpected: boolean): TextAnswer {
  if (isExpected) return answer;
  throw new FortnightError('object.corrupt', 'objects.insert: the upload ended too early');
}

/**
 * The one request that the SDK is not asked for. Its `createWriteStream` sends chunks to an endpoint
 * that is not Google's by a bare `fetch` (it forgets `useAuthWithCustomEndpoint` there), which nobody
 * can hold to C16, stop, or keep from a proxy; it tells Google no checksum with the last chunk, sends
 * for ever to a session that keeps nothing, and hangs when one ends early.
 */
function sendChunk(session: Session, body: Part, headers: Readonly<Record<string, string>>) {
  return session.requests.send({
    operation: 'objects.insert (chunk)',
    target: 'session',
    isAuthorized: false,
    signal: session.signal,
    accepts: (status) => status === 200 || status === 201 || status === INCOMPLETE,
    request: { method: 'PUT', url: session.address, headers, body },
  });
}

/** `Range: bytes=0-N` of a 308: what the storage has; without it, nothing. */
function keptBytes(answer: TextAnswer): number {
  const last = /^bytes=0-(\d{1,15})$/.exec(answer.headers.get('range') ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

/**
 * Runs without the caller's signal: it must also happen when that one has fired. Google answers
 * 499. A session that could not be cancelled ends after a week; nobody sees its bytes.
 */
async function cancelSession({ requests, address }: Session): Promise<void> {
  await requests.send({
    operation: 'objects.insert (cancel)',
    target: 'session',
    isAuthorized: false,
    accepts: (status) => status === 499 || (status >= 200 && status < 300),
    request: { method: 'DELETE', url: address },
  });
}
