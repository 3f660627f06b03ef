import { randomBytes } from 'node:crypto';

/** The key of the SP at a storage; made once, kept by the SP's database and by the storage. */
export interface OwnerKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export function makeOwnerKey(): OwnerKey {
  return {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64url'),
  };
}
