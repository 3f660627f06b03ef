import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { StorageKind } from '../../../machines/rules/settings.ts';
import type { KindRoute } from './kind-routes.ts';

const PROGRAM = fileURLToPath(new URL('./memory-lab.ts', import.meta.url));

/** One backup and one restore in a lab that is a process of its own. */
export interface MemoryTask {
  readonly kind: StorageKind;
  readonly route: KindRoute;
  readonly dataFolder: string;
  /** Where the restored files go. */
  readonly restoreFolder: string;
}

/** Peaks of resident memory, in MB of 1,000,000 bytes. */
export interface MemoryPeaks {
  readonly sourceMover: number;
  readonly targetMover: number;
  /** SP, gateway, tenant server and storage (on the disk) are one process in the lab. */
  readonly lab: number;
}

export async function runMemoryTask(task: MemoryTask): Promise<MemoryPeaks> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(task));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [answer, code] = await Promise.all([text(child.stdout), ended]);
  if (code !== 0) throw new Error(`the lab process ended with ${code}`);
  return JSON.parse(answer) as MemoryPeaks;
}
