/**
 * Cuts a stream into parts of exactly `partBytes` (the last one may be shorter; an empty stream
 * gives none). The bytes are copied, because a source may reuse its buffer. A small stream costs a
 * small buffer: it grows by doubling. Between two parts nothing is held back, so a consumer that keeps
 * `n` parts bounds the memory to `n + 1` of them.
 */
export async function* cutIntoParts(
  body: AsyncIterable<Uint8Array>,
  partBytes: number,
): PartSource {
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
      if (filled < partBytes) continue;
      const whole = part;
      part = new Uint8Array(0);
      filled = 0;
      yield whole;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

export type Part = Uint8Array<ArrayBuffer>;
export type PartSource = AsyncGenerator<Part, void, undefined>;

function grown(part: Part, filled: number, wanted: number, limit: number): Part {
  const capacity = Math.min(limit, Math.max(wanted, part.byteLength * 2));
  const bigger = new Uint8Array(Buffer.allocUnsafeSlow(capacity).buffer, 0, capacity);
  bigger.set(part.subarray(0, filled));
  return bigger;
}

/** Cuts bytes that are already in memory, without copying them. */
export async function* sliceIntoParts(body: Uint8Array, partBytes: number): PartSource {
  for (let start = 0; start < body.byteLength; start += partBytes) {
    yield body.subarray(start, start + partBytes) as Part;
  }
}
