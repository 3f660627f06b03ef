import { combineChecksums } from '../../core/combine-checksums.ts';
import type { ObjectRecord } from '../../core/records.ts';
import { type GcsCall, type GcsReply, requireBucket } from '../call.ts';
import { GcsError } from '../errors.ts';
import { isObjectName } from '../names.ts';
import { changeAttributes, NO_ATTRIBUTES } from '../objects/attributes.ts';
import { readPreconditions, requirePreconditions } from '../objects/preconditions.ts';
import { md5Base64, objectResource } from '../objects/resource.ts';
import { commitObject, findObject } from '../objects/store.ts';
import { receiveResource } from './body.ts';
import { requireGeneration } from './objects.ts';

const COMPOSE_SOURCES_MAX = 32;

/** Copies in one step: this storage never needs a second call for the rest. */
export async function rewriteObject(call: GcsCall): Promise<GcsReply> {
  const { bucket, record } = await copy(call);
  return {
    status: 200,
    json: {
      kind: 'storage#rewriteResponse',
      totalBytesRewritten: String(record.size),
      objectSize: String(record.size),
      done: true,
      resource: objectResource(call, bucket, record),
    },
  };
}

export async function copyObject(call: GcsCall): Promise<GcsReply> {
  const { bucket, record } = await copy(call);
  return { status: 200, json: objectResource(call, bucket, record) };
}

async function copy(call: GcsCall): Promise<{ bucket: string; record: ObjectRecord }> {
  const resource = await receiveResource(call);
  const from = requireBucket(call);
  const into = requireBucket(call, call.path.destinationBucket ?? '');
  const key = call.path.destinationObject ?? '';
  if (!isObjectName(key)) throw new GcsError('invalid', 'Invalid destination object name.');
  const found = findObject(call, from, call.object, 'storage.objects.get');
  const wanted = call.query.get('sourceGeneration');
  const source = requireGeneration(found, wanted, from.name, call.object);
  requirePreconditions(readPreconditions(call.query, 'source'), source);
  // A resource in the body stands for all attributes of the copy; none means those of the source.
  const isReplaced = Object.keys(resource).length > 0;
  const attributes = changeAttributes(isReplaced ? NO_ATTRIBUTES : source, resource);
  const md5 = md5Base64(source);
  const made = {
    key,
    attributes,
    size: source.size,
    crc32c: source.checksum?.value ?? '',
    segments: source.segments,
    ...(md5 === undefined ? {} : { md5 }),
    ...(source.componentCount === undefined ? {} : { componentCount: source.componentCount }),
  };
  const record = commitObject(call, into, made, readPreconditions(call.query));
  return { bucket: into.name, record };
}

/** Makes one object of up to 32 objects of the same bucket, without copying their bytes. */
export async function composeObject(call: GcsCall): Promise<GcsReply> {
  const request = await receiveResource(call);
  const bucket = requireBucket(call);
  if (!isObjectName(call.object)) throw new GcsError('invalid', 'Invalid object name.');
  const { sourceObjects, destination } = request;
  if (!Array.isArray(sourceObjects) || sourceObjects.length < 1) {
    throw new GcsError('required', 'You must provide at least one source component.');
  }
  if (sourceObjects.length > COMPOSE_SOURCES_MAX) {
    throw new GcsError(
      'invalid',
      `The number of source components provided (${sourceObjects.length}) exceeds the maximum ` +
        `(${COMPOSE_SOURCES_MAX})`,
    );
  }
  const sources = sourceObjects.map((entry: unknown) => {
    const { name, generation, objectPreconditions } = asRecord(entry);
    if (typeof name !== 'string') throw new GcsError('required', 'Each source needs a name.');
    const found = findObject(call, bucket, name, 'storage.objects.get');
    const wanted = generation === undefined ? undefined : String(generation);
    const source = requireGeneration(found, wanted, bucket.name, name);
    if (objectPreconditions !== undefined) {
      const { ifGenerationMatch } = asRecord(objectPreconditions);
      const query = new Map([['ifGenerationMatch', String(ifGenerationMatch)]]);
      requirePreconditions(readPreconditions(query), source);
    }
    return source;
  });
  const parts = sources.map(({ checksum, size }) => ({ value: checksum?.value ?? '', size }));
  const made = {
    key: call.object,
    attributes: changeAttributes(
      NO_ATTRIBUTES,
      destination === undefined ? {} : asRecord(destination),
    ),
    size: sources.reduce((sum, source) => sum + source.size, 0),
    crc32c: combineChecksums('CRC32C', 'FULL_OBJECT', parts),
    segments: sources.flatMap((source) => source.segments),
    componentCount: sources.reduce((sum, source) => sum + (source.componentCount ?? 1), 0),
  };
  const record = commitObject(call, bucket, made, readPreconditions(call.query));
  return { status: 200, json: objectResource(call, bucket.name, record) };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new GcsError('invalid', 'An object is expected here.');
}
