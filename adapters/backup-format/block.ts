import { createHash } from 'node:crypto';
import { FortnightError } from '../../machines/rules/errors.ts';
import { NATIVE_ZSTD, type Zstd, zstdMissing } from './zstd.ts';

export const BLOCK_BYTES_DEFAULT = 1_048_576;
export const BLOCK_BYTES_MIN = 4_096;
export const BLOCK_BYTES_MAX = 67_108_864;

/** A stored block is this much longer than its payload. */
export const BLOCK_HEADER_BYTES = 12;

const MAGIC = 0x464e_4231; // "FNB1"
const VERSION = 1;
const CODEC_NONE = 0;
const CODEC_ZSTD = 1;

/** Bigger blocks are probed before they are compressed whole; see `looksCompressible`. */
const PROBE_FROM_BYTES = 262_144;
const PROBE_PART_BYTES = 8_192;
const PROBE_PARTS = 4;

/** Lower-case hex SHA-256 of the raw bytes: the address of a block. */
export type BlockId = string;

export function isBlockId(text: unknown): text is BlockId {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}

export function isBlockSize(bytes: unknown): bytes is number {
  return (
    Number.isSafeInteger(bytes) &&
    (bytes as number) >= BLOCK_BYTES_MIN &&
    (bytes as number) <= BLOCK_BYTES_MAX
  );
}

export function blockId(raw: Uint8Array): BlockId {
  return createHash('sha256').update(raw).digest('hex');
}

/** The stored object of a block: header (magic, version, codec, raw length), then the payload. */
export function encodeBlock(raw: Uint8Array, zstd: Zstd | null = NATIVE_ZSTD): Uint8Array {
  if (raw.length > BLOCK_BYTES_MAX) throw new Error(`a block of ${raw.length} bytes is too long`);
  if (zstd !== null && looksCompressible(raw, zstd)) {
    const packed = zstd.compress(raw);
    if (packed.length < raw.length) return withHeader(CODEC_ZSTD, raw.length, packed);
  }
  return withHeader(CODEC_NONE, raw.length, raw);
}

/**
 * Compressing a block that does not shrink costs as much as a third of hashing it. Four probes of
 * 8 KiB tell most such blocks (media, archives, ciphertext) for a thirtieth of that.
 */
function looksCompressible(raw: Uint8Array, zstd: Zstd): boolean {
  if (raw.length < PROBE_FROM_BYTES) return true;
  const stride = Math.floor((raw.length - PROBE_PART_BYTES) / (PROBE_PARTS - 1));
  for (let part = 0; part < PROBE_PARTS; part += 1) {
    const probe = raw.subarray(part * stride, part * stride + PROBE_PART_BYTES);
    const packed = zstd.compress(probe);
    if (packed.length < PROBE_PART_BYTES) return true;
  }
  return false;
}

function withHeader(codec: number, rawBytes: number, payload: Uint8Array): Uint8Array {
  const object = new Uint8Array(BLOCK_HEADER_BYTES + payload.length);
  const view = new DataView(object.buffer);
  view.setUint32(0, MAGIC);
  view.setUint8(4, VERSION);
  view.setUint8(5, codec);
  view.setUint32(8, rawBytes);
  object.set(payload, BLOCK_HEADER_BYTES);
  return object;
}

/**
 * The raw bytes of a stored block; `block.corrupt` unless header, length and SHA-256 all agree
 * with its address. Raw blocks come back as a view on `object`.
 */
export function decodeBlock(
  object: Uint8Array,
  id: BlockId,
  zstd: Zstd | null = NATIVE_ZSTD,
): Uint8Array {
  const corrupt = (why: string) => new FortnightError('block.corrupt', `Block ${id}: ${why}.`);
  if (object.length < BLOCK_HEADER_BYTES) throw corrupt('shorter than its header');
  const view = new DataView(object.buffer, object.byteOffset, object.byteLength);
  if (view.getUint32(0) !== MAGIC) throw corrupt('not a block object');
  const version = view.getUint8(4);
  if (version !== VERSION) throw corrupt(`unknown version ${version}`);
  if (view.getUint16(6) !== 0) throw corrupt('an unknown option');
  const rawBytes = view.getUint32(8);
  if (rawBytes > BLOCK_BYTES_MAX) throw corrupt('longer than a block may be');
  const payload = object.subarray(BLOCK_HEADER_BYTES);
  const raw = unpack(view.getUint8(5), payload, rawBytes, zstd, corrupt, id);
  if (raw.length !== rawBytes) throw corrupt(`${raw.length} bytes instead of ${rawBytes}`);
  if (blockId(raw) !== id) throw corrupt('its SHA-256 is another one');
  return raw;
}

function unpack(
  codec: number,
  payload: Uint8Array,
  rawBytes: number,
  zstd: Zstd | null,
  corrupt: (why: string) => FortnightError,
  id: BlockId,
): Uint8Array {
  if (codec === CODEC_NONE) return payload;
  if (codec !== CODEC_ZSTD) throw corrupt(`unknown codec ${codec}`);
  if (zstd === null) throw zstdMissing(`Block ${id}`);
  try {
    return zstd.decompress(payload, rawBytes);
  } catch {
    throw corrupt('it does not decompress');
  }
}
