const BLOCK_BYTES = 64 * 1024;

/** Bytes in which no two blocks of 64 KiB are alike; another seed gives others. */
export function pattern(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = size + seed;
  const first = Math.min(size, BLOCK_BYTES);
  for (let index = 0; index < first; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 24;
  }
  for (let start = BLOCK_BYTES; start < size; start += BLOCK_BYTES) {
    bytes.copyWithin(start, 0, Math.min(BLOCK_BYTES, size - start));
    bytes[start] = (start / BLOCK_BYTES) & 0xff;
  }
  return bytes;
}

export function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

export async function* inChunks(body: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < body.byteLength; start += chunkBytes) {
    yield body.subarray(start, start + chunkBytes);
  }
}

export async function keysOf(infos: AsyncIterable<{ readonly key: string }>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of infos) keys.push(key);
  return keys;
}

/** Of nobody's objects: long enough that a byte of the tenant's would show. */
export const FOREIGN_BYTES = pattern(32, 7);
