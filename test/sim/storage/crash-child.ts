/**
 * A process for the crash test: serves a state folder and writes objects and parts to it without
 * end, naming each on stdout as soon as it was acknowledged. The test kills it at any instant.
 */
import {
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { BUCKET, startLab } from './lab.ts';

const directory = process.argv[2];
if (directory === undefined) throw new Error('needs the state folder');
const lab = await startLab({ state: { kind: 'disk', directory } });
const s3 = lab.s3();
const upload = await s3.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'upload' }));
process.stdout.write(`upload ${upload.UploadId}\n`);
for (let count = 1; ; count += 1) {
  const Body = Buffer.alloc(200_000 + count, count);
  await Promise.all([
    s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: `object-${count}`, Body })),
    s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'overwritten', Body })),
    s3.send(
      new UploadPartCommand({
        Bucket: BUCKET,
        Key: 'upload',
        UploadId: upload.UploadId!,
        PartNumber: count,
        Body,
      }),
    ),
  ]);
  process.stdout.write(`stored ${count}\n`);
}
