import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import type { S3Requests } from './requests.ts';

const PARALLEL_DELETES = 8;

/**
 * Removes keys in batches, or one by one where there are no batches: Google has no `POST ?delete`, and
 * Ceph 16 denies it to a session that is limited to one folder. What a storage has once denied as a
 * batch is not asked for again.
 */
export function createRemoval(requests: S3Requests): (keys: readonly string[]) => Promise<void> {
  const batchMax = requests.dialect.deleteBatchMax;
  let hasBatches = batchMax > 1;

  return async (keys) => {
    const waiting = [...new Set(keys)];
    while (hasBatches && waiting.length > 1) {
      try {
        await removeBatch(requests, waiting.slice(0, batchMax));
      } catch (thrown) {
        if (!(thrown instanceof BatchDenied)) throw thrown;
        hasBatches = false;
        break;
      }
      waiting.splice(0, batchMax);
    }
    await removeSingly(requests, waiting);
  };
}

/** The request as a whole was denied, and none of its keys by itself. */
class BatchDenied extends FortnightError {}

async function removeBatch(requests: S3Requests, keys: readonly string[]): Promise<void> {
  const command = new DeleteObjectsCommand({
    Bucket: requests.bucket,
    Delete: { Quiet: true, Objects: keys.map((key) => ({ Key: key })) },
  });
  let isAnswered = false;
  const send = requests.send('DeleteObjects', async (sdkOptions) => {
    const { Errors: errors = [] } = await requests.client.send(command, sdkOptions);
    isAnswered = true;
    const failed = errors.find(({ Code }) => Code !== 'NoSuchKey');
    // A per-key error has the shape of an answer of its own.
    if (failed !== undefined) throw perKeyError(failed.Code, failed.Message, errors.length);
  });
  await send.catch((thrown: unknown) => {
    const error = toFortnightError(thrown);
    const isDenied = error.code === 'access.denied' && !isAnswered;
    throw isDenied ? new BatchDenied(error.code, error.detail) : error;
  });
}

function perKeyError(code = 'InternalError', message = '', count = 1) {
  const status = code === 'AccessDenied' ? 403 : code === 'SlowDown' ? 503 : 500;
  return {
    name: code,
    message: `${message} (${count} keys refused)`,
    $metadata: { httpStatusCode: status },
  };
}

async function removeSingly(requests: S3Requests, keys: readonly string[]): Promise<void> {
  const waiting = keys.values();
  const failures: FortnightError[] = [];
  const worker = async (): Promise<void> => {
    for (const key of waiting) {
      if (failures.length > 0) return;
      await removeOne(requests, key).catch((thrown) => {
        failures.push(toFortnightError(thrown));
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL_DELETES, keys.length) }, worker));
  const [first] = failures;
  if (first !== undefined) throw first;
}

/** S3 says that all is well when there is no such key; Google says so with 404 `NoSuchKey`. */
async function removeOne(requests: S3Requests, key: string): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: requests.bucket, Key: key });
  try {
    await requests.send('DeleteObject', (sdkOptions) => requests.client.send(command, sdkOptions));
  } catch (thrown) {
    const reason = toFortnightError(thrown);
    if (reason.code !== 'object.missing') throw reason;
  }
}
