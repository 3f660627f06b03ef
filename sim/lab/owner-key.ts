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

/** Reads what `makeOwnerKey` made; throws where it is something else. */
export function parseOwnerKey(text: string): OwnerKey {
  const { accessKeyId, secretAccessKey } = JSON.parse(text) as Partial<OwnerKey>;
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string') {
    throw new Error('no key');
  }
  return { accessKeyId, secretAccessKey };
}
