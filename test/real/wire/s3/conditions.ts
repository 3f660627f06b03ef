import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import type { Answer } from '../check.ts';
import { BUCKET, outcome, type S3Target } from '../s3-target.ts';
import type { S3Check } from './checks.ts';

const HELLO = '"5d41402abc4b2a76b9719d911017c592"';
const OTHER = '"00000000000000000000000000000000"';
const LONG_AGO = new Date('2001-01-01T00:00:00Z');
const MINUTE_MS = 60_000;

function put(target: S3Target, Key: string, more: Partial<PutObjectCommandInput> = {}) {
  const input = { Bucket: BUCKET, Key, Body: 'hello', ...more };
  return target.s3().send(new PutObjectCommand(input));
}

/** A conditional read of an object that holds "hello" and was written a minute ago. */
function readCheck(
  id: string,
  title: string,
  conditions: (target: S3Target) => Partial<GetObjectCommandInput>,
  documented: Answer,
): S3Check {
  return {
    id: `condition.${id}`,
    title,
    documented,
    run: async (target) => {
      await put(target, `read-${id}`);
      return target.at(MINUTE_MS, () => {
        const input = { Bucket: BUCKET, Key: `read-${id}`, ...conditions(target) };
        return outcome(target.s3().send(new GetObjectCommand(input)));
      });
    },
  };
}

function writeCheck(
  id: string,
  title: string,
  exists: boolean,
  conditions: Partial<PutObjectCommandInput>,
  documented: Answer,
): S3Check {
  return {
    id: `condition.${id}`,
    title,
    documented,
    run: async (target) => {
      if (exists) await put(target, `write-${id}`);
      return outcome(put(target, `write-${id}`, conditions));
    },
  };
}

const now = (target: S3Target): Date => new Date(target.now());

export const CONDITION_CHECKS: readonly S3Check[] = [
  readCheck('get-match', 'If-Match that holds', () => ({ IfMatch: HELLO }), '200'),
  readCheck(
    'get-match-other',
    'If-Match that does not hold',
    () => ({ IfMatch: OTHER }),
    '412 PreconditionFailed',
  ),
  readCheck('get-match-any', 'If-Match: * of what exists', () => ({ IfMatch: '*' }), '200'),
  readCheck('get-none-match', 'If-None-Match of the same', () => ({ IfNoneMatch: HELLO }), '304'),
  readCheck(
    'get-none-match-other',
    'If-None-Match of another',
    () => ({ IfNoneMatch: OTHER }),
    '200',
  ),
  readCheck(
    'get-modified',
    'If-Modified-Since long ago',
    () => ({ IfModifiedSince: LONG_AGO }),
    '200',
  ),
  readCheck(
    'get-not-modified',
    'If-Modified-Since now',
    (target) => ({ IfModifiedSince: now(target) }),
    '304',
  ),
  readCheck(
    'get-unmodified',
    'If-Unmodified-Since now',
    (target) => ({ IfUnmodifiedSince: now(target) }),
    '200',
  ),
  readCheck(
    'get-unmodified-long-ago',
    'If-Unmodified-Since long ago',
    () => ({ IfUnmodifiedSince: LONG_AGO }),
    '412 PreconditionFailed',
  ),
  readCheck(
    'get-match-beats-date',
    'If-Match that holds wins over If-Unmodified-Since that does not',
    () => ({ IfMatch: HELLO, IfUnmodifiedSince: LONG_AGO }),
    '200',
  ),
  readCheck(
    'get-none-match-beats-date',
    'If-None-Match that fails wins over If-Modified-Since that holds',
    () => ({ IfNoneMatch: HELLO, IfModifiedSince: LONG_AGO }),
    '304',
  ),
  {
    id: 'condition.head-match-other',
    title: 'HeadObject with If-Match that does not hold',
    documented: '412',
    run: async (target) => {
      await put(target, 'head-match');
      const input = { Bucket: BUCKET, Key: 'head-match', IfMatch: OTHER };
      return outcome(target.s3().send(new HeadObjectCommand(input)));
    },
  },
  {
    id: 'condition.head-none-match',
    title: 'HeadObject with If-None-Match of the same',
    documented: '304',
    run: async (target) => {
      await put(target, 'head-none-match');
      const input = { Bucket: BUCKET, Key: 'head-none-match', IfNoneMatch: HELLO };
      return outcome(target.s3().send(new HeadObjectCommand(input)));
    },
  },
  writeCheck('put-create', 'create-only put of a new key', false, { IfNoneMatch: '*' }, '200'),
  writeCheck(
    'put-create-again',
    'create-only put of a key that exists',
    true,
    { IfNoneMatch: '*' },
    '412 PreconditionFailed',
  ),
  writeCheck('put-match', 'put with If-Match that holds', true, { IfMatch: HELLO }, '200'),
  writeCheck(
    'put-match-other',
    'put with If-Match that does not hold',
    true,
    { IfMatch: OTHER },
    '412 PreconditionFailed',
  ),
  writeCheck(
    'put-match-missing',
    'put with If-Match of a key that is not there',
    false,
    { IfMatch: HELLO },
    '404 NoSuchKey',
  ),
  {
    id: 'condition.put-race',
    title: 'of five create-only puts at once exactly one wins',
    documented: 'one wins',
    run: async (target) => {
      const attempts = ['1', '2', '3', '4', '5'].map((Body) =>
        outcome(put(target, 'race', { IfNoneMatch: '*', Body })),
      );
      const wins = (await Promise.all(attempts)).filter((answer) => answer === '200');
      return wins.length === 1 ? 'one wins' : `${wins.length} win`;
    },
  },
  {
    id: 'condition.delete-match-other',
    title: 'DeleteObject with If-Match that does not hold',
    documented: '412 PreconditionFailed',
    run: async (target) => {
      await put(target, 'delete-match');
      const input = { Bucket: BUCKET, Key: 'delete-match', IfMatch: OTHER };
      return outcome(target.s3().send(new DeleteObjectCommand(input)));
    },
  },
  {
    id: 'condition.copy-create-again',
    title: 'create-only CopyObject onto a key that exists',
    documented: '412 PreconditionFailed',
    run: async (target) => {
      await put(target, 'copy-from');
      await put(target, 'copy-onto');
      const CopySource = `${BUCKET}/copy-from`;
      const input = { Bucket: BUCKET, Key: 'copy-onto', CopySource, IfNoneMatch: '*' };
      return outcome(target.s3().send(new CopyObjectCommand(input)));
    },
  },
];
