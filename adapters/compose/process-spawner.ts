import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { MoverSpawner, SpawnedMover } from '../roles/mover-spawner.ts';
import { StreamLink } from '../transport/stream-link.ts';

const MOVER_PROGRAM = fileURLToPath(new URL('./mover-process.ts', import.meta.url));

export interface ProcessSpawnerOptions {
  /** Told of each process, for tests that look at its arguments and for faults. */
  readonly onSpawn?: (name: string, pid: number) => void;
}

/**
 * Starts each mover as an operating-system process of its own (decision 8). Its environment holds
 * only what finding programs needs; its errors go to our stderr under FORTNIGHT_DEBUG only.
 */
export function processSpawner(options: ProcessSpawnerOptions = {}): MoverSpawner {
  const { PATH = '', TMPDIR = '/tmp', HOME = '' } = process.env;
  // From the environment and not only by `enableCompileCache` in the program: its static imports
  // are loaded before its first statement, and compiling them is half of a mover's start.
  const { NODE_COMPILE_CACHE = join(TMPDIR, 'node-compile-cache') } = process.env;
  const isDebugging = process.env.FORTNIGHT_DEBUG === '1';
  const env = { PATH, TMPDIR, HOME, NODE_COMPILE_CACHE, NODE_NO_WARNINGS: '1' };
  return {
    spawn: (name) =>
      new Promise<SpawnedMover>((resolve, reject) => {
        const role = name.endsWith(':target') ? 'target' : 'source';
        const child = spawn(process.execPath, [...process.execArgv, MOVER_PROGRAM, role], {
          env,
          stdio: ['pipe', 'pipe', isDebugging ? 'inherit' : 'ignore'],
        });
        const exited = new Promise<void>((gone) => {
          child.once('close', () => gone());
        });
        child.once('error', (error: NodeJS.ErrnoException) =>
          reject(new FortnightError('mover.notStarted', error.code ?? error.name)),
        );
        child.once('spawn', () => {
          if (child.pid !== undefined) options.onSpawn?.(name, child.pid);
          resolve({
            link: new StreamLink(child.stdout, child.stdin),
            exited,
            kill: () => child.kill('SIGKILL'),
          });
        });
      }),
  };
}
