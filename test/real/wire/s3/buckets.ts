import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { BUCKET, outcome, replyAnswer, type S3Target } from '../s3-target.ts';
import type { S3Check } from './checks.ts';

const create = (target: S3Target, Bucket: string) =>
  target.s3().send(new CreateBucketCommand({ Bucket }));
const remove = (target: S3Target, Bucket: string) =>
  target.s3().send(new DeleteBucketCommand({ Bucket }));

export const BUCKET_CHECKS: readonly S3Check[] = [
  {
    id: 'bucket.life',
    title: 'a bucket is made, seen and removed',
    documented: '200 then 200 then 204 then 404',
    run: async (target) => {
      const head = () => outcome(target.s3().send(new HeadBucketCommand({ Bucket: 'life' })));
      const made = await outcome(create(target, 'life'));
      const seen = await head();
      const removed = await outcome(remove(target, 'life'));
      return `${made} then ${seen} then ${removed} then ${await head()}`;
    },
  },
  {
    id: 'bucket.twice',
    title: 'a bucket of one’s own made again (in us-east-1)',
    documented: '200',
    run: (target) => outcome(create(target, BUCKET)),
  },
  {
    id: 'bucket.bad-name',
    title: 'a bucket with a name of two characters',
    documented: '400 InvalidBucketName',
    run: (target) => outcome(create(target, 'ab')),
  },
  {
    id: 'bucket.capital-name',
    title: 'a bucket with capitals in its name',
    documented: '400 InvalidBucketName',
    run: async (target) =>
      replyAnswer(await target.send({ method: 'PUT', path: '/Capital-Letters' })),
  },
  {
    id: 'bucket.not-empty',
    title: 'a bucket that holds something is not removed',
    documented: '409 BucketNotEmpty',
    run: async (target) => {
      await create(target, 'full-bucket');
      const input = { Bucket: 'full-bucket', Key: 'object', Body: 'x' };
      await target.s3().send(new PutObjectCommand(input));
      return outcome(remove(target, 'full-bucket'));
    },
  },
  {
    id: 'bucket.remove-missing',
    title: 'a bucket that is not there is not removed',
    documented: '404 NoSuchBucket',
    run: (target) => outcome(remove(target, 'never-made')),
  },
  {
    id: 'bucket.location',
    title: 'GetBucketLocation in us-east-1 names no place',
    documented: '200 location=none',
    run: (target) =>
      outcome(
        target.s3().send(new GetBucketLocationCommand({ Bucket: BUCKET })),
        ({ LocationConstraint }) => ({ location: LocationConstraint || undefined }),
      ),
  },
  {
    id: 'bucket.versioning',
    title: 'GetBucketVersioning of a bucket that never had versions',
    documented: '200 status=none',
    run: (target) =>
      outcome(target.s3().send(new GetBucketVersioningCommand({ Bucket: BUCKET })), (reply) => ({
        status: reply.Status,
      })),
  },
  {
    id: 'bucket.list',
    title: 'ListBuckets names the buckets of the owner',
    documented: '200 has=true',
    run: (target) =>
      outcome(target.s3().send(new ListBucketsCommand({})), ({ Buckets = [] }) => ({
        has: Buckets.some(({ Name }) => Name === BUCKET),
      })),
  },
];
