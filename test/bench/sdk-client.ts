/**
 * The plain SDK in a process of its own, as a data mover is one: reads its task from stdin (JSON,
 * the key is in it, so it is in no argument), puts and gets the objects, and prints the times.
 */
import { randomFillSync } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { SdkTask, SdkTimes } from './sdk-task.ts';

const task = JSON.parse(await text(process.stdin)) as SdkTask;
const isLean = task.settings === 'lean';
const client = new S3Client({
  endpoint: task.endpoint,
  region: task.region,
  forcePathStyle: true,
  maxAttempts: 1,
  credentials: { accessKeyId: task.accessKeyId, secretAccessKey: task.secretAccessKey },
  ...(isLean
    ? {
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        expectContinueHeader: false,
      }
    : {}),
});
if (isLean) {
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'unsignedPayload', priority: 'low' },
  );
}

const bodies = Array.from({ length: task.objects }, () =>
  randomFillSync(Buffer.allocUnsafe(task.objectBytes)),
);

function checksum(body: Buffer): { ChecksumCRC32?: string } {
  if (!isLean) return {};
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return { ChecksumCRC32: bytes.toString('base64') };
}

async function put(index: number): Promise<void> {
  const body = bodies[index] as Buffer;
  const place = { Bucket: task.bucket, Key: `${task.prefix}/${index}` };
  await client.send(new PutObjectCommand({ ...place, Body: body, ...checksum(body) }));
}

async function get(index: number): Promise<void> {
  const place = { Bucket: task.bucket, Key: `${task.prefix}/${index}` };
  const answer = await client.send(new GetObjectCommand(place));
  const bytes = await answer.Body?.transformToByteArray();
  if (bytes?.length !== task.objectBytes) throw new Error(`${place.Key} came back shorter`);
}

/** As many at once as a data mover has in flight. */
async function timed(job: (index: number) => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < task.objects) {
      next += 1;
      await job(next - 1);
    }
  };
  await Promise.all(Array.from({ length: task.parallel }, work));
  return performance.now() - startedAt;
}

const times: SdkTimes = { uploadMs: await timed(put), downloadMs: await timed(get) };
client.destroy();
console.log(JSON.stringify(times));
