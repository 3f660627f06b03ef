import { createHash } from 'node:crypto';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { PlainSdk, SdkAddress } from './sdk-task.ts';

/** As it comes: no checksum. Lean: one try, and the MD5 that Azure is to check. */
export function openAzure(
  address: Extract<SdkAddress, { family: 'azure' }>,
  containerName: string,
  isLean: boolean,
): PlainSdk {
  const { endpoint, account, accountKey } = address;
  const key = new StorageSharedKeyCredential(account, accountKey);
  const options = isLean ? { retryOptions: { maxTries: 1 } } : {};
  const container = new BlobServiceClient(endpoint, key, options).getContainerClient(containerName);
  return {
    put: async (name, body) => {
      const md5 = isLean
        ? { transactionalContentMD5: createHash('md5').update(body).digest() }
        : {};
      await container.getBlockBlobClient(name).upload(body, body.length, md5);
    },
    get: async (name) => {
      const { readableStreamBody } = await container.getBlobClient(name).download();
      const pieces: Buffer[] = [];
      for await (const piece of readableStreamBody ?? []) pieces.push(piece as Buffer);
      return Buffer.concat(pieces);
    },
  };
}
