import { randomUUID } from 'node:crypto';
import type { ObjectInfo, PutOptions } from '../../machines/ports/object-store.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { checkedKey, objectUrl, uploadUrl } from './addresses.ts';
import { crc32c, crc32cText } from './crc32c.ts';
import type { TextAnswer } from './exchange.ts';
import { documentOf, OBJECT_FIELDS, readObject, type StoredObject } from './object-info.ts';
import type { GcsRequests } from './requests.ts';

const CONTENT_TYPE = 'application/octet-stream';

/** Create only: generation 0 stands for an object that is not there. */
export function conditions(options: PutOptions | undefined): { ifGenerationMatch?: string } {
  return options?.ifAbsent === true ? { ifGenerationMatch: '0' } : {};
}

/** One request that holds the name, the checksum that Google is to check, and the bytes. */
export async function putWhole(
  requests: GcsRequests,
  key: string,
  body: Uint8Array,
  options?: PutOptions,
): Promise<ObjectInfo> {
  const checksum = crc32cText(crc32c(body));
  const boundary = randomUUID();
  const name = checkedKey(key);
  const resource = JSON.stringify({ name, contentType: CONTENT_TYPE, crc32c: checksum });
  const answer = await requests.send({
    operation: 'objects.insert',
    target: 'upload',
    signal: options?.signal,
    request: {
      method: 'POST',
      url: uploadUrl(requests, {
        uploadType: 'multipart',
        // Also in front of the body: who may not write there is refused before the bytes are read.
        name,
        fields: OBJECT_FIELDS,
        ...conditions(options),
      }),
      headers: { 'content-type': `multipart/related; boundary=${boundary}` },
      body: Buffer.concat([
        Buffer.from(
          `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${resource}\r\n` +
            `--${boundary}\r\ncontent-type: ${CONTENT_TYPE}\r\n\r\n`,
        ),
        body,
        Buffer.from(`\r\n--${boundary}--`),
      ]),
    },
  });
  return confirmed(requests, answer, { key, checksum, sizeBytes: body.byteLength });
}

export interface SentObject {
  readonly key: string;
  readonly checksum: string;
  readonly sizeBytes: number;
}

/** I73: the storage says that it holds these bytes; an object that it does not confirm is removed. */
export async function confirmed(
  requests: GcsRequests,
  answer: TextAnswer,
  sent: SentObject,
): Promise<ObjectInfo> {
  const stored = readAnswer(answer);
  const isSame = stored?.crc32c === sent.checksum && stored.info.sizeBytes === sent.sizeBytes;
  if (stored !== null && isSame) return { ...stored.info, key: sent.key };
  await removeUnconfirmed(requests, sent.key, stored);
  throw new FortnightError(
    'object.corrupt',
    'objects.insert: the checksum was not confirmed (I73)',
  );
}

function readAnswer(answer: TextAnswer): StoredObject | null {
  try {
    return readObject(documentOf(answer, 'objects.insert'));
  } catch {
    return null;
  }
}

/**
 * Best effort: the caller learns of the corruption in any case. Only the generation that was made:
 * meanwhile another put may have replaced it.
 */
async function removeUnconfirmed(
  requests: GcsRequests,
  key: string,
  stored: StoredObject | null,
): Promise<void> {
  const generation = stored?.generation;
  if (!generation) return;
  const url = objectUrl(requests, key, { ifGenerationMatch: generation });
  await requests
    .send({ operation: 'objects.delete', target: 'object', request: { method: 'DELETE', url } })
    .catch(() => undefined);
}
