import { DAY_MS, type EpochMs } from '../../machines/rules/time.ts';
import type { BackupSource, SourceEntry } from '../transfer/types.ts';
import { BLOCK_BYTES_DEFAULT } from './block.ts';

export interface SyntheticOptions {
  readonly files: number;
  readonly totalBytes: number;
  /** Share of the units that change from one day to the next, 0 to 1. */
  readonly changedShare: number;
  readonly seed: number;
  /** 0 is the first state of the data; each later day changes a share of it. */
  readonly day: number;
  /** Bytes that change together; a unit is one block when this is the block size (the default). */
  readonly unitBytes?: number;
}

const FILES_A_FOLDER = 100;
const FIRST_DAY: EpochMs = Date.UTC(2026, 0, 1);

/** Files of unequal length: weights 1 to 8, so that block boundaries fall differently. */
const WEIGHT_MAX = 8;

/**
 * Data from a seed, without a disk: the same options give the same bytes on every runtime. It does
 * not compress, so what moves is what was read. Two days share all units that did not change.
 */
export function createSyntheticSource(options: SyntheticOptions): BackupSource {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (!isCount(options.files) || !isCount(options.totalBytes) || !isCount(options.day)) {
    throw new Error('files, totalBytes and day must be whole numbers, 0 or more');
  }
  if (!(options.changedShare >= 0 && options.changedShare <= 1)) {
    throw new Error('changedShare must lie between 0 and 1');
  }
  return { entries: () => entries(options) };
}

async function* entries(options: SyntheticOptions): AsyncGenerator<SourceEntry> {
  let weights = 0;
  for (let file = 0; file < options.files; file += 1) weights += weightOf(options, file);
  let written = 0;
  for (let file = 0; file < options.files; file += 1) {
    if (file % FILES_A_FOLDER === 0) yield folderEntry(file);
    const share = Math.floor((options.totalBytes * weightOf(options, file)) / weights);
    // The last file takes what rounding left over.
    const size = file === options.files - 1 ? options.totalBytes - written : share;
    written += size;
    yield fileEntry(options, file, size);
  }
}

function folderName(file: number): string {
  return `folder-${String(Math.floor(file / FILES_A_FOLDER)).padStart(5, '0')}`;
}

function folderEntry(file: number): SourceEntry {
  return {
    path: folderName(file),
    kind: 'directory',
    mode: 0o755,
    modifiedAt: FIRST_DAY,
    linkTarget: null,
    read: readNothing,
  };
}

function fileEntry(options: SyntheticOptions, file: number, size: number): SourceEntry {
  const unitBytes = options.unitBytes ?? BLOCK_BYTES_DEFAULT;
  const units = Math.ceil(size / unitBytes);
  let newest = 0;
  for (let unit = 0; unit < units; unit += 1) {
    newest = Math.max(newest, lastChange(options, file, unit));
  }
  return {
    path: `${folderName(file)}/file-${String(file).padStart(7, '0')}.bin`,
    kind: 'file',
    mode: 0o644,
    modifiedAt: FIRST_DAY + newest * DAY_MS,
    linkTarget: null,
    async *read() {
      for (let unit = 0; unit < units; unit += 1) {
        const day = lastChange(options, file, unit);
        const bytes = Math.min(unitBytes, size - unit * unitBytes);
        yield randomBytes(mix(mix(mix(options.seed, file), unit), day), bytes);
      }
    },
  };
}

async function* readNothing(): AsyncGenerator<Uint8Array> {}

function weightOf(options: SyntheticOptions, file: number): number {
  return 1 + (mix(mix(options.seed, file), 0x77) % WEIGHT_MAX);
}

/** The newest day, up to the asked one, on which this unit changed. */
function lastChange(options: SyntheticOptions, file: number, unit: number): number {
  const line = Math.floor(options.changedShare * 0x1_0000_0000);
  const own = mix(mix(options.seed ^ 0x5eed, file), unit);
  for (let day = options.day; day > 0; day -= 1) {
    if (mix(own, day) < line) return day;
  }
  return 0;
}

/** Two integers to 32 well-mixed bits (the finisher of MurmurHash 3). */
function mix(left: number, right: number): number {
  let hash = (left ^ Math.imul(right + 0x9e37, 0x9e37_79b1)) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** xorshift128: fast enough that hashing stays the slowest step. Little-endian on all runtimes. */
function randomBytes(seed: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let a = seed | 1;
  let b = mix(seed, 1) | 0;
  let c = mix(seed, 2) | 0;
  let d = mix(seed, 3) | 0;
  for (let index = 0; index < words.length; index += 1) {
    const t = a ^ (a << 11);
    a = b;
    b = c;
    c = d;
    d = d ^ (d >>> 19) ^ t ^ (t >>> 8);
    words[index] = d;
  }
  return new Uint8Array(words.buffer, 0, length);
}
