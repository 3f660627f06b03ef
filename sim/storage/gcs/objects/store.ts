import type { ObjectAttributes, ObjectRecord, Segment } from '../../core/records.ts';
import type { Exchange } from '../../wire/exchange.ts';
import { type GcsCall, permit } from '../call.ts';
import { GcsError } from '../errors.ts';
import type { BucketRecord } from '../shelf.ts';
import type { GcsWorld } from '../world.ts';
import { createHashes, type Hashes } from './hashes.ts';
import { type Preconditions, requirePreconditions } from './preconditions.ts';

export const OBJECT_BYTES_MAX = 5 * 1024 ** 4;

export interface StoredBytes extends Hashes {
  readonly size: number;
  readonly segments: readonly Segment[];
}

/** Takes the media out of a body that holds more than that. */
export interface BodyDecoder {
  /** The pieces of media in the next piece of the body; throws GcsError. */
  push(piece: Buffer): readonly Buffer[];
  /** Throws GcsError when the body is not complete. */
  end(): void;
}

/** Streams a body into a new blob; when anything is wrong with it, nothing of it is kept. */
export async function storeBody(
  world: GcsWorld,
  body: Exchange,
  decoder?: BodyDecoder,
): Promise<StoredBytes> {
  const { blob, writer } = world.core.createBlob();
  const hashes = createHashes();
  let size = 0;
  try {
    await body.consume((piece) => {
      let wait: Promise<void> | undefined;
      for (const slice of decoder?.push(piece) ?? [piece]) {
        size += slice.length;
        if (size > OBJECT_BYTES_MAX) throw new GcsError('uploadTooLarge');
        hashes.update(slice);
        wait = writer.write(slice) ?? wait;
      }
      return wait;
    });
    decoder?.end();
    if (size === 0) {
      await writer.discard();
      return { ...hashes.digest(), size, segments: [] };
    }
    await writer.finish();
    return { ...hashes.digest(), size, segments: [{ blob, size }] };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

export interface NewObject {
  readonly key: string;
  readonly attributes: ObjectAttributes;
  readonly size: number;
  /** Base64; objects composed of others have none. */
  readonly md5?: string;
  readonly crc32c: string;
  readonly segments: readonly Segment[];
  readonly componentCount?: number;
}

/** The record of a new version of an object. */
export function newObjectRecord(call: GcsCall, made: NewObject): ObjectRecord {
  const { key, attributes, size, md5, crc32c, segments, componentCount } = made;
  return {
    ...attributes,
    key,
    size,
    segments,
    etag: md5 === undefined ? '' : Buffer.from(md5, 'base64').toString('hex'),
    checksum: { algorithm: 'CRC32C', type: 'FULL_OBJECT', value: crc32c },
    modifiedAt: call.at,
    createdAt: call.at,
    generation: call.world.generations.next(call.at),
    metageneration: 1,
    ...(componentCount === undefined ? {} : { componentCount }),
  };
}

/** Throws unless the caller may create the object, and delete the one that it would replace. */
export function permitWrite(call: GcsCall, bucket: BucketRecord, key: string): void {
  const target = { bucket, object: key };
  permit(call, 'storage.objects.create', target);
  const isReplaced = call.world.core.object(bucket.name, key) !== undefined;
  if (isReplaced) permit(call, 'storage.objects.delete', target);
}

/** Makes stored bytes an object, in one step with its checks; a refusal drops the bytes. */
export function commitObject(
  call: GcsCall,
  bucket: BucketRecord,
  made: NewObject,
  conditions: Preconditions,
): ObjectRecord {
  const { core } = call.world;
  try {
    if (!call.world.shelf.buckets.has(bucket.name)) throw new GcsError('notFound');
    requirePreconditions(conditions, core.object(bucket.name, made.key));
    permitWrite(call, bucket, made.key);
    const record = newObjectRecord(call, made);
    core.putObject(bucket.name, record);
    return record;
  } catch (error) {
    core.dropUnreferenced(made.segments);
    throw error;
  }
}

/**
 * The object, when the caller may `permission` it. A missing one is 404 only for callers that may
 * list it, else 403: who may not list must not learn what is there.
 */
export function findObject(
  call: GcsCall,
  bucket: BucketRecord,
  key: string,
  permission: 'storage.objects.get' | 'storage.objects.update' | 'storage.objects.delete',
): ObjectRecord | undefined {
  const target = { bucket, object: key };
  permit(call, permission, target);
  const object = call.world.core.object(bucket.name, key);
  if (object === undefined) permit(call, 'storage.objects.list', target);
  return object;
}
