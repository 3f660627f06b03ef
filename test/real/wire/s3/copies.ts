import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { Answer } from '../check.ts';
import { BUCKET, outcome, type S3Target } from '../s3-target.ts';
import { escapeUri } from '../signed-request.ts';
import type { S3Check } from './checks.ts';

const OTHER = '"00000000000000000000000000000000"';
const HELLO = '"5d41402abc4b2a76b9719d911017c592"';

async function source(target: S3Target, Key: string): Promise<void> {
  const input = { Bucket: BUCKET, Key, Body: 'hello', Metadata: { from: 'source' } };
  await target.s3().send(new PutObjectCommand({ ...input, ContentType: 'text/source' }));
}

async function copy(
  target: S3Target,
  from: string,
  to: string,
  more: Partial<CopyObjectCommandInput> = {},
): Promise<Answer> {
  const CopySource = `${BUCKET}/${from.split('/').map(escapeUri).join('/')}`;
  const input = { Bucket: BUCKET, Key: to, CopySource, ...more };
  return outcome(target.s3().send(new CopyObjectCommand(input)), ({ CopyObjectResult }) => ({
    etag: CopyObjectResult?.ETag,
  }));
}

async function seen(target: S3Target, Key: string): Promise<Answer> {
  const command = new HeadObjectCommand({ Bucket: BUCKET, Key });
  return outcome(target.s3().send(command), ({ ContentType, Metadata }) => ({
    type: ContentType,
    metadata: Metadata,
  }));
}

function conditionCheck(
  id: string,
  title: string,
  conditions: Partial<CopyObjectCommandInput>,
  documented: Answer,
): S3Check {
  return {
    id: `copy.${id}`,
    title,
    documented,
    run: async (target) => {
      await source(target, `copy-${id}`);
      return copy(target, `copy-${id}`, `copy-${id}-to`, conditions);
    },
  };
}

export const COPY_CHECKS: readonly S3Check[] = [
  {
    id: 'copy.plain',
    title: 'CopyObject keeps body, type and metadata',
    documented: `200 etag=${HELLO} then 200 type=text/source metadata={"from":"source"}`,
    run: async (target) => {
      await source(target, 'copy-plain');
      const copied = await copy(target, 'copy-plain', 'copy-plain-to');
      return `${copied} then ${await seen(target, 'copy-plain-to')}`;
    },
  },
  {
    id: 'copy.replace',
    title: 'CopyObject with REPLACE takes the new type and metadata',
    documented: `200 etag=${HELLO} then 200 type=text/new metadata={"from":"request"}`,
    run: async (target) => {
      await source(target, 'copy-replace');
      const copied = await copy(target, 'copy-replace', 'copy-replace-to', {
        MetadataDirective: 'REPLACE',
        ContentType: 'text/new',
        Metadata: { from: 'request' },
      });
      return `${copied} then ${await seen(target, 'copy-replace-to')}`;
    },
  },
  {
    id: 'copy.odd-key',
    title: 'the source’s key is escaped',
    documented: `200 etag=${HELLO}`,
    run: async (target) => {
      await source(target, 'copy/a b+c%2F€');
      return copy(target, 'copy/a b+c%2F€', 'copy-odd-to');
    },
  },
  {
    id: 'copy.onto-itself',
    title: 'CopyObject onto itself that changes nothing',
    documented: '400 InvalidRequest',
    run: async (target) => {
      await source(target, 'copy-self');
      return copy(target, 'copy-self', 'copy-self');
    },
  },
  {
    id: 'copy.missing',
    title: 'CopyObject of a key that is not there',
    documented: '404 NoSuchKey',
    run: (target) => copy(target, 'copy-none', 'copy-none-to'),
  },
  {
    id: 'copy.missing-bucket',
    title: 'CopyObject from a bucket that is not there',
    documented: '404 NoSuchBucket',
    run: (target) => copy(target, 'x', 'copy-x', { CopySource: 'no-such-bucket-here/x' }),
  },
  {
    id: 'copy.malformed-source',
    title: 'a source that names no object',
    documented: '400 InvalidArgument',
    run: (target) => copy(target, 'x', 'copy-x', { CopySource: 'nothing' }),
  },
  conditionCheck(
    'if-match',
    'x-amz-copy-source-if-match that holds',
    { CopySourceIfMatch: HELLO },
    `200 etag=${HELLO}`,
  ),
  conditionCheck(
    'if-match-other',
    'x-amz-copy-source-if-match that does not hold',
    { CopySourceIfMatch: OTHER },
    '412 PreconditionFailed',
  ),
  conditionCheck(
    'if-none-match',
    'x-amz-copy-source-if-none-match of the same: 412, not 304',
    { CopySourceIfNoneMatch: HELLO },
    '412 PreconditionFailed',
  ),
  {
    id: 'copy.body',
    title: 'a copy lives on when its source is replaced',
    documented: '200 body=hello',
    run: async (target) => {
      await source(target, 'copy-body');
      await copy(target, 'copy-body', 'copy-body-to');
      const changed = { Bucket: BUCKET, Key: 'copy-body', Body: 'changed' };
      await target.s3().send(new PutObjectCommand(changed));
      const command = new GetObjectCommand({ Bucket: BUCKET, Key: 'copy-body-to' });
      return outcome(target.s3().send(command), async ({ Body }) => ({
        body: await Body?.transformToString(),
      }));
    },
  },
];
