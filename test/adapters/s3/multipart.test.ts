import type { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { crc32Of } from '../../../adapters/s3/checksums.ts';
import { S3_DIALECTS } from '../../../adapters/s3/dialects.ts';
import { putInParts } from '../../../adapters/s3/multipart.ts';
import { cutIntoParts } from '../../../adapters/s3/parts.ts';
import type { S3Requests } from '../../../adapters/s3/requests.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { pattern, streamOf } from '../../contract/store-content.ts';

/** A storage that answers a part only when the test says so. */
function heldRequests() {
  const held: (() => void)[] = [];
  const waiting = { most: 0 };
  const client = {
    async send(command: { readonly input: Record<string, unknown> }) {
      const { Body: body } = command.input;
      if (!(body instanceof Uint8Array)) return { UploadId: 'u', ETag: '"whole-2"' };
      await new Promise<void>((resolve) => {
        held.push(resolve);
        waiting.most = Math.max(waiting.most, held.length);
      });
      return { ETag: '"part"', ChecksumCRC32: crc32Of(body) };
    },
  } as unknown as S3Client;
  const requests: S3Requests = {
    client,
    bucket: 'vault',
    dialect: S3_DIALECTS['s3-compatible'],
    clock: createVirtualClock(0),
    send: (_operation, run) => run({}),
    close() {},
  };
  return { requests, held, waiting };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('putInParts', () => {
  test.each([1, 2, 3, 4])(
    'memory stays below %d parts while the storage is slow',
    async (limit) => {
      const { requests, held, waiting } = heldRequests();
      const partBytes = 1000;
      let pulled = 0;
      let confirmed = 0;
      let worst = 0;
      async function* source() {
        for (let chunk = 0; chunk < 120; chunk += 1) {
          pulled += 100;
          worst = Math.max(worst, pulled - confirmed);
          yield new Uint8Array(100);
        }
      }
      const done = putInParts(requests, 'key', cutIntoParts(source(), partBytes), limit);
      let isDone = false;
      void done.then(() => {
        isDone = true;
      });
      while (!isDone) {
        for (let turn = 0; turn < 5; turn += 1) await settle();
        expect(held.length).toBeLessThanOrEqual(limit);
        if (held.length > 0) confirmed += partBytes;
        held.shift()?.();
      }
      expect((await done).sizeBytes).toBe(12_000);
      expect(worst).toBeLessThanOrEqual(limit * partBytes);
      expect(waiting.most, 'the parts do go up side by side').toBe(limit);
    },
  );
});

describe('cutIntoParts', () => {
  test.each([
    [0, 10, 10, []],
    [9, 10, 3, [9]],
    [10, 10, 3, [10]],
    [11, 10, 3, [10, 1]],
    [30, 10, 100, [10, 10, 10]],
    [35, 10, 7, [10, 10, 10, 5]],
  ])('%d bytes in parts of %d from chunks of %d', async (size, partBytes, chunkBytes, expected) => {
    const body = pattern(size);
    const parts: Uint8Array[] = [];
    for await (const part of cutIntoParts(streamOf(body, chunkBytes), partBytes)) parts.push(part);
    expect(parts.map((part) => part.byteLength)).toEqual(expected);
    expect(Buffer.compare(Buffer.concat(parts), body)).toBe(0);
  });
});
