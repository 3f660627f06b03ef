import { Readable } from 'node:stream';
import { BlobServiceClient } from '@azure/storage-blob';
import { type BenchStore, countBytes, type StorageAddress } from './task.ts';

const BLOCK_BYTES = 8 * 1024 * 1024;
const BLOCKS_AT_ONCE = 4;

/** @azure/storage-blob as it comes; a stream goes up in blocks, since it knows no other way. */
export function openAzure(
  { connection }: Extract<StorageAddress, { kind: 'azure' }>,
  containerName: string,
): BenchStore {
  const container =
    BlobServiceClient.fromConnectionString(connection).getContainerClient(containerName);
  return {
    put: async (key, body) =>
      void (await container.getBlockBlobClient(key).upload(body, body.length)),
    get: async (key) => {
      const { readableStreamBody } = await container.getBlobClient(key).download();
      return countBytes(readableStreamBody as Readable);
    },
    list: async (prefix) => {
      const pages = container.listBlobsFlat({ prefix }).byPage({ maxPageSize: 1000 });
      const { value } = await pages.next();
      return value?.segment.blobItems.length ?? 0;
    },
    putStream: async (key, pieces) => {
      const stream = Readable.from(pieces, { objectMode: false });
      await container.getBlockBlobClient(key).uploadStream(stream, BLOCK_BYTES, BLOCKS_AT_ONCE);
    },
  };
}
