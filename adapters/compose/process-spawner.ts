import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { MoverSpawner, SpawnedMover } from '../roles/mover-spawner.ts';
import { StreamLink } from '../transport/stream-link.ts';

const MOVER_PROGRAM = fileURLToPath(new URL('./mover-process.ts', import.meta.url));

type MoverRoleArgument = 'source' | 'target';

export interface ProcessSpawnerOptions {
  /** Told of each process that is given work, for tests that look at it and for faults. */
  readonly onSpawn?: (name: string, pid: number) => void;
  /** From the first start on, one idle process of each role is kept ready for the next session. */
  readonly keepsSpares?: boolean;
}

export interface ProcessSpawner extends MoverSpawner {
  /** Ends the spares and starts no more. Movers at work are their owners' to end. */
  close(): Promise<void>;
}

interface RunningProcess extends SpawnedMover {
  readonly pid: number;
  readonly hasExited: () => boolean;
}

/**
 * Starts each mover as an operating-system process of its own (decision 8). Its environment holds
 * only what finding programs needs; its errors go to our stderr under FORTNIGHT_DEBUG only. A
 * process serves one session: a spare has never held a credential. Spares end with us, like all
 * movers: the end of their stdin ends them.
 */
export function processSpawner(options: ProcessSpawnerOptions = {}): ProcessSpawner {
  const spares = new Map<MoverRoleArgument, Promise<RunningProcess>>();
  const isKeeping = options.keepsSpares === true;
  let isClosed = false;

  const keepSpare = (role: MoverRoleArgument): void => {
    if (!isKeeping || isClosed || spares.has(role)) return;
    const spare = startProcess(role);
    spares.set(role, spare);
    spare.catch(() => spares.delete(role));
  };

  const take = async (role: MoverRoleArgument): Promise<RunningProcess> => {
    const spare = await spares.get(role)?.catch(() => null);
    spares.delete(role);
    keepSpare(role);
    return spare === undefined || spare === null || spare.hasExited() ? startProcess(role) : spare;
  };

  return {
    spawn: async (name) => {
      const running = await take(name.endsWith(':target') ? 'target' : 'source');
      options.onSpawn?.(name, running.pid);
      return running;
    },
    close: async () => {
      isClosed = true;
      const idle = await Promise.allSettled(spares.values());
      spares.clear();
      for (const spare of idle) {
        if (spare.status === 'rejected') continue;
        spare.value.kill();
        await spare.value.exited;
      }
    },
  };
}

function startProcess(role: MoverRoleArgument): Promise<RunningProcess> {
  const { PATH = '', TMPDIR = '/tmp', HOME = '', NODE_COMPILE_CACHE = '' } = process.env;
  const isDebugging = process.env.FORTNIGHT_DEBUG === '1';
  const env = { PATH, TMPDIR, HOME, NODE_COMPILE_CACHE, NODE_NO_WARNINGS: '1' };
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, MOVER_PROGRAM, role], {
    env,
    stdio: ['pipe', 'pipe', isDebugging ? 'inherit' : 'ignore'],
  });
  let hasExited = false;
  const exited = new Promise<void>((gone) => {
    child.once('close', () => {
      hasExited = true;
      gone();
    });
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(new FortnightError('mover.notStarted', error.code ?? error.name)),
    );
    child.once('spawn', () => {
      const { pid, stdin, stdout } = child;
      if (pid === undefined || stdin === null || stdout === null) {
        throw new Error('a process that has started has a pid and its pipes');
      }
      resolve({
        pid,
        link: new StreamLink(stdout, stdin),
        exited,
        hasExited: () => hasExited,
        kill: () => child.kill('SIGKILL'),
      });
    });
  });
}
