import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageKind } from '../../../machines/rules/settings.ts';
import type { Benchmark, Figure } from '../measure.ts';
import { expectSameFolder, makeDataFolder } from './data-folder.ts';
import { KIND_ROUTES, KINDS, type KindRoute, routeWords } from './kind-routes.ts';
import { type MemoryPeaks, runMemoryTask } from './memory-task.ts';

const FILES = 16;
const FILE_BYTES = 64 * 1_048_576;
/** What the acceptance of the work allows a process; figures are MB of 1,000,000 bytes. */
const ALLOWED_MB = (256 * 1_048_576) / 1_000_000;

const WORDS: Readonly<Record<keyof MemoryPeaks, string>> = {
  sourceMover: 'source mover',
  targetMover: 'target mover',
  lab: 'SP, gateway and storage',
};

function figuresOf(kind: StorageKind, route: KindRoute, runs: readonly MemoryPeaks[]): Figure[] {
  return (['sourceMover', 'targetMover', 'lab'] as const).map((process): Figure => {
    const samples = runs.map((peaks) => peaks[process]);
    const ratio = Math.max(...samples) / ALLOWED_MB;
    const name = `${routeWords(kind, route)}, ${WORDS[process]}`;
    return { name, unit: 'MB', samples, ratios: [{ to: '256 MiB', ratio }] };
  });
}

/** Writes the data once, and takes it there and back by every route of every kind. */
export async function measureMemory(
  files: number,
  fileBytes: number,
  runs: number,
): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fortnight-bench-memory-'));
  const [dataFolder, restoreFolder] = [join(folder, 'data'), join(folder, 'restored')];
  const figures: Figure[] = [];
  try {
    makeDataFolder(dataFolder, files, fileBytes);
    for (const kind of KINDS) {
      for (const route of KIND_ROUTES) {
        const peaks: MemoryPeaks[] = [];
        for (let run = 1; run <= runs; run += 1) {
          peaks.push(await runMemoryTask({ kind, route, dataFolder, restoreFolder }));
          expectSameFolder(dataFolder, restoreFolder);
          rmSync(restoreFolder, { recursive: true });
        }
        figures.push(...figuresOf(kind, route, peaks));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return figures;
}

/** How much memory each process needs at most while 1 GiB goes there and back. */
export const memory: Benchmark = {
  name: 'memory1g',
  title: 'Peak resident memory while 1 GiB goes there and back, in blocks of 1 MiB, 4 at once',
  notes: [
    'A backup of 16 files of 64 MiB and a restore to a folder, one session each; the higher peak of the two.',
    'A mover is a process of its own; SP, gateway, tenant server and storage (on the disk) are one.',
    'The ratio is that of the highest run to what is allowed a process. Linux only.',
  ],
  run: async ({ runs }) => {
    if (existsSync('/proc/self/status')) return measureMemory(FILES, FILE_BYTES, runs ?? 1);
    console.error('NOT RUN  memory1g: the peak of another process can be read on Linux only');
    return [];
  },
};
