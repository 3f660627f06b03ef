/** Eight tables: eight bytes a step. Node has CRC32 only, Google checks CRC32C (Castagnoli). */
const SLICES = 8;
const POLYNOMIAL = 0x82f6_3b78;

function makeTable(): Int32Array {
  const table = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0);
    table[byte] = value;
  }
  for (let index = 256; index < table.length; index += 1) {
    const before = table[index - 256]!;
    table[index] = (before >>> 8) ^ table[before & 0xff]!;
  }
  return table;
}

const TABLE = makeTable();

/** CRC32C of `bytes` behind those of which `before` is the checksum. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      TABLE[1792 + (crc & 0xff)]! ^
      TABLE[1536 + ((crc >>> 8) & 0xff)]! ^
      TABLE[1280 + ((crc >>> 16) & 0xff)]! ^
      TABLE[1024 + (crc >>> 24)]! ^
      TABLE[768 + bytes[at + 4]!]! ^
      TABLE[512 + bytes[at + 5]!]! ^
      TABLE[256 + bytes[at + 6]!]! ^
      TABLE[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}

/** As Google writes it: four bytes, big end first, base64. */
export function crc32cText(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString('base64');
}

/** The CRC32C in an `x-goog-hash` header, `null` where it has none. */
export function crc32cOfHeader(header: string | null): string | null {
  return /(?:^|,)\s*crc32c=([A-Za-z0-9+/]{6}==)\s*(?:,|$)/.exec(header ?? '')?.[1] ?? null;
}
