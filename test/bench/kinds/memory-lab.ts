/**
 * A lab in a process of its own, so that its peak is nobody else's: reads its task from stdin, backs
 * up, restores, and prints the peaks of its processes.
 */
import { text } from 'node:stream/consumers';
import { peakMegabytes } from '../storage/peak-memory.ts';
import { startKindLab } from './kind-routes.ts';
import type { MemoryPeaks, MemoryTask } from './memory-task.ts';

const task = JSON.parse(await text(process.stdin)) as MemoryTask;
const running = new Map<'source' | 'target', number>();
const peaks = { source: 0, target: 0 };

const lab = await startKindLab(task.kind, 'disk', {
  onSpawn: (name, pid) => void running.set(name.endsWith(':target') ? 'target' : 'source', pid),
  // Read at the last moment at which both are there: the highest mark is kept by the system.
  onTransferred: () => {
    for (const [role, pid] of running) peaks[role] = Math.max(peaks[role], peakMegabytes(pid));
  },
});
try {
  await lab.backup(task.route, 'main', { type: 'folder', path: task.dataFolder });
  const sink = { type: 'folder', path: task.restoreFolder, force: false } as const;
  await lab.restore(task.route, 'main', sink);
} finally {
  await lab.close();
}
const answer: MemoryPeaks = {
  sourceMover: peaks.source,
  targetMover: peaks.target,
  lab: peakMegabytes(process.pid),
};
process.stdout.write(`${JSON.stringify(answer)}\n`);
