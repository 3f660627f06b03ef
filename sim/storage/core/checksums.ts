import { createHash } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';

export const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];
export type ChecksumType = 'COMPOSITE' | 'FULL_OBJECT';

/** A running checksum; `digest` may be called once. */
export interface Hasher {
  update(chunk: Buffer): void;
  digest(): Buffer;
}

const DIGEST_BYTES: Record<ChecksumAlgorithm, number> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

/** The bytes of a checksum given in base64, or undefined when it is no checksum of this kind. */
export function decodeChecksum(algorithm: ChecksumAlgorithm, text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  const exact = bytes.length === DIGEST_BYTES[algorithm] && bytes.toString('base64') === text;
  return exact ? bytes : undefined;
}

export function createChecksum(algorithm: ChecksumAlgorithm): Hasher {
  switch (algorithm) {
    case 'CRC32':
      return crc32Hasher();
    case 'CRC32C':
      return crc32cHasher();
    case 'CRC64NVME':
      return crc64Hasher();
    case 'SHA1':
      return digestHasher('sha1');
    case 'SHA256':
      return digestHasher('sha256');
    default:
      throw new Error(`unknown checksum algorithm: ${String(algorithm satisfies never)}`);
  }
}

export function digestHasher(name: 'md5' | 'sha1' | 'sha256'): Hasher {
  const hash = createHash(name);
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest() };
}

function crc32Hasher(): Hasher {
  let value = 0;
  return {
    update: (chunk) => {
      value = zlibCrc32(chunk, value);
    },
    digest: () => uint32(value),
  };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

let crc32cTables: Uint32Array | undefined;

/** Eight tables (slicing by eight), built at the first use: few clients ask for CRC32C. */
function crc32cTable(): Uint32Array {
  if (crc32cTables !== undefined) return crc32cTables;
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0x82f63b78 : 0);
    tables[byte] = value;
  }
  for (let byte = 0; byte < 256; byte += 1) {
    for (let slice = 1; slice < 8; slice += 1) {
      const before = tables[(slice - 1) * 256 + byte]!;
      tables[slice * 256 + byte] = (before >>> 8) ^ tables[before & 0xff]!;
    }
  }
  crc32cTables = tables;
  return tables;
}

function crc32cHasher(): Hasher {
  const table = crc32cTable();
  let value = 0xffffffff;
  return {
    update: (chunk) => {
      let crc = value;
      let at = 0;
      for (const end = chunk.length - 7; at < end; at += 8) {
        crc ^= chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16) | (chunk[at + 3]! << 24);
        crc =
          table[1792 + (crc & 0xff)]! ^
          table[1536 + ((crc >>> 8) & 0xff)]! ^
          table[1280 + ((crc >>> 16) & 0xff)]! ^
          table[1024 + (crc >>> 24)]! ^
          table[768 + chunk[at + 4]!]! ^
          table[512 + chunk[at + 5]!]! ^
          table[256 + chunk[at + 6]!]! ^
          table[chunk[at + 7]!]!;
      }
      for (; at < chunk.length; at += 1) crc = (crc >>> 8) ^ table[(crc ^ chunk[at]!) & 0xff]!;
      value = crc;
    },
    digest: () => uint32(value ^ 0xffffffff),
  };
}

export const CRC64NVME_REFLECTED = 0x9a6c9329ac4bc9b5n;
let crc64Halves: { low: Uint32Array; high: Uint32Array } | undefined;

function crc64Table(): { low: Uint32Array; high: Uint32Array } {
  if (crc64Halves !== undefined) return crc64Halves;
  const halves = { low: new Uint32Array(256), high: new Uint32Array(256) };
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) {
      value = (value >> 1n) ^ (value & 1n ? CRC64NVME_REFLECTED : 0n);
    }
    halves.low[byte] = Number(value & 0xffffffffn);
    halves.high[byte] = Number(value >> 32n);
  }
  crc64Halves = halves;
  return halves;
}

/** The 64 bits are held in two halves: BigInt arithmetic for each byte would be far too slow. */
function crc64Hasher(): Hasher {
  const table = crc64Table();
  let low = 0xffffffff;
  let high = 0xffffffff;
  return {
    update: (chunk) => {
      for (let at = 0; at < chunk.length; at += 1) {
        const index = (low ^ chunk[at]!) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ table.low[index]!;
        high = (high >>> 8) ^ table.high[index]!;
      }
    },
    digest: () => Buffer.concat([uint32(high ^ 0xffffffff), uint32(low ^ 0xffffffff)]),
  };
}
