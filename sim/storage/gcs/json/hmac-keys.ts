import { keysFromSeed } from '../../access/make-keys.ts';
import { isoInstant } from '../../core/instants.ts';
import { type GcsCall, type GcsReply, permitInProject, wholeNumber } from '../call.ts';
import { GcsError } from '../errors.ts';
import { originOf } from '../objects/resource.ts';
import type { HmacKeyRecord, HmacState } from '../shelf.ts';
import { receiveResource } from './body.ts';

/** What one service account may have at a time. */
const KEYS_MAX = 10;
const ITEMS_MAX = 250;

/** Makes a key; its secret is in this answer and in no other. */
export function createHmacKey(call: GcsCall): GcsReply {
  const projectId = projectOf(call);
  permitInProject(call, 'storage.hmacKeys.create', projectId);
  const email = call.query.get('serviceAccountEmail');
  if (email === undefined)
    throw new GcsError('required', 'Required parameter: serviceAccountEmail');
  const { accounts, shelf } = call.world;
  if (accounts.get(email)?.projectId !== projectId) {
    throw new GcsError('notFound', 'Service Account not found.');
  }
  const living = [...shelf.hmacKeys.values()].filter(
    (key) => key.email === email && key.state !== 'DELETED',
  );
  if (living.length >= KEYS_MAX) {
    throw new GcsError('invalid', 'The service account has the most HMAC keys it can have.');
  }
  const made = makeKey(call);
  const key: HmacKeyRecord = {
    ...made,
    email,
    projectId,
    state: 'ACTIVE',
    createdAt: call.at,
    updatedAt: call.at,
    revision: 1,
    stateBefore: 'UNKNOWN',
    stateEffectiveFrom: call.at + call.propagationMs,
  };
  shelf.commit({ type: 'hmac.set', key });
  return {
    status: 200,
    json: { kind: 'storage#hmacKey', metadata: keyResource(call, key), secret: key.secret },
  };
}

function makeKey(call: GcsCall): { accessId: string; secret: string } {
  const number = Buffer.from(`/${call.world.core.nextNumber()}`);
  const seed = Buffer.concat([call.world.random(32), number]);
  return hmacKeyFromSeed(seed);
}

/** Ids of service accounts have 61 characters and begin with GOOG1E. */
export function hmacKeyFromSeed(seed: Buffer): { accessId: string; secret: string } {
  const letters = ['', '1', '2', '3'].map((part) =>
    keysFromSeed(Buffer.concat([seed, Buffer.from(part)]), 'AKIA').accessKeyId.slice(4),
  );
  const { secretAccessKey } = keysFromSeed(seed, 'AKIA');
  return { accessId: `GOOG1E${letters.join('').slice(0, 55)}`, secret: secretAccessKey };
}

export function getHmacKey(call: GcsCall): GcsReply {
  permitInProject(call, 'storage.hmacKeys.get', projectOf(call));
  return { status: 200, json: keyResource(call, requireKey(call)) };
}

export function listHmacKeys(call: GcsCall): GcsReply {
  const projectId = projectOf(call);
  permitInProject(call, 'storage.hmacKeys.list', projectId);
  const email = call.query.get('serviceAccountEmail');
  const showsDeleted = call.query.get('showDeletedKeys') === 'true';
  const after = call.query.get('pageToken') ?? '';
  const max = wholeNumber(call, 'maxResults', { min: 1, max: 2 ** 31 - 1 }) ?? ITEMS_MAX;
  const all = [...call.world.shelf.hmacKeys.values()]
    .filter((key) => key.projectId === projectId && (showsDeleted || key.state !== 'DELETED'))
    .filter((key) => (email === undefined || key.email === email) && key.accessId > after)
    .sort((left, right) => (left.accessId < right.accessId ? -1 : 1));
  const page = all.slice(0, Math.min(max, ITEMS_MAX));
  const hasMore = all.length > page.length;
  return {
    status: 200,
    json: {
      kind: 'storage#hmacKeysMetadata',
      ...(hasMore ? { nextPageToken: page.at(-1)!.accessId } : {}),
      ...(page.length === 0 ? {} : { items: page.map((key) => keyResource(call, key)) }),
    },
  };
}

export async function updateHmacKey(call: GcsCall): Promise<GcsReply> {
  const { state, etag } = await receiveResource(call);
  permitInProject(call, 'storage.hmacKeys.update', projectOf(call));
  const key = requireKey(call);
  if (state !== 'ACTIVE' && state !== 'INACTIVE') {
    throw new GcsError('invalid', 'The state of a key can be set to ACTIVE or INACTIVE.');
  }
  if (key.state === 'DELETED') throw new GcsError('invalid', 'Cannot update a deleted HMAC key.');
  if (etag !== undefined && etag !== etagOf(key)) throw new GcsError('conditionNotMet');
  return { status: 200, json: keyResource(call, setState(call, key, state)) };
}

/** Only an inactive key can be deleted. */
export function deleteHmacKey(call: GcsCall): GcsReply {
  permitInProject(call, 'storage.hmacKeys.delete', projectOf(call));
  const key = requireKey(call);
  if (key.state === 'DELETED') throw missing();
  if (key.state !== 'INACTIVE') {
    throw new GcsError('invalid', 'Cannot delete keys in ACTIVE state.');
  }
  setState(call, key, 'DELETED');
  return { status: 204 };
}

function setState(call: GcsCall, before: HmacKeyRecord, state: HmacState): HmacKeyRecord {
  const key: HmacKeyRecord = {
    ...before,
    state,
    updatedAt: call.at,
    revision: before.revision + 1,
    stateBefore: effectiveState(before, call.at),
    stateEffectiveFrom: call.at + call.propagationMs,
  };
  call.world.shelf.commit({ type: 'hmac.set', key });
  return key;
}

/** What the state is at an instant, as far as it has spread. */
export function effectiveState(key: HmacKeyRecord, at: number): HmacState | 'UNKNOWN' {
  const { state, stateBefore, stateEffectiveFrom } = key;
  const isOld = stateEffectiveFrom !== undefined && at < stateEffectiveFrom;
  return isOld ? (stateBefore ?? state) : state;
}

function projectOf(call: GcsCall): string {
  const projectId = call.path.projectId ?? '';
  if (!call.world.projects.has(projectId)) {
    throw new GcsError('invalid', `Unknown project id: ${projectId.slice(0, 100)}`);
  }
  return projectId;
}

function requireKey(call: GcsCall): HmacKeyRecord {
  const key = call.world.shelf.hmacKeys.get(call.path.accessId ?? '');
  if (key === undefined || key.projectId !== call.path.projectId) throw missing();
  return key;
}

function missing(): GcsError {
  return new GcsError('notFound', 'Access ID not found.');
}

function etagOf(key: HmacKeyRecord): string {
  return Buffer.from(`key ${key.revision}`).toString('base64');
}

function keyResource(call: GcsCall, key: HmacKeyRecord): Record<string, unknown> {
  const { accessId, projectId, email, state, createdAt, updatedAt } = key;
  return {
    kind: 'storage#hmacKeyMetadata',
    id: `${projectId}/${accessId}`,
    selfLink: `${originOf(call)}/storage/v1/projects/${projectId}/hmacKeys/${accessId}`,
    accessId,
    projectId,
    serviceAccountEmail: email,
    state,
    timeCreated: isoInstant(createdAt),
    updated: isoInstant(updatedAt),
    etag: etagOf(key),
  };
}
