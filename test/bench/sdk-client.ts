/**
 * The plain SDK in a process of its own, as a data mover is one: reads its task from stdin (JSON,
 * the key is in it, so it is in no argument), puts and gets the objects, and prints the times.
 */
import { randomFillSync } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { startStopwatch } from './measure.ts';
import type { PlainSdk, SdkTask, SdkTimes } from './sdk-task.ts';

const task = JSON.parse(await text(process.stdin)) as SdkTask;

async function open({ address, bucket, settings }: SdkTask): Promise<PlainSdk> {
  const isLean = settings === 'lean';
  switch (address.family) {
    case 's3':
      return (await import('./sdk-s3.ts')).openS3(address, bucket, isLean);
    case 'azure':
      return (await import('./sdk-azure.ts')).openAzure(address, bucket, isLean);
    case 'gcs':
      return (await import('./sdk-gcs.ts')).openGcs(address, bucket, isLean);
    default:
      return address satisfies never;
  }
}

const sdk = await open(task);
const bodies = Array.from({ length: task.objects }, () =>
  randomFillSync(Buffer.allocUnsafe(task.objectBytes)),
);
const keyOf = (index: number): string => `${task.prefix}/${index}`;

async function get(index: number): Promise<void> {
  const { length } = await sdk.get(keyOf(index));
  if (length !== task.objectBytes)
    throw new Error(`${keyOf(index)} came back with ${length} bytes`);
}

/** As many at once as a data mover has in flight. */
async function timed(job: (index: number) => Promise<void>): Promise<number> {
  const read = startStopwatch();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < task.objects) {
      next += 1;
      await job(next - 1);
    }
  };
  await Promise.all(Array.from({ length: task.parallel }, work));
  return read();
}

const times: SdkTimes = {
  uploadMs: await timed((index) => sdk.put(keyOf(index), bodies[index] as Buffer)),
  downloadMs: await timed(get),
};
// Keep-alive connections of the clients would hold the process for a while.
process.stdout.write(`${JSON.stringify(times)}\n`, () => process.exit(0));
