import type { ObjectInfo, PutOptions } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { crc32c, crc32cText } from './crc32c.ts';
import { readObject, type StoredObject } from './object-info.ts';
import type { StorageClient } from './storage-client.ts';

export const CONTENT_TYPE = 'application/octet-stream';

/** Create only: generation 0 stands for an object that is not there. */
export function conditions(options: PutOptions | undefined) {
  return options?.ifAbsent === true ? { preconditionOpts: { ifGenerationMatch: 0 } } : {};
}

/** One request that holds the name, the checksum that Google is to check, and the bytes. */
export async function putWhole(
  client: StorageClient,
  key: string,
  body: Uint8Array,
  options?: PutOptions,
): Promise<ObjectInfo> {
  const checksum = crc32cText(crc32c(body));
  const signal = options?.signal;
  const file = client.file(key, { operation: 'objects.insert', target: 'upload', signal });
  await file.save(body as Buffer, {
    resumable: false,
    metadata: { contentType: CONTENT_TYPE, crc32c: checksum },
    // The SDK's own check would remove whatever lies under the key by now (`confirmed`).
    validation: false,
    ...conditions(options),
  });
  return confirmed(client, file.metadata, { key, checksum, sizeBytes: body.byteLength });
}

export interface SentObject {
  readonly key: string;
  readonly checksum: string;
  readonly sizeBytes: number;
}

/** I73: the storage says that it holds these bytes; an object that it does not confirm is removed. */
export async function confirmed(
  client: StorageClient,
  answered: object,
  sent: SentObject,
): Promise<ObjectInfo> {
  const stored = readObject(answered);
  const isSame = stored.crc32c === sent.checksum && stored.info.sizeBytes === sent.sizeBytes;
  if (isSame) return { ...stored.info, key: sent.key };
  await removeUnconfirmed(client, sent.key, stored);
  throw new FortnightError(
    'object.corrupt',
    'objects.insert: the checksum was not confirmed (I73)',
  );
}

/**
 * Best effort: the caller learns of the corruption in any case. Only the generation that was made:
 * meanwhile another put may have replaced it.
 */
async function removeUnconfirmed(
  client: StorageClient,
  key: string,
  { generation }: StoredObject,
): Promise<void> {
  if (generation === null) return;
  await client
    .file(key, { operation: 'objects.delete', target: 'object' })
    .delete({ ifGenerationMatch: generation })
    .catch(() => undefined);
}
