import type { JsonObject } from '../../machines/ports/event-log.ts';
import type { LinkMessage } from '../../machines/ports/link.ts';
import { FortnightError } from '../../machines/rules/errors.ts';

/**
 * Frame: u32 header length, u32 payload length (both big-endian), the header as UTF-8 JSON
 * `{"type": …, "header": {…}}`, the payload's raw bytes.
 */
const PREFIX_BYTES = 8;
const HEADER_BYTES_MAX = 4 * 1024 * 1024;
/** A block of 64 MiB with its own header fits. */
const PAYLOAD_BYTES_MAX = 80 * 1024 * 1024;

export function encodeFrame(message: LinkMessage): Buffer[] {
  const header = Buffer.from(JSON.stringify({ type: message.type, header: message.header }));
  const payloadBytes = message.payload?.byteLength ?? 0;
  if (header.byteLength > HEADER_BYTES_MAX || payloadBytes > PAYLOAD_BYTES_MAX) {
    throw new FortnightError('protocol.violation', `The message ${message.type} is too large.`);
  }
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(header.byteLength, 0);
  prefix.writeUInt32BE(payloadBytes, 4);
  const parts: Buffer[] = [Buffer.concat([prefix, header])];
  if (message.payload !== undefined && payloadBytes > 0) {
    const { buffer, byteOffset, byteLength } = message.payload;
    parts.push(Buffer.from(buffer, byteOffset, byteLength));
  }
  return parts;
}

function decodeHeader(bytes: Buffer): { type: string; header: JsonObject } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new FortnightError('protocol.violation', 'A frame header is not JSON.');
  }
  const { type, header } = (parsed ?? {}) as { type?: unknown; header?: unknown };
  if (typeof type !== 'string' || typeof header !== 'object' || header === null) {
    throw new FortnightError('protocol.violation', 'A frame header has no type or no header.');
  }
  return { type, header: header as JsonObject };
}

/** Puts frames together from chunks of any size. Throws `protocol.violation` on a bad frame. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #heldBytes = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.byteLength;
  }

  /** The next whole message, or `null` until more bytes arrive. */
  next(): LinkMessage | null {
    if (this.#heldBytes < PREFIX_BYTES) return null;
    const prefix = this.#peek(PREFIX_BYTES);
    const headerBytes = prefix.readUInt32BE(0);
    const payloadBytes = prefix.readUInt32BE(4);
    if (headerBytes > HEADER_BYTES_MAX || payloadBytes > PAYLOAD_BYTES_MAX) {
      throw new FortnightError('protocol.violation', 'A frame announces more bytes than allowed.');
    }
    const totalBytes = PREFIX_BYTES + headerBytes + payloadBytes;
    if (this.#heldBytes < totalBytes) return null;
    const frame = this.#take(totalBytes);
    const payloadAt = PREFIX_BYTES + headerBytes;
    const { type, header } = decodeHeader(frame.subarray(PREFIX_BYTES, payloadAt));
    if (payloadBytes === 0) return { type, header };
    return { type, header, payload: frame.subarray(payloadAt) };
  }

  #peek(bytes: number): Buffer {
    const first = this.#chunks[0] as Buffer;
    return first.byteLength >= bytes ? first : this.#join();
  }

  #join(): Buffer {
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #take(bytes: number): Buffer {
    const first = this.#chunks[0] as Buffer;
    const source = first.byteLength >= bytes ? first : this.#join();
    const taken = source.subarray(0, bytes);
    if (source.byteLength === bytes) this.#chunks.shift();
    else this.#chunks[0] = source.subarray(bytes);
    this.#heldBytes -= bytes;
    return taken;
  }
}
