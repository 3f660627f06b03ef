/**
 * Cuts a stream into parts of exactly `partBytes` (the last one may be shorter; an empty stream
 * gives none). The bytes are copied, because a source may reuse its buffer. A small stream costs a
 * small buffer: it grows by doubling. Between two parts nothing is held back, so a consumer that
 * keeps `n` parts bounds the memory to `n + 1` of them.
 */
export async function* cutIntoParts(
  body: AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let part = new Uint8Array(0);
  let filled = 0;
  for await (const chunk of body) {
    let taken = 0;
    while (taken < chunk.byteLength) {
      const wanted = Math.min(partBytes, filled + chunk.byteLength - taken);
      if (wanted > part.byteLength) part = grown(part, filled, wanted, partBytes);
      const count = Math.min(part.byteLength - filled, chunk.byteLength - taken);
      part.set(chunk.subarray(taken, taken + count), filled);
      filled += count;
      taken += count;
      if (filled === partBytes) {
        yield part;
        part = new Uint8Array(0);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

function grown(part: Uint8Array, filled: number, wanted: number, limit: number) {
  const capacity = Math.min(limit, Math.max(wanted, part.byteLength * 2));
  const bigger = Buffer.allocUnsafeSlow(capacity);
  bigger.set(part.subarray(0, filled));
  return new Uint8Array(bigger.buffer, bigger.byteOffset, capacity);
}

/** Cuts bytes that are already in memory, without copying them. */
export async function* sliceIntoParts(
  body: Uint8Array,
  partBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let start = 0; start < body.byteLength; start += partBytes) {
    yield body.subarray(start, start + partBytes);
  }
}
