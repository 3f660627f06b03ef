import { Storage } from '@google-cloud/storage';
import { OAuth2Client } from 'google-auth-library';
import { crc32c, crc32cText } from '../../adapters/gcs/crc32c.ts';
import type { PlainSdk, SdkAddress } from './sdk-task.ts';

/**
 * As it comes: CRC32C of what goes and comes. Lean: the CRC32C that Google is to check. Both put by
 * one request: a resumable upload carries no token to an address that is not Google's.
 */
export function openGcs(
  { endpoint, token }: Extract<SdkAddress, { family: 'gcs' }>,
  bucketName: string,
  isLean: boolean,
): PlainSdk {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: token });
  const storage = new Storage({
    apiEndpoint: endpoint,
    useAuthWithCustomEndpoint: true,
    authClient,
    projectId: 'fortnight',
  });
  const bucket = storage.bucket(bucketName);
  return {
    put: (key, body) => {
      const file = bucket.file(key);
      if (!isLean) return file.save(body, { resumable: false });
      const metadata = { crc32c: crc32cText(crc32c(body)) };
      return file.save(body, { resumable: false, validation: false, metadata });
    },
    get: async (key) => {
      const [bytes] = await bucket.file(key).download(isLean ? { validation: false } : {});
      return bytes;
    },
  };
}
