/**
 * An official client in a process of its own: reads its task from stdin (JSON, the key is in it, so
 * it is in no argument), moves the objects, and prints the times.
 */
import { randomFillSync } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { startStopwatch } from '../measure.ts';
import {
  type BenchStore,
  LARGE_BYTES,
  LARGE_OBJECTS,
  LISTINGS,
  SMALL_BYTES,
  SMALL_OBJECTS,
  STREAM_BYTES,
  type StorageTask,
} from './task.ts';

const PIECE_BYTES = 1024 * 1024;
const LARGE_AT_ONCE = 3;
const SMALL_AT_ONCE = 8;

const task = JSON.parse(await text(process.stdin)) as StorageTask;

async function open(): Promise<BenchStore> {
  const { address, bucket } = task;
  switch (address.kind) {
    case 's3':
      return (await import('./s3-store.ts')).openS3(address, bucket);
    case 'azure':
      return (await import('./azure-store.ts')).openAzure(address, bucket);
    case 'gcs':
      return (await import('./gcs-store.ts')).openGcs(address, bucket);
    default:
      throw new Error(`no client for ${JSON.stringify(address satisfies never)}`);
  }
}

/** Ms for `count` jobs, so many at once. */
async function timed(
  count: number,
  atOnce: number,
  job: (index: number) => Promise<void>,
): Promise<number> {
  const read = startStopwatch();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await job(next - 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return read();
}

function expectCount(found: number, wanted: number, what: string): void {
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
}

async function moveObjects(store: BenchStore): Promise<Record<string, number>> {
  const key = (size: string, index: number): string => `${task.prefix}/${size}/${index}`;
  const bodies = Array.from({ length: LARGE_OBJECTS }, () =>
    randomFillSync(Buffer.allocUnsafe(LARGE_BYTES)),
  );
  const small = randomFillSync(Buffer.allocUnsafe(SMALL_BYTES));
  // The first request opens connections and compiles the client: it is not measured.
  await store.put(key('first', 0), small);
  await store.get(key('first', 0));
  const get = async (size: string, index: number, bytes: number): Promise<void> =>
    expectCount(await store.get(key(size, index)), bytes, key(size, index));
  return {
    putLarge: await timed(LARGE_OBJECTS, LARGE_AT_ONCE, (index) =>
      store.put(key('large', index), bodies[index] as Buffer),
    ),
    getLarge: await timed(LARGE_OBJECTS, LARGE_AT_ONCE, (index) =>
      get('large', index, LARGE_BYTES),
    ),
    putSmall: await timed(SMALL_OBJECTS, SMALL_AT_ONCE, (index) =>
      store.put(key('small', index), small),
    ),
    getSmall: await timed(SMALL_OBJECTS, SMALL_AT_ONCE, (index) =>
      get('small', index, SMALL_BYTES),
    ),
    list: await timed(LISTINGS, 1, async () =>
      expectCount(await store.list(key('small', 0).slice(0, -1)), SMALL_OBJECTS, 'listing'),
    ),
  };
}

function* pieces(): Generator<Buffer> {
  const piece = randomFillSync(Buffer.allocUnsafe(PIECE_BYTES));
  for (let sent = 0; sent < STREAM_BYTES; sent += piece.length) yield piece;
}

async function moveStream(store: BenchStore): Promise<Record<string, number>> {
  const key = `${task.prefix}/stream`;
  return {
    putStream: await timed(1, 1, () => store.putStream(key, pieces(), STREAM_BYTES)),
    getStream: await timed(1, 1, async () =>
      expectCount(await store.get(key), STREAM_BYTES, 'stream'),
    ),
  };
}

const store = await open();
const times = await (task.work === 'objects' ? moveObjects(store) : moveStream(store));
// Keep-alive connections of the clients would hold the process for a while.
process.stdout.write(`${JSON.stringify(times)}\n`, () => process.exit(0));
