import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Storage } from '@google-cloud/storage';
import { OAuth2Client } from 'google-auth-library';
import { type BenchStore, countBytes, type StorageAddress } from './task.ts';

/** @google-cloud/storage without validation: its CRC32C would be most of what is measured. */
export function openGcs(
  { endpoint, token }: Extract<StorageAddress, { kind: 'gcs' }>,
  bucketName: string,
): BenchStore {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: token });
  const storage = new Storage({
    apiEndpoint: endpoint,
    useAuthWithCustomEndpoint: true,
    authClient,
    projectId: 'fortnight',
  });
  const bucket = storage.bucket(bucketName);
  const plain = { resumable: false, validation: false } as const;
  return {
    put: (key, body) => bucket.file(key).save(body, plain),
    get: (key) => countBytes(bucket.file(key).createReadStream({ validation: false })),
    list: async (prefix) => {
      const [files] = await bucket.getFiles({ prefix, autoPaginate: false, maxResults: 1000 });
      return files.length;
    },
    putStream: (key, pieces) =>
      pipeline(
        Readable.from(pieces, { objectMode: false }),
        bucket.file(key).createWriteStream(plain),
      ),
  };
}
