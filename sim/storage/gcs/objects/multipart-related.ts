import { GcsError } from '../errors.ts';
import type { BodyDecoder } from './store.ts';

const METADATA_BYTES_MAX = 1024 * 1024;
const HEAD_BYTES_MAX = 16 * 1024;

type Stage = 'preamble' | 'metadata head' | 'metadata' | 'media head' | 'media' | 'done';

/** The boundary of a `multipart/related` body; throws `badRequest`. */
export function readBoundaryParameter(contentType: string | undefined): string {
  const match = /^multipart\/related\b.*;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(
    contentType ?? '',
  );
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) {
    throw new GcsError('badRequest', 'Missing multipart boundary in the Content-Type.');
  }
  return boundary;
}

/** Two parts: a JSON resource, then the media, which is handed on while it arrives. */
export class MultipartRelatedDecoder implements BodyDecoder {
  metadata = '';
  mediaType: string | undefined;
  readonly #delimiter: Buffer;
  #stage: Stage = 'preamble';
  #held: Buffer = Buffer.from('\r\n');
  #skipsLineEnd = false;

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
  }

  push(piece: Buffer): readonly Buffer[] {
    this.#held = Buffer.concat([this.#held, piece]);
    const media: Buffer[] = [];
    for (;;) {
      const slice = this.#step();
      if (slice === undefined) return media;
      if (slice.length > 0) media.push(slice);
    }
  }

  end(): void {
    if (this.#stage !== 'done') throw malformed('it ends too early');
  }

  /** Goes one step on; undefined when more bytes are needed. */
  #step(): Buffer | undefined {
    switch (this.#stage) {
      case 'preamble':
        return this.#takeUntil(this.#delimiter, HEAD_BYTES_MAX, 'metadata head') && EMPTY;
      case 'metadata head':
      case 'media head':
        return this.#head();
      case 'metadata': {
        const text = this.#takeUntil(this.#delimiter, METADATA_BYTES_MAX, 'media head');
        if (text !== undefined) this.metadata = decodeUtf8(text);
        return text && EMPTY;
      }
      case 'media':
        return this.#media();
      case 'done':
        // What follows the closing delimiter has no meaning.
        this.#held = EMPTY;
        return undefined;
      default:
        throw new Error(`unknown stage: ${String(this.#stage satisfies never)}`);
    }
  }

  /** The rest of the delimiter's line and the headers of a part, up to the empty line. */
  #head(): Buffer | undefined {
    const isMedia = this.#stage === 'media head';
    const head = this.#takeUntil(EMPTY_LINE, HEAD_BYTES_MAX, isMedia ? 'media' : 'metadata');
    if (head === undefined) return undefined;
    const [line, ...headers] = head.toString('latin1').split('\r\n');
    if (line?.trim() !== '') throw malformed('two parts are expected');
    for (const header of headers) this.#partHeader(header, isMedia);
    // A part without bytes meets its delimiter at once, whose line end was taken with the head.
    this.#held = Buffer.concat([LINE_END, this.#held]);
    if (isMedia) this.#skipsLineEnd = true;
    return EMPTY;
  }

  #partHeader(header: string, isMedia: boolean): void {
    const [name = '', ...rest] = header.split(':');
    const value = rest.join(':').trim();
    const key = name.trim().toLowerCase();
    const isPlain = ['binary', '8bit', '7bit'].includes(value.toLowerCase());
    if (key === 'content-transfer-encoding' && !isPlain) {
      throw new GcsError('notImplemented', 'This simulation does not decode transfer encodings.');
    }
    if (key !== 'content-type') return;
    if (isMedia) this.mediaType = value;
    else if (!/^application\/json\b/i.test(value)) throw malformed('the first part is JSON');
  }

  #media(): Buffer | undefined {
    const at = this.#held.indexOf(this.#delimiter);
    if (at >= 0) {
      const after = at + this.#delimiter.length;
      if (this.#held.length < after + 2) return undefined;
      if (this.#held.toString('latin1', after, after + 2) !== '--') {
        throw malformed('there are more than two parts');
      }
      const media = this.#cutLineEnd(this.#held.subarray(0, at));
      this.#held = EMPTY;
      this.#stage = 'done';
      return media;
    }
    // The end of what is here may be the begin of the delimiter.
    const safe = this.#held.length - this.#delimiter.length;
    if (safe <= LINE_END.length) return undefined;
    const media = this.#cutLineEnd(this.#held.subarray(0, safe));
    this.#held = this.#held.subarray(safe);
    return media;
  }

  #cutLineEnd(media: Buffer): Buffer {
    if (!this.#skipsLineEnd) return media;
    this.#skipsLineEnd = false;
    return media.subarray(LINE_END.length);
  }

  #takeUntil(mark: Buffer, bytesMax: number, next: Stage): Buffer | undefined {
    const at = this.#held.indexOf(mark);
    if (at > bytesMax || (at < 0 && this.#held.length > bytesMax))
      throw malformed('it is too long');
    if (at < 0) return undefined;
    const taken = this.#held.subarray(0, at);
    this.#held = this.#held.subarray(at + mark.length);
    this.#stage = next;
    return taken;
  }
}

const EMPTY = Buffer.alloc(0);
const LINE_END = Buffer.from('\r\n');
const EMPTY_LINE = Buffer.from('\r\n\r\n');

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new GcsError('parseError');
  }
}

function malformed(reason: string): GcsError {
  return new GcsError('badRequest', `Malformed multipart body: ${reason}.`);
}
