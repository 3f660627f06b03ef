import type { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { cutIntoParts } from '../../../adapters/common-store/parts.ts';
import { crc32Of } from '../../../adapters/s3/checksums.ts';
import { S3_DIALECTS, type S3Dialect } from '../../../adapters/s3/dialects.ts';
import { putInParts } from '../../../adapters/s3/multipart.ts';
import type { S3Requests } from '../../../adapters/s3/requests.ts';
import { SERVER_DIALECTS } from '../../../adapters/s3-compatible/object-store.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { codeOf, pattern, streamOf } from '../../contract/store-content.ts';

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

/** A storage with objects by key; its uploads are answered as the test says. */
function scriptedRequests(
  dialect: S3Dialect,
  answers: { readonly completed: object; readonly parts?: () => Promise<void> },
) {
  const sent: string[] = [];
  const objects = new Map<string, { readonly size: number; readonly etag: string }>();
  const client = {
    async send(command: { readonly constructor: { readonly name: string }; input: object }) {
      const name = command.constructor.name.replace('Command', '');
      const { Key: key = '', Body: body } = command.input as { Key?: string; Body?: Uint8Array };
      sent.push(name);
      switch (name) {
        case 'CreateMultipartUpload':
          return { UploadId: 'u' };
        case 'UploadPart':
          await answers.parts?.();
          return { ETag: '"part"', ChecksumCRC32: crc32Of(body ?? new Uint8Array()) };
        case 'CompleteMultipartUpload':
          return answers.completed;
        case 'HeadObject': {
          const found = objects.get(key);
          if (found === undefined) throw new FortnightError('object.missing', key);
          return { ContentLength: found.size, ETag: `"${found.etag}"` };
        }
        default:
          return {};
      }
    },
  } as unknown as S3Client;
  const requests: S3Requests = {
    client,
    bucket: 'vault',
    dialect,
    clock: createVirtualClock(0),
    async send(operation, run, signal) {
      const result = await run({});
      if (signal?.aborted !== true || operation === 'AbortMultipartUpload') return result;
      throw new FortnightError('session.cancelled', operation);
    },
    close() {},
  };
  return { requests, sent, objects };
}

const CEPH = SERVER_DIALECTS.ceph;

describe('an upload that does not end as it should', () => {
  test.each([new Error('the disk is gone'), new FortnightError('source.unreadable')])(
    'an error of the source stays what it is while parts are in flight: %s',
    async (broken) => {
      const { requests, sent } = scriptedRequests(CEPH, { completed: {}, parts: settle });
      async function* source() {
        yield pattern(10);
        yield pattern(10);
        throw broken;
      }
      const thrown = await putInParts(requests, 'key', source(), 4).catch((error) => error);
      expect(thrown).toBe(broken);
      expect(sent.at(-1)).toBe('AbortMultipartUpload');
    },
  );

  test('Ceph: an object that is there before the completion is object.conflict, nothing is completed', async () => {
    const { requests, sent, objects } = scriptedRequests(CEPH, { completed: { ETag: '"x-1"' } });
    objects.set('key', { size: 1, etag: 'old' });
    const options = { ifAbsent: true };
    const put = () =>
      putInParts(requests, 'key', cutIntoParts(streamOf(pattern(10), 5), 5), 2, options);
    expect(await codeOf(put())).toBe('object.conflict');
    expect(sent).not.toContain('CompleteMultipartUpload');
    expect(sent.at(-1)).toBe('AbortMultipartUpload');
    objects.clear();
    expect((await put()).etag).toBe('x-1');
  });

  test('a storage that heeds the condition is not asked before', async () => {
    const { requests, sent } = scriptedRequests(S3_DIALECTS['s3-compatible'], {
      completed: { ETag: '"x-1"' },
    });
    await putInParts(requests, 'key', cutIntoParts(streamOf(pattern(10), 5), 5), 2, {
      ifAbsent: true,
    });
    expect(sent).not.toContain('HeadObject');
  });

  test.each([{ ETag: '""' }, { ETag: '' }, {}])(
    'I73 an entity tag that the completion leaves out (%j) is asked for; a wrong length is corrupt',
    async (completed) => {
      const { requests, sent, objects } = scriptedRequests(CEPH, { completed });
      const put = () => putInParts(requests, 'key', cutIntoParts(streamOf(pattern(10), 5), 5), 2);
      objects.set('key', { size: 10, etag: 'whole-2' });
      expect(await put()).toMatchObject({ sizeBytes: 10, etag: 'whole-2' });
      objects.set('key', { size: 9, etag: 'other-2' });
      expect(await codeOf(put())).toBe('object.corrupt');
      expect(sent).toContain('DeleteObject');
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
