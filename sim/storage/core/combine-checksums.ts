import {
  type ChecksumAlgorithm,
  type ChecksumType,
  CRC64NVME_REFLECTED,
  createChecksum,
} from './checksums.ts';

/** One part of a multipart upload as far as its checksum is concerned. */
export interface PartChecksum {
  readonly value: string;
  readonly size: number;
}

const CRC_POLYNOMIALS = {
  CRC32: { polynomial: 0xedb88320n, bits: 32 },
  CRC32C: { polynomial: 0x82f63b78n, bits: 32 },
  CRC64NVME: { polynomial: CRC64NVME_REFLECTED, bits: 64 },
} as const;

/** Only a CRC can be combined into the checksum of the whole object. */
export function mayCombine(algorithm: ChecksumAlgorithm, type: ChecksumType): boolean {
  if (type === 'FULL_OBJECT') return algorithm in CRC_POLYNOMIALS;
  return algorithm !== 'CRC64NVME';
}

/**
 * The checksum of a completed multipart upload from those of its parts.
 * COMPOSITE: the checksum of the concatenated part checksums, then `-N`.
 * FULL_OBJECT: the CRC of all bytes, computed from the part CRCs without reading the bytes again.
 */
export function combineChecksums(
  algorithm: ChecksumAlgorithm,
  type: ChecksumType,
  parts: readonly PartChecksum[],
): string {
  if (type === 'COMPOSITE') {
    const hasher = createChecksum(algorithm);
    for (const part of parts) hasher.update(Buffer.from(part.value, 'base64'));
    return `${hasher.digest().toString('base64')}-${parts.length}`;
  }
  if (algorithm === 'SHA1' || algorithm === 'SHA256') {
    throw new Error(`${algorithm} has no full-object combination`);
  }
  const { polynomial, bits } = CRC_POLYNOMIALS[algorithm];
  let combined = 0n;
  for (const part of parts) {
    const crc = BigInt(`0x${Buffer.from(part.value, 'base64').toString('hex')}`);
    combined = appendZeros(combined, part.size, polynomial, bits) ^ crc;
  }
  return Buffer.from(combined.toString(16).padStart(bits / 4, '0'), 'hex').toString('base64');
}

/** The CRC register after `bytes` zero bytes: squaring of the one-bit matrix over GF(2). */
function appendZeros(crc: bigint, bytes: number, polynomial: bigint, bits: number): bigint {
  let matrix: bigint[] = [polynomial];
  for (let bit = 1; bit < bits; bit += 1) matrix.push(1n << BigInt(bit - 1));
  for (let squared = 0; squared < 3; squared += 1) matrix = square(matrix);
  let value = crc;
  for (let left = BigInt(bytes); left > 0n; left >>= 1n) {
    if (left & 1n) value = multiply(matrix, value);
    matrix = square(matrix);
  }
  return value;
}

function multiply(matrix: readonly bigint[], vector: bigint): bigint {
  let sum = 0n;
  let left = vector;
  for (let row = 0; left > 0n; row += 1, left >>= 1n) if (left & 1n) sum ^= matrix[row]!;
  return sum;
}

function square(matrix: readonly bigint[]): bigint[] {
  return matrix.map((row) => multiply(matrix, row));
}
