import * as zlib from 'node:zlib';
import { FortnightError } from '../../machines/rules/errors.ts';

/** Level 1: about 600 MB/s at two thirds of the gain of the higher levels (performance anchors). */
const LEVEL = 1;

/**
 * What a runtime offers for zstd; `decompress` never gives more than `rawBytes` bytes. Synchronous,
 * as hashing is: a run on a virtual clock must need microtasks only, and a thread pool would not
 * make a block of the usual 1 MiB faster.
 */
export interface Zstd {
  compress(raw: Uint8Array): Uint8Array;
  decompress(packed: Uint8Array, rawBytes: number): Uint8Array;
}

/** The functions of `node:zlib` that are missing before Node 22.15. */
export type ZlibModule = Partial<Pick<typeof zlib, 'zstdCompressSync' | 'zstdDecompressSync'>>;

/** `null` where this `node:zlib` has no zstd; writing then stores raw bytes. */
export function zstdOf(module: ZlibModule): Zstd | null {
  const { zstdCompressSync, zstdDecompressSync } = module;
  if (!zstdCompressSync || !zstdDecompressSync) return null;
  const options = { params: { [zlib.constants.ZSTD_c_compressionLevel]: LEVEL } };
  return {
    compress: (raw) => zstdCompressSync(raw, options),
    // The output limit stops a hostile object from filling the memory; zlib refuses 0.
    decompress: (packed, rawBytes) =>
      zstdDecompressSync(packed, { maxOutputLength: Math.max(1, rawBytes) }),
  };
}

export const NATIVE_ZSTD: Zstd | null = zstdOf(zlib);

/** The error for reading what this runtime cannot unpack. */
export function zstdMissing(what: string): FortnightError {
  return new FortnightError(
    'unknown',
    `${what} is compressed with zstd, which this Node cannot read; use Node 22.15 or later, or Bun`,
  );
}
