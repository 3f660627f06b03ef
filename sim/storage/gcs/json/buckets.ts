import { isoInstant } from '../../core/instants.ts';
import {
  type GcsCall,
  type GcsReply,
  permit,
  permitInProject,
  requireBucket,
  wholeNumber,
} from '../call.ts';
import { GcsError, notImplemented } from '../errors.ts';
import { isBucketName } from '../names.ts';
import { readPreconditions } from '../objects/preconditions.ts';
import { originOf } from '../objects/resource.ts';
import type { BucketRecord } from '../shelf.ts';
import { receiveResource } from './body.ts';

const ITEMS_MAX = 1000;
const OUTPUT_MEMBERS = (
  'kind id selfLink projectNumber metageneration etag timeCreated updated locationType satisfiesPZS ' +
  'generation name location storageClass labels iamConfiguration'
).split(' ');
/** What a bucket may say about features that do not exist here: that they are off. */
const OFF_MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  versioning: (value) => member(value, 'enabled') !== true,
  softDeletePolicy: (value) => String(member(value, 'retentionDurationSeconds') ?? '0') === '0',
  hierarchicalNamespace: (value) => member(value, 'enabled') !== true,
  billing: (value) => member(value, 'requesterPays') !== true,
  defaultEventBasedHold: (value) => value !== true,
};

export function newBucket(
  made: Pick<BucketRecord, 'name' | 'projectId' | 'hasUniformAccess'> & Partial<BucketRecord>,
  at: number,
): BucketRecord {
  return {
    createdAt: at,
    updatedAt: at,
    metageneration: 1,
    location: 'US',
    storageClass: 'STANDARD',
    labels: {},
    policy: { version: 1, revision: 1, bindings: [] },
    ...made,
  };
}

