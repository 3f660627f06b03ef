import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { DeleteObjectCommand, DeleteObjectsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { BUCKET, outcome, replyAnswer } from '../s3-target.ts';
import { sha256 } from '../signed-request.ts';
import type { S3Check } from './checks.ts';
import { get, HELLO, put } from './put-and-get.ts';

export const DELETE_CHECKS: readonly S3Check[] = [
  {
    id: 'delete.there',
    title: 'DeleteObject, after which the key is gone',
    documented: '204 then 404 NoSuchKey',
    run: async (target) => {
      await put(target, 'delete-there');
      const command = new DeleteObjectCommand({ Bucket: BUCKET, Key: 'delete-there' });
      const deleted = await outcome(target.s3().send(command));
      return `${deleted} then ${await outcome(get(target, 'delete-there'))}`;
    },
  },
  {
    id: 'delete.missing',
    title: 'DeleteObject of a key that is not there',
    documented: '204',
    run: (target) =>
      outcome(target.s3().send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'delete-no' }))),
  },
  {
    id: 'delete-batch.keys',
    title: 'DeleteObjects reports each key, also the missing ones',
    documented: '200 deleted=["batch/a","batch/b <&>","batch/none"] errors=0',
    run: async (target) => {
      const keys = ['batch/a', 'batch/b <&>'];
      for (const key of keys) await put(target, key);
      const Objects = [...keys, 'batch/none'].map((Key) => ({ Key }));
      const command = new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } });
      return outcome(target.s3().send(command), ({ Deleted = [], Errors = [] }) => ({
        deleted: Deleted.map(({ Key }) => Key).sort(),
        errors: Errors.length,
      }));
    },
  },
  {
    id: 'delete-batch.quiet',
    title: 'DeleteObjects in quiet mode reports errors only',
    documented: '200 deleted=0',
    run: async (target) => {
      await put(target, 'batch-quiet');
      const Delete = { Objects: [{ Key: 'batch-quiet' }], Quiet: true };
      const command = new DeleteObjectsCommand({ Bucket: BUCKET, Delete });
      return outcome(target.s3().send(command), ({ Deleted = [] }) => ({
        deleted: Deleted.length,
      }));
    },
  },
  {
    id: 'delete-batch.too-many',
    title: 'DeleteObjects of 1,001 keys',
    documented: '400 MalformedXML',
    run: (target) => {
      const Objects = Array.from({ length: 1_001 }, (_, index) => ({ Key: `many-${index}` }));
      return outcome(
        target.s3().send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } })),
      );
    },
  },
  {
    id: 'delete-batch.no-xml',
    title: 'DeleteObjects with a body that is no XML',
    documented: '400 MalformedXML',
    run: async (target) => {
      const body = '<Delete><Object>';
      const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
      const request = { method: 'POST', path: `/${BUCKET}`, query: { delete: '' }, headers, body };
      return replyAnswer(await target.send(request));
    },
  },
];

/** Bodies that are not what their hashes say. */
export const INTEGRITY_CHECKS: readonly S3Check[] = [
  {
    id: 'md5.right',
    title: 'Content-MD5 that matches',
    documented: '200',
    run: (target) => outcome(put(target, 'md5', { ContentMD5: 'XUFAKrxLKna5cZ2REBfFkg==' })),
  },
  {
    id: 'md5.wrong',
    title: 'Content-MD5 that does not match, and nothing is stored',
    documented: '400 BadDigest then 404 NoSuchKey',
    run: async (target) => {
      const wrong = await outcome(
        put(target, 'md5-bad', { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }),
      );
      return `${wrong} then ${await outcome(get(target, 'md5-bad'))}`;
    },
  },
  {
    id: 'md5.malformed',
    title: 'Content-MD5 that is none',
    documented: '400 InvalidDigest',
    run: (target) => outcome(put(target, 'md5-none', { ContentMD5: 'abc' })),
  },
  {
    id: 'sha256.wrong',
    title: 'a body that is not the one that was signed',
    documented: '400 XAmzContentSHA256Mismatch',
    run: async (target) => {
      const request = { method: 'PUT', path: `/${BUCKET}/sha256`, body: HELLO };
      const payloadHash = sha256(Buffer.from('other'));
      return replyAnswer(await target.send({ ...request, payloadHash }));
    },
  },
  {
    id: 'sha256.unsigned',
    title: 'a body that is signed as UNSIGNED-PAYLOAD',
    documented: '200',
    run: async (target) => {
      const request = { method: 'PUT', path: `/${BUCKET}/unsigned`, body: HELLO };
      return replyAnswer(await target.send({ ...request, payloadHash: 'UNSIGNED-PAYLOAD' }));
    },
  },
  {
    id: 'checksum.crc32',
    title: 'a CRC32 that the SDK sends is kept and told',
    documented: '200 crc32=NhCmhg==',
    run: (target) =>
      outcome(put(target, 'crc32', { ChecksumAlgorithm: 'CRC32' }), ({ ChecksumCRC32 }) => ({
        crc32: ChecksumCRC32,
      })),
  },
  {
    id: 'checksum.wrong',
    title: 'a CRC32 that does not match',
    documented: '400 BadDigest',
    run: (target) => outcome(put(target, 'crc32-bad', { ChecksumCRC32: 'AAAAAA==' })),
  },
  {
    id: 'checksum.stream',
    title: 'a stream with its checksum behind it, as the SDK sends it by default',
    documented: '200 then 200 length=5',
    run: async (target) => {
      const client = target.s3(undefined, { requestChecksumCalculation: 'WHEN_SUPPORTED' });
      const Body = Readable.from([Buffer.from(HELLO)]);
      const input = { Bucket: BUCKET, Key: 'stream', Body, ContentLength: 5 };
      const stored = await outcome(client.send(new PutObjectCommand(input)));
      const read = outcome(get(target, 'stream'), ({ ContentLength }) => ({
        length: ContentLength,
      }));
      return `${stored} then ${await read}`;
    },
  },
];
