/**
 * Compares two strings by their UTF-8 bytes, which is the order that S3 lists keys in.
 * JavaScript's own order is by UTF-16 unit and differs for characters above U+FFFF.
 */
export function compareUtf8(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return liftSurrogate(a) - liftSurrogate(b);
  }
  return left.length - right.length;
}

/** Surrogates stand for code points above every other unit, so they are moved to the top. */
function liftSurrogate(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

const BLOCK_KEYS_MAX = 512;

/** A set of keys in UTF-8 order, in blocks of at most 512: one insertion moves little memory. */
export class SortedKeys {
  readonly #blocks: string[][] = [[]];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a key; false when it was there already. */
  add(key: string): boolean {
    const blockIndex = this.#blockFor(key);
    const block = this.#blocks[blockIndex]!;
    const at = lowerBound(block, key);
    if (block[at] === key) return false;
    block.splice(at, 0, key);
    this.#size += 1;
    if (block.length > BLOCK_KEYS_MAX) {
      this.#blocks.splice(blockIndex + 1, 0, block.splice(BLOCK_KEYS_MAX / 2));
    }
    return true;
  }

  /** Removes a key; false when it was not there. */
  delete(key: string): boolean {
    const blockIndex = this.#blockFor(key);
    const block = this.#blocks[blockIndex]!;
    const at = lowerBound(block, key);
    if (block[at] !== key) return false;
    block.splice(at, 1);
    this.#size -= 1;
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(blockIndex, 1);
    return true;
  }

  /** The keys in order, beginning at `start` (inclusive). Not to be used across a change. */
  *from(start: string): Generator<string> {
    const first = this.#blockFor(start);
    let at = lowerBound(this.#blocks[first]!, start);
    for (let blockIndex = first; blockIndex < this.#blocks.length; blockIndex += 1) {
      const block = this.#blocks[blockIndex]!;
      for (; at < block.length; at += 1) yield block[at]!;
      at = 0;
    }
  }

  /** The last block whose first key is not above the key, or the first block. */
  #blockFor(key: string): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (compareUtf8(this.#blocks[middle]![0] ?? '', key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function lowerBound(block: readonly string[], key: string): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareUtf8(block[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
