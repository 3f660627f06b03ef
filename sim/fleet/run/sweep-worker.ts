import { parentPort, workerData } from 'node:worker_threads';
import { runSeed, type SweepTask } from './seed-run.ts';

/** One thread of a sweep: runs the seeds that it is sent, one after the other. */
const task = workerData as SweepTask;
const port = parentPort;
if (port === null) throw new Error('this module is the program of a worker thread');

port.on('message', (seed: number) => {
  runSeed(task, seed).then(
    (result) => port.postMessage({ seed, result }),
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      port.postMessage({ seed, error: text });
    },
  );
});
