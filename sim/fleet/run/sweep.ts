import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SweepResult, SweepTask } from './seed-run.ts';

export interface SweepOptions extends SweepTask {
  /** Seeds, or numbers of fault points. */
  readonly runs: readonly number[];
  /** `null`: one a core. */
  readonly workers: number | null;
  readonly signal: AbortSignal;
  /** Called for each run as it is done, in no certain order. */
  readonly onResult: (result: SweepResult) => void;
  /** A run that ended with an error of the program itself. */
  readonly onError: (run: number, text: string) => void;
}

type Answer =
  | { readonly number: number; readonly result: SweepResult }
  | { readonly number: number; readonly error: string };

/** Does every run on worker threads; resolves when all are done, or soon after the signal. */
export async function runSweep(options: SweepOptions): Promise<void> {
  const { runs, signal, fleet, plant, points } = options;
  if (runs.length === 0) return;
  const threads = Math.min(options.workers ?? availableParallelism(), runs.length);
  let next = 0;
  const program = new URL('./sweep-worker.ts', import.meta.url);
  const runThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(program, {
        workerData: { fleet, plant, points } satisfies SweepTask,
      });
      const finish = (): void => {
        signal.removeEventListener('abort', finish);
        void worker.terminate().then(() => resolve());
      };
      const give = (): void => {
        const number = runs[next];
        if (number === undefined || signal.aborted) {
          finish();
          return;
        }
        next += 1;
        worker.postMessage(number);
      };
      signal.addEventListener('abort', finish);
      worker.on('message', (answer: Answer) => {
        if ('result' in answer) options.onResult(answer.result);
        else options.onError(answer.number, answer.error);
        give();
      });
      worker.on('error', reject);
      give();
    });
  await Promise.all(Array.from({ length: threads }, runThread));
}
