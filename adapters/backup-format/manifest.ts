import { createHash } from 'node:crypto';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { BlockId } from './block.ts';
import { checkManifest } from './manifest-checks.ts';
import { restorePointId } from './restore-point-id.ts';
import { NATIVE_ZSTD, type Zstd, zstdMissing } from './zstd.ts';

export type ManifestEntry =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly modifiedAt: EpochMs;
      readonly size: number;
      readonly blocks: readonly BlockId[];
    }
  | {
      readonly kind: 'directory';
      readonly path: string;
      readonly mode: number;
      readonly modifiedAt: EpochMs;
    }
  | {
      readonly kind: 'symlink';
      readonly path: string;
      readonly mode: number;
      readonly modifiedAt: EpochMs;
      readonly target: string;
    };

/** Counts are of entries; `blocks` counts distinct ones, `storedBytes` their stored objects. */
export interface ManifestTotals {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly sourceBytes: number;
  readonly blocks: number;
  readonly storedBytes: number;
}

/** One restore point. Entries are in the order of the source; a directory precedes its content. */
export interface Manifest {
  readonly format: 'fortnight-manifest';
  readonly version: 1;
  readonly createdAt: EpochMs;
  /** The newest restore point when this one was made; for people, restore does not need it. */
  readonly parent: string | null;
  readonly blockBytes: number;
  readonly totals: ManifestTotals;
  readonly entries: readonly ManifestEntry[];
}

export interface EncodedManifest {
  readonly restorePoint: string;
  readonly object: Uint8Array;
}

const MAGIC = 0x464e_4d31; // "FNM1"
const VERSION = 1;
const CODEC_NONE = 0;
const CODEC_ZSTD = 1;
const HEADER_BYTES = 12;
const TRAILER_BYTES = 32;

/** Half of what a JavaScript string can hold; more than a million files of average depth. */
const JSON_BYTES_MAX = 268_435_456;

/** No manifest object is longer; larger ones are refused before they fill the memory. */
export const MANIFEST_OBJECT_BYTES_MAX = JSON_BYTES_MAX + HEADER_BYTES + TRAILER_BYTES;

/** The stored object: header, JSON (zstd where there is one), SHA-256 of all before it. */
export function encodeManifest(
  manifest: Manifest,
  zstd: Zstd | null = NATIVE_ZSTD,
): EncodedManifest {
  const raw = new TextEncoder().encode(JSON.stringify(manifest));
  if (raw.length > JSON_BYTES_MAX) {
    throw new FortnightError('request.invalid', 'The backup has too many files for one manifest.');
  }
  const packed = zstd === null ? raw : zstd.compress(raw);
  const object = new Uint8Array(HEADER_BYTES + packed.length + TRAILER_BYTES);
  const view = new DataView(object.buffer);
  view.setUint32(0, MAGIC);
  view.setUint8(4, VERSION);
  view.setUint8(5, zstd === null ? CODEC_NONE : CODEC_ZSTD);
  view.setUint32(8, raw.length);
  object.set(packed, HEADER_BYTES);
  const body = object.subarray(0, HEADER_BYTES + packed.length);
  object.set(createHash('sha256').update(body).digest(), body.length);
  // The id hashes the JSON, not the object, so it does not depend on the compressor's version.
  return { restorePoint: restorePointId(manifest.createdAt, sha256Hex(raw)), object };
}

/**
 * Reads and checks a stored manifest; every defect is `manifest.corrupt`: changed bytes, another
 * restore point under this key, a shape that this version does not know, paths that would leave
 * the folder of a restore.
 */
export function decodeManifest(
  object: Uint8Array,
  restorePoint: string,
  zstd: Zstd | null = NATIVE_ZSTD,
): Manifest {
  const corrupt = (why: string) =>
    new FortnightError('manifest.corrupt', `Restore point ${restorePoint}: ${why}.`);
  if (object.length < HEADER_BYTES + TRAILER_BYTES) throw corrupt('the object is too short');
  const view = new DataView(object.buffer, object.byteOffset, object.byteLength);
  if (view.getUint32(0) !== MAGIC) throw corrupt('not a manifest object');
  if (view.getUint8(4) !== VERSION) throw corrupt(`unknown version ${view.getUint8(4)}`);
  const bodyBytes = object.length - TRAILER_BYTES;
  const digest = createHash('sha256').update(object.subarray(0, bodyBytes)).digest();
  if (!digest.equals(object.subarray(bodyBytes))) throw corrupt('its SHA-256 does not match');
  const rawBytes = view.getUint32(8);
  if (rawBytes > JSON_BYTES_MAX) throw corrupt('longer than a manifest may be');
  const codec = view.getUint8(5);
  let raw = object.subarray(HEADER_BYTES, bodyBytes);
  if (codec === CODEC_ZSTD) {
    if (zstd === null) throw zstdMissing(`The manifest of restore point ${restorePoint}`);
    try {
      raw = zstd.decompress(raw, rawBytes);
    } catch {
      throw corrupt('it does not decompress');
    }
  } else if (codec !== CODEC_NONE) throw corrupt(`unknown codec ${codec}`);
  if (raw.length !== rawBytes) throw corrupt('its length is wrong');
  const manifest = parse(raw, corrupt);
  if (restorePointId(manifest.createdAt, sha256Hex(raw)) !== restorePoint) {
    throw corrupt('its content belongs to another restore point');
  }
  return manifest;
}

function parse(raw: Uint8Array, corrupt: (why: string) => FortnightError): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch {
    throw corrupt('it is not JSON');
  }
  const problem = checkManifest(json);
  if (problem !== null) throw corrupt(problem);
  return json as Manifest;
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
