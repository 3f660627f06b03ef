import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SeedResult, SweepTask } from './seed-run.ts';

export interface SweepOptions extends SweepTask {
  readonly seeds: readonly number[];
  /** `null`: one a core. */
  readonly workers: number | null;
  readonly signal: AbortSignal;
  /** Called for each seed as it is done, in no certain order. */
  readonly onResult: (result: SeedResult) => void;
  /** A seed that ended with an error of the program itself. */
  readonly onError: (seed: number, text: string) => void;
}

type Answer =
  | { readonly seed: number; readonly result: SeedResult }
  | { readonly seed: number; readonly error: string };

/** Runs every seed on worker threads; resolves when all are done, or soon after the signal. */
export async function runSweep(options: SweepOptions): Promise<void> {
  const { seeds, signal, fleet, plant } = options;
  if (seeds.length === 0) return;
  const threads = Math.min(options.workers ?? availableParallelism(), seeds.length);
  let next = 0;
  const program = new URL('./sweep-worker.ts', import.meta.url);
  const runThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(program, { workerData: { fleet, plant } satisfies SweepTask });
      const finish = (): void => {
        signal.removeEventListener('abort', finish);
        void worker.terminate().then(() => resolve());
      };
      const give = (): void => {
        const seed = seeds[next];
        if (seed === undefined || signal.aborted) {
          finish();
          return;
        }
        next += 1;
        worker.postMessage(seed);
      };
      signal.addEventListener('abort', finish);
      worker.on('message', (answer: Answer) => {
        if ('result' in answer) options.onResult(answer.result);
        else options.onError(answer.seed, answer.error);
        give();
      });
      worker.on('error', reject);
      give();
    });
  await Promise.all(Array.from({ length: threads }, runThread));
}
