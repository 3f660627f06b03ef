import type { ObjectInfo } from '../../machines/ports/object-store.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';

/** Bytes in which no two neighbouring parts are alike. */
export function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = size + 1;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

export async function* streamOf(body: Uint8Array, chunkBytes: number) {
  for (let start = 0; start < body.byteLength; start += chunkBytes) {
    yield body.subarray(start, start + chunkBytes);
  }
}

export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

export async function keysOf(infos: AsyncIterable<ObjectInfo>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of infos) keys.push(key);
  return keys;
}

/** The code that a call rejects with; `resolved` when it does not; anything unexpected is thrown. */
export async function codeOf(call: Promise<unknown>): Promise<ErrorCode | 'resolved'> {
  try {
    await call;
    return 'resolved';
  } catch (thrown) {
    if (thrown instanceof FortnightError) return thrown.code;
    throw thrown;
  }
}
