import { createHash, type Hash } from 'node:crypto';
import { equalTexts } from '../access/accounts.ts';
import { EMPTY_SHA256, type SignatureScope, scopeText, sha256Hex, signHex } from './canonical.ts';

export type ChunkFault =
  | 'malformed'
  | 'tooSmall'
  | 'tooLong'
  | 'truncated'
  | 'wrongSignature'
  | 'malformedTrailer';

/** The body's chunk framing is wrong; nothing of the body may be kept. */
export class ChunkError extends Error {
  readonly fault: ChunkFault;

  constructor(fault: ChunkFault) {
    super(`aws-chunked body: ${fault}`);
    this.name = 'ChunkError';
    this.fault = fault;
  }
}

/** With what each chunk of a signed stream is verified; the seed is the request's signature. */
export interface ChunkSigning {
  readonly signingKey: Buffer;
  readonly scope: SignatureScope;
  readonly seedSignature: string;
}

export interface ChunkedOptions {
  /** The x-amz-decoded-content-length. */
  readonly decodedBytes: number;
  readonly hasTrailer: boolean;
  readonly signing?: ChunkSigning;
}

const HEADER_BYTES_MAX = 1024;
const TRAILER_BYTES_MAX = 8 * 1024;
const SIGNED_CHUNK_BYTES_MIN = 8 * 1024;

/**
 * Decodes a body in `aws-chunked` framing as it arrives: `push` gives the data slices of each piece
 * without copying, `end` checks that nothing is missing. Everything wrong throws ChunkError.
 */
export class ChunkedDecoder {
  readonly trailers = new Map<string, string>();
  readonly #options: ChunkedOptions;
  #state: 'header' | 'data' | 'dataEnd' | 'trailer' | 'done' = 'header';
  #line: Buffer[] = [];
  #lineBytes = 0;
  #chunkLeft = 0;
  #decoded = 0;
  #sawSmallChunk = false;
  #trailerBytes = 0;
  #trailerText = '';
  #previousSignature: string;
  #chunkSignature = '';
  #chunkHash: Hash | undefined;

  constructor(options: ChunkedOptions) {
    this.#options = options;
    this.#previousSignature = options.signing?.seedSignature ?? '';
  }

  /** Takes the next piece of the raw body; returns the slices of object data in it. */
  push(piece: Buffer): Buffer[] {
    const data: Buffer[] = [];
    let at = 0;
    while (at < piece.length) {
      if (this.#state === 'done') throw new ChunkError('malformed');
      if (this.#state === 'data') {
        const slice = piece.subarray(at, at + this.#chunkLeft);
        this.#chunkHash?.update(slice);
        this.#chunkLeft -= slice.length;
        at += slice.length;
        data.push(slice);
        if (this.#chunkLeft === 0) this.#endChunk();
        continue;
      }
      const newline = piece.indexOf(0x0a, at);
      const stop = newline < 0 ? piece.length : newline + 1;
      this.#keepLine(piece.subarray(at, stop));
      at = stop;
      if (newline >= 0) this.#takeLine();
    }
    return data;
  }

  /** The body ended. */
  end(): void {
    if (this.#state !== 'done' || this.#decoded !== this.#options.decodedBytes) {
      throw new ChunkError('truncated');
    }
  }

  #keepLine(part: Buffer): void {
    this.#line.push(part);
    this.#lineBytes += part.length;
    const limit = this.#state === 'trailer' ? TRAILER_BYTES_MAX : HEADER_BYTES_MAX;
    if (this.#lineBytes > limit) {
      throw new ChunkError(this.#state === 'trailer' ? 'malformedTrailer' : 'malformed');
    }
  }

  #takeLine(): void {
    const raw = Buffer.concat(this.#line).toString('latin1');
    this.#line = [];
    this.#lineBytes = 0;
    if (this.#state === 'trailer') this.#takeTrailer(raw);
    else this.#takeFrame(raw);
  }

  #takeFrame(raw: string): void {
    if (!raw.endsWith('\r\n')) throw new ChunkError('malformed');
    const line = raw.slice(0, -2);
    if (this.#state === 'dataEnd') {
      if (line !== '') throw new ChunkError('malformed');
      this.#state = 'header';
    } else this.#takeHeader(line);
  }

  #takeHeader(line: string): void {
    const signed = /^([0-9a-fA-F]{1,13});chunk-signature=([0-9a-f]{64})$/.exec(line);
    const plain = /^([0-9a-fA-F]{1,13})$/.exec(line);
    const match = this.#options.signing === undefined ? plain : signed;
    if (match === null) throw new ChunkError('malformed');
    const size = Number.parseInt(match[1]!, 16);
    if (this.#decoded + size > this.#options.decodedBytes) throw new ChunkError('tooLong');
    if (this.#options.signing !== undefined) {
      this.#chunkSignature = match[2]!;
      // S3 takes a small signed chunk only as the last one with data.
      if (this.#sawSmallChunk && size > 0) throw new ChunkError('tooSmall');
      this.#sawSmallChunk = size < SIGNED_CHUNK_BYTES_MIN;
      this.#chunkHash = createHash('sha256');
    }
    this.#decoded += size;
    this.#chunkLeft = size;
    if (size > 0) this.#state = 'data';
    else {
      this.#verifyChunk();
      this.#state = 'trailer';
    }
  }

  #endChunk(): void {
    this.#verifyChunk();
    this.#state = 'dataEnd';
  }

  #verifyChunk(): void {
    const { signing } = this.#options;
    if (signing === undefined) return;
    const text = [
      'AWS4-HMAC-SHA256-PAYLOAD',
      signing.scope.timestamp,
      scopeText(signing.scope),
      this.#previousSignature,
      EMPTY_SHA256,
      this.#chunkHash!.digest('hex'),
    ].join('\n');
    this.#verify(signing, text, this.#chunkSignature);
  }

  #verify(signing: ChunkSigning, text: string, given: string): void {
    if (!equalTexts(signHex(signing.signingKey, text), given)) {
      throw new ChunkError('wrongSignature');
    }
    this.#previousSignature = given;
  }

  /** Trailer lines end with CRLF; some clients end them with LF alone, which S3 takes too. */
  #takeTrailer(raw: string): void {
    const line = raw.replace(/\r?\n$/, '');
    if (line === '') {
      this.#endTrailers();
      return;
    }
    this.#trailerBytes += raw.length;
    const colon = line.indexOf(':');
    const isTooMuch = this.#trailerBytes > TRAILER_BYTES_MAX;
    if (!this.#options.hasTrailer || isTooMuch || colon < 1) {
      throw new ChunkError('malformedTrailer');
    }
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (this.trailers.has(name)) throw new ChunkError('malformedTrailer');
    this.trailers.set(name, value);
    if (name !== 'x-amz-trailer-signature') this.#trailerText += `${name}:${value}\n`;
  }

  #endTrailers(): void {
    const { signing, hasTrailer } = this.#options;
    const signature = this.trailers.get('x-amz-trailer-signature');
    this.trailers.delete('x-amz-trailer-signature');
    if (signing !== undefined && hasTrailer) {
      if (signature === undefined) throw new ChunkError('malformedTrailer');
      const text = [
        'AWS4-HMAC-SHA256-TRAILER',
        signing.scope.timestamp,
        scopeText(signing.scope),
        this.#previousSignature,
        sha256Hex(this.#trailerText),
      ].join('\n');
      this.#verify(signing, text, signature);
    } else if (signature !== undefined) throw new ChunkError('malformedTrailer');
    this.#state = 'done';
  }
}
