import type { ObjectRecord } from '../../core/records.ts';
import { S3Error } from '../../s3/errors.ts';
import { readRange } from '../../s3/range.ts';
import { type GcsCall, type GcsReply, headerOf, requireBucket } from '../call.ts';
import { GcsError, noSuchObject } from '../errors.ts';
import { changeAttributes } from '../objects/attributes.ts';
import {
  checkPreconditions,
  readPreconditions,
  requirePreconditions,
} from '../objects/preconditions.ts';
import { jsonEtag, mediaHeaders, objectResource } from '../objects/resource.ts';
import { findObject } from '../objects/store.ts';
import type { BucketRecord } from '../shelf.ts';
import { receiveResource } from './body.ts';

/** Metadata, or with `alt=media` the bytes. */
export function getObject(call: GcsCall): GcsReply {
  const bucket = requireBucket(call);
  const object = existing(call, bucket, 'storage.objects.get');
  const isMedia = call.query.get('alt') === 'media';
  if (checkPreconditions(readPreconditions(call.query), object) === 'not modified') {
    return { status: 304, headers: { etag: jsonEtag(object) } };
  }
  if (!isMedia) {
    return {
      status: 200,
      headers: { etag: jsonEtag(object) },
      json: objectResource(call, bucket.name, object),
    };
  }
  return mediaReply(object, headerOf(call, 'range'), jsonEtag(object));
}

/** The bytes of an object, whole or a range; throws `requestedRangeNotSatisfiable` (416). */
export function mediaReply(
  object: ObjectRecord,
  rangeText: string | undefined,
  etag: string,
): GcsReply {
  const { segments, size } = object;
  const headers = { ...mediaHeaders(object), etag };
  const range = satisfiable(rangeText, size);
  const { offset, length } = range ?? { offset: 0, length: size };
  const partial =
    range === undefined
      ? {}
      : { 'content-range': `bytes ${offset}-${offset + length - 1}/${size}` };
  return {
    status: range === undefined ? 200 : 206,
    headers: { ...headers, ...partial, 'content-length': String(length) },
    content: { segments, offset, length },
  };
}

function satisfiable(text: string | undefined, size: number): ReturnType<typeof readRange> {
  try {
    return readRange(text, size);
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    throw new GcsError('requestedRangeNotSatisfiable', undefined, {
      headers: { 'content-range': `bytes */${size}` },
      xmlCode: 'InvalidRange',
    });
  }
}

export async function patchObject(call: GcsCall): Promise<GcsReply> {
  const resource = await receiveResource(call);
  const bucket = requireBucket(call);
  const object = existing(call, bucket, 'storage.objects.update');
  requirePreconditions(readPreconditions(call.query), object);
  const patched: ObjectRecord = {
    ...object,
    ...changeAttributes(object, resource),
    modifiedAt: call.at,
    createdAt: object.createdAt ?? object.modifiedAt,
    metageneration: (object.metageneration ?? 1) + 1,
  };
  call.world.core.putObject(bucket.name, patched);
  return { status: 200, json: objectResource(call, bucket.name, patched) };
}

export function deleteObject(call: GcsCall): GcsReply {
  const bucket = requireBucket(call);
  const object = existing(call, bucket, 'storage.objects.delete');
  requirePreconditions(readPreconditions(call.query), object);
  call.world.generations.keep();
  call.world.core.deleteObject(bucket.name, object.key);
  return { status: 204 };
}

/** The object that the path names, in the generation that the query names. */
export function existing(
  call: GcsCall,
  bucket: BucketRecord,
  permission: 'storage.objects.get' | 'storage.objects.update' | 'storage.objects.delete',
): ObjectRecord {
  const object = findObject(call, bucket, call.object, permission);
  return requireGeneration(object, call.query.get('generation'), bucket.name, call.object);
}

/** Throws 404 unless the object is there and, when asked for, is of this generation. */
export function requireGeneration(
  object: ObjectRecord | undefined,
  wanted: string | undefined,
  bucket: string,
  key: string,
): ObjectRecord {
  if (wanted !== undefined && !/^\d{1,19}$/.test(wanted)) {
    throw new GcsError('invalidParameter', `Invalid value for generation: "${wanted}".`);
  }
  const isOther = wanted !== undefined && wanted !== String(object?.generation);
  if (object === undefined || isOther) throw noSuchObject(bucket, key);
  return object;
}
