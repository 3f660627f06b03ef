import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** CRC32 as S3 writes it: four bytes, big end first, base64. */
export function crc32Text(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString('base64');
}

export function crc32Of(bytes: Uint8Array): string {
  return crc32Text(crc32(bytes));
}

export function md5Of(bytes: Uint8Array, encoding: 'base64' | 'hex'): string {
  return createHash('md5').update(bytes).digest(encoding);
}

/** The checksum of a multipart object of type COMPOSITE: over the parts' checksums, then `-n`. */
export function compositeCrc32(partChecksums: readonly string[]): string {
  const joined = Buffer.concat(partChecksums.map((text) => Buffer.from(text, 'base64')));
  return `${crc32Of(joined)}-${partChecksums.length}`;
}

/** Whether the text is a CRC32 over the whole object (not over its parts' checksums). */
export function isWholeObjectChecksum(text: string | undefined): text is string {
  return text !== undefined && !text.includes('-');
}
