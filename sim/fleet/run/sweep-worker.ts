import { parentPort, workerData } from 'node:worker_threads';
import { runOne, type SweepTask } from './seed-run.ts';

/** One thread of a sweep: does the runs that it is sent, one after the other. */
const task = workerData as SweepTask;
const port = parentPort;
if (port === null) throw new Error('this module is the program of a worker thread');

port.on('message', (number: number) => {
  runOne(task, number).then(
    (result) => port.postMessage({ number, result }),
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      port.postMessage({ number, error: text });
    },
  );
});