export function bucketResource(call: GcsCall, bucket: BucketRecord): Record<string, unknown> {
  const { name, createdAt, updatedAt, metageneration, labels } = bucket;
  return {
    kind: 'storage#bucket',
    id: name,
    selfLink: `${originOf(call)}/storage/v1/b/${name}`,
    name,
    location: bucket.location,
    locationType: 'multi-region',
    storageClass: bucket.storageClass,
    metageneration: String(metageneration),
    etag: Buffer.from(String(metageneration)).toString('base64'),
    timeCreated: isoInstant(createdAt),
    updated: isoInstant(updatedAt),
    iamConfiguration: {
      uniformBucketLevelAccess: { enabled: bucket.hasUniformAccess },
      bucketPolicyOnly: { enabled: bucket.hasUniformAccess },
      publicAccessPrevention: 'inherited',
    },
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}

export function getBucket(call: GcsCall): GcsReply {
  const bucket = requireBucket(call);
  permit(call, 'storage.buckets.get', { bucket });
  requireBucketConditions(call, bucket);
  return { status: 200, json: bucketResource(call, bucket) };
}

export function listBuckets(call: GcsCall): GcsReply {
  const projectId = requireProject(call);
  permitInProject(call, 'storage.buckets.list', projectId);
  const prefix = call.query.get('prefix') ?? '';
  const after = Buffer.from(call.query.get('pageToken') ?? '', 'base64').toString('utf8');
  const max = Math.min(
    wholeNumber(call, 'maxResults', { min: 1, max: 2 ** 31 - 1 }) ?? ITEMS_MAX,
    ITEMS_MAX,
  );
  const all = [...call.world.shelf.buckets.values()]
    .filter(({ name, projectId: owner }) => owner === projectId && name.startsWith(prefix))
    .filter(({ name }) => name > after)
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  const page = all.slice(0, max);
  const last = page.at(-1);
  const next =
    all.length > page.length && last !== undefined
      ? { nextPageToken: Buffer.from(last.name).toString('base64') }
      : {};
  const items = page.map((bucket) => bucketResource(call, bucket));
  return {
    status: 200,
    json: { kind: 'storage#buckets', ...next, ...(items.length === 0 ? {} : { items }) },
  };
}

export async function insertBucket(call: GcsCall): Promise<GcsReply> {
  const resource = await receiveResource(call);
  const projectId = requireProject(call);
  permitInProject(call, 'storage.buckets.create', projectId);
  for (const name of ['predefinedAcl', 'predefinedDefaultObjectAcl']) {
    if (call.query.has(name)) throw notImplemented('access control lists');
  }
  const { name } = resource;
  if (typeof name !== 'string' || !isBucketName(name)) {
    throw new GcsError('invalid', `Invalid bucket name: '${String(name)}'`);
  }
  if (call.world.shelf.buckets.has(name)) {
    throw new GcsError(
      'conflict',
      'Your previous request to create the named bucket succeeded and you already own it.',
    );
  }
  const bucket = changed(
    newBucket({ name, projectId, hasUniformAccess: false }, call.at),
    resource,
  );
  call.world.core.createBucket(name, call.at);
  call.world.shelf.commit({ type: 'bucket.set', bucket });
  return { status: 200, json: bucketResource(call, bucket) };
}

export async function patchBucket(call: GcsCall): Promise<GcsReply> {
  const resource = await receiveResource(call);
  const before = requireBucket(call);
  permit(call, 'storage.buckets.update', { bucket: before });
  requireBucketConditions(call, before);
  const bucket: BucketRecord = {
    ...changed(before, resource),
    metageneration: before.metageneration + 1,
    updatedAt: call.at,
  };
  const hasConditions = bucket.policy.version === 3;
  if (hasConditions && !bucket.hasUniformAccess) {
    throw new GcsError('conditionNotMet', 'The bucket has conditional bindings.');
  }
  call.world.shelf.commit({ type: 'bucket.set', bucket });
  return { status: 200, json: bucketResource(call, bucket) };
}

export function deleteBucket(call: GcsCall): GcsReply {
  const bucket = requireBucket(call);
  permit(call, 'storage.buckets.delete', { bucket });
  requireBucketConditions(call, bucket);
  const { core, shelf } = call.world;
  for (const _key of core.keysFrom(bucket.name, '')) {
    throw new GcsError('conflict', 'The bucket you tried to delete is not empty.');
  }
  for (const { uploadId } of core.uploadsOf(bucket.name)) {
    if (shelf.sessions.has(uploadId)) shelf.commit({ type: 'session.removed', uploadId });
  }
  // The shelf decides what exists: a kill in between leaves objects' room, which a start clears.
  shelf.commit({ type: 'bucket.removed', name: bucket.name });
  core.deleteBucket(bucket.name);
  return { status: 204 };
}

function requireProject(call: GcsCall): string {
  const project = call.query.get('project');
  if (project === undefined) throw new GcsError('required', 'Required parameter: project');
  if (!call.world.projects.has(project)) {
    throw new GcsError('invalid', `Unknown project id: ${project.slice(0, 100)}`);
  }
  return project;
}

function requireBucketConditions(call: GcsCall, bucket: BucketRecord): void {
  const { ifMetagenerationMatch, ifMetagenerationNotMatch } = readPreconditions(call.query);
  const actual = BigInt(bucket.metageneration);
  const isMissed = ifMetagenerationMatch !== undefined && BigInt(ifMetagenerationMatch) !== actual;
  const isSame =
    ifMetagenerationNotMatch !== undefined && BigInt(ifMetagenerationNotMatch) === actual;
  if (isMissed || isSame) throw new GcsError('conditionNotMet');
}

function changed(before: BucketRecord, resource: Readonly<Record<string, unknown>>): BucketRecord {
  for (const [name, value] of Object.entries(resource)) {
    if (OUTPUT_MEMBERS.includes(name)) continue;
    const isOff = Object.hasOwn(OFF_MEMBERS, name) ? OFF_MEMBERS[name] : undefined;
    if (value !== null && isOff?.(value) !== true) {
      throw notImplemented(`the member "${name.slice(0, 60)}" of a bucket`);
    }
  }
  const { location, storageClass, labels, iamConfiguration } = resource;
  const access = member(iamConfiguration, 'uniformBucketLevelAccess');
  const enabled = member(access, 'enabled');
  const prevention = member(iamConfiguration, 'publicAccessPrevention');
  if (prevention === 'enforced') throw notImplemented('public access prevention');
  return {
    ...before,
    ...(typeof location === 'string' ? { location: location.toUpperCase() } : {}),
    ...(typeof storageClass === 'string' ? { storageClass } : {}),
    ...(typeof enabled === 'boolean' ? { hasUniformAccess: enabled } : {}),
    labels: changedLabels(before.labels, labels),
  };
}

function changedLabels(
  before: Readonly<Record<string, string>>,
  value: unknown,
): Readonly<Record<string, string>> {
  if (value === undefined) return before;
  if (value === null) return {};
  if (typeof value !== 'object') throw new GcsError('invalid', 'labels is an object.');
  const after = new Map(Object.entries(before));
  for (const [name, text] of Object.entries(value)) {
    if (text === null) after.delete(name);
    else if (typeof text === 'string' && /^[\p{Ll}\p{N}_-]{0,63}$/u.test(text))
      after.set(name, text);
    else throw new GcsError('invalid', `Invalid value for label "${name.slice(0, 60)}".`);
  }
  return Object.fromEntries(after);
}

function member(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isObject ? (value as Record<string, unknown>)[name] : undefined;
}
