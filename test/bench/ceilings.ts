import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';
import { createSyntheticSource, encodeBlock } from '../../adapters/backup-format/index.ts';
import {
  type Benchmark,
  type Figure,
  megabytesPerSecond,
  sampleAll,
  startStopwatch,
} from './measure.ts';

const BLOCK_BYTES = 1_048_576;
const BLOCKS_A_RUN = 64;
const MB = 1_000_000;

/** Bytes as databases and logs have them: zstd makes about a sixth of them. */
function compressibleBlock(): Buffer {
  const lines: string[] = [];
  for (let index = 0, bytes = 0; bytes < BLOCK_BYTES; index += 1) {
    const line = JSON.stringify({
      at: 1_763_000_000_000 + index * 37,
      tenant: `tenant-${(index * 7919) % 97}`,
      type: index % 3 === 0 ? 'storage.used' : 'quota.spent',
      bytes: (index * 104_729) % 1_048_576,
    });
    lines.push(line);
    bytes += line.length + 1;
  }
  return Buffer.from(lines.join('\n')).subarray(0, BLOCK_BYTES);
}

async function syntheticBytes(totalBytes: number): Promise<Buffer> {
  const source = createSyntheticSource({ files: 1, totalBytes, changedShare: 0, seed: 1, day: 0 });
  const chunks: Uint8Array[] = [];
  for await (const entry of source.entries()) {
    for await (const chunk of entry.read()) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What one core of this machine can do with bytes, one 1 MiB block after the other. */
export const ceilings: Benchmark = {
  name: 'ceilings',
  title: 'What one core does with blocks of 1 MiB',
  notes: ['A backup needs SHA-256 once a block and CRC32 once an object; a restore the same.'],
  run: async ({ runs }) => {
    const incompressible = await syntheticBytes(BLOCK_BYTES);
    const compressible = compressibleBlock();
    const jobs: readonly (readonly [string, () => unknown])[] = [
      ['SHA-256', () => createHash('sha256').update(incompressible).digest('hex')],
      ['CRC32', () => zlib.crc32(incompressible)],
      ['zstd level 1, JSON lines', () => zstd(compressible)],
      ['encode a block, JSON lines', () => encodeBlock(compressible)],
      ['encode a block, incompressible', () => encodeBlock(incompressible)],
      ['copy', () => Buffer.from(incompressible)],
    ];
    const samples = sampleAll(
      runs ?? 5,
      jobs.map(([, job]) => () => {
        for (let block = 0; block < BLOCKS_A_RUN; block += 1) job();
        return (BLOCKS_A_RUN * BLOCK_BYTES) / MB;
      }),
    );
    const figures = jobs.map(
      ([name], index): Figure => ({ name, unit: 'MB/s', samples: samples[index] ?? [] }),
    );
    return [...figures, await makingSyntheticData(runs ?? 5)];
  },
};

function zstd(block: Buffer): Buffer {
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: 1 };
  return zlib.zstdCompressSync(block, { params });
}

/** The benchmark of the routes pays for this too: its data comes from a seed. */
async function makingSyntheticData(runs: number): Promise<Figure> {
  const samples: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const read = startStopwatch();
    const bytes = (await syntheticBytes(BLOCKS_A_RUN * BLOCK_BYTES)).length;
    samples.push(megabytesPerSecond(bytes, read()));
  }
  return { name: 'make synthetic data', unit: 'MB/s', samples };
}
