/** Loaded before vitest (`--import`): tells at its end, on descriptor 3, what CPU time it took. */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** Where the runner listens. */
const DESCRIPTOR = 3;

if (isMainThread) {
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    writeSync(DESCRIPTOR, String((user + system) / 1_000));
  });
}
