import { isBucketName } from './buckets.ts';

/**
 * The bucket that a Host header names (`bucket.localhost:9000`), or undefined for a path-style
 * request. The longest base wins: `s3` is too short for a bucket, so `s3.localhost` is a base too.
 */
export function bucketOfHost(host: string, bases: readonly string[]): string | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  const byLength = [...bases].sort((left, right) => right.length - left.length);
  const base = byLength.find((one) => name === one || name.endsWith(`.${one}`));
  if (base === undefined || name === base) return undefined;
  const bucket = name.slice(0, -base.length - 1);
  return isBucketName(bucket) ? bucket : undefined;
}
