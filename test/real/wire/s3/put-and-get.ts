import {
  GetObjectCommand,
  type GetObjectCommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { BUCKET, type S3Target } from '../s3-target.ts';

export const HELLO = 'hello';

/** Puts "hello" as the owner, unless told otherwise. */
export function put(target: S3Target, key: string, more: Partial<PutObjectCommandInput> = {}) {
  const command = new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: HELLO, ...more });
  return target.s3().send(command);
}

export function get(target: S3Target, key: string, more: Partial<GetObjectCommandInput> = {}) {
  return target.s3().send(new GetObjectCommand({ Bucket: BUCKET, Key: key, ...more }));
}
