/**
 * Cuts what a reader gives (pieces of any length) into blocks of exactly `blockBytes`, the last
 * one shorter. Blocks that lie inside one piece are handed on as views, so a reader must not write
 * into a piece that it has given away. Holds the pieces of one block at most.
 */
export async function* cutIntoBlocks(
  pieces: AsyncIterable<Uint8Array>,
  blockBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let parts: Uint8Array[] = [];
  let filled = 0;
  for await (const piece of pieces) {
    let position = 0;
    while (position < piece.length) {
      const part = piece.subarray(position, position + blockBytes - filled);
      parts.push(part);
      filled += part.length;
      position += part.length;
      if (filled < blockBytes) continue;
      const block = join(parts, filled);
      parts = [];
      filled = 0;
      yield block;
    }
  }
  if (filled > 0) yield join(parts, filled);
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(length);
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
