import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type BenchStore, countBytes, type StorageAddress } from './task.ts';

/** @aws-sdk/client-s3 without checksums and with unsigned bodies, which Ceph takes as well. */
export function openS3(
  { endpoint, accessKeyId, secretAccessKey }: Extract<StorageAddress, { kind: 's3' }>,
  Bucket: string,
): BenchStore {
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
  });
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'unsignedPayload', priority: 'low' },
  );
  const put = async (Key: string, Body: Buffer | Readable, ContentLength: number) => {
    await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength }));
  };
  return {
    put: (key, body) => put(key, body, body.length),
    get: async (Key) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return countBytes(Body as Readable);
    },
    list: async (Prefix) => {
      const found = await client.send(new ListObjectsV2Command({ Bucket, Prefix }));
      return found.KeyCount ?? 0;
    },
    putStream: (key, pieces, bytes) =>
      put(key, Readable.from(pieces, { objectMode: false }), bytes),
  };
}
