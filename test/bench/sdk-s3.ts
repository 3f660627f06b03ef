import { crc32 } from 'node:zlib';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { PlainSdk, SdkAddress } from './sdk-task.ts';

/**
 * As it comes: signs the body's SHA-256, adds a CRC32, says Expect. Lean: unsigned body, one CRC32,
 * no Expect.
 */
export function openS3(
  address: Extract<SdkAddress, { family: 's3' }>,
  Bucket: string,
  isLean: boolean,
): PlainSdk {
  const { endpoint, region, accessKeyId, secretAccessKey } = address;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
    ...(isLean
      ? {
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
          expectContinueHeader: false,
        }
      : {}),
  });
  if (isLean) leaveBodyUnsigned(client);
  return {
    put: async (Key, Body) => {
      const checksum = isLean ? { ChecksumCRC32: crc32Text(Body) } : {};
      await client.send(new PutObjectCommand({ Bucket, Key, Body, ...checksum }));
    },
    get: async (Key) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      if (Body === undefined) throw new Error(`${Key} came back without a body`);
      return Body.transformToByteArray();
    },
  };
}

function leaveBodyUnsigned(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'unsignedPayload', priority: 'low' },
  );
}

function crc32Text(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
}
