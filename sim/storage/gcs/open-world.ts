import { StartError } from '../options.ts';
import { PolicyRefusal, readBindings } from './access/policy.ts';
import { HOUR_MS, TOKEN_LIFETIME_MS_MAX } from './accounts.ts';
import { Generations } from './generations.ts';
import { newBucket } from './json/buckets.ts';
import { isBucketName } from './names.ts';
import type { GcsStorageOptions } from './options.ts';
import type { GcsWorld } from './world.ts';

const SKEW_TOLERANCE_MS = 15 * 60_000;

type Parts = Pick<GcsWorld, 'shelf' | 'core' | 'accounts' | 'decisions' | 'faults' | 'random'>;

/** Checks the options against each other and completes the state. Throws StartError. */
export function createWorld(options: GcsStorageOptions, parts: Parts): GcsWorld {
  const tokenLifetimeMs = options.tokenLifetimeMs ?? HOUR_MS;
  if (tokenLifetimeMs < 1 || tokenLifetimeMs > TOKEN_LIFETIME_MS_MAX) {
    throw new StartError('options.invalid', 'tokens live 12 hours at most');
  }
  const projects = new Map(
    options.projects.map(({ projectId, bindings }) => [projectId, accepted(bindings)]),
  );
  const stranger = options.serviceAccounts.find((account) => !projects.has(account.projectId));
  if (stranger !== undefined) {
    throw new StartError('options.invalid', `${stranger.email} is in an unknown project`);
  }
  finishDeletions(parts);
  makeHmacKeys(options, parts);
  makeBuckets(options, parts);
  return {
    ...parts,
    projects,
    accountAdmins: new Map(
      options.projects.map(({ projectId, accountAdmins = [] }) => [projectId, accountAdmins]),
    ),
    tokenLifetimeMs,
    generations: new Generations(parts.core, parts.shelf),
    skewToleranceMs: options.skewToleranceMs ?? SKEW_TOLERANCE_MS,
    isSecure: options.tls !== undefined,
    wait: options.wait ?? refuseToWait,
  };
}

async function refuseToWait(): Promise<void> {
  throw new Error('a fault that delays was set, but the storage was started without `wait`');
}

/** A process that was killed in the middle of something left half of it. */
function finishDeletions({ core, shelf }: Parts): void {
  for (const name of core.bucketNames()) {
    if (shelf.buckets.has(name)) continue;
    for (const key of [...core.keysFrom(name, '')]) core.deleteObject(name, key);
    core.deleteBucket(name);
  }
  for (const name of shelf.buckets.keys()) {
    if (!core.hasBucket(name)) shelf.commit({ type: 'bucket.removed', name });
  }
  for (const uploadId of [...shelf.sessions.keys()]) {
    if (core.upload(uploadId) === undefined) shelf.commit({ type: 'session.removed', uploadId });
  }
}

function makeBuckets(options: GcsStorageOptions, { core, shelf }: Parts): void {
  const at = options.clock.now();
  for (const wanted of options.buckets ?? []) {
    const { name, uniformBucketLevelAccess: hasUniformAccess = true } = wanted;
    const projectId = wanted.projectId ?? options.projects[0]?.projectId ?? '';
    if (!isBucketName(name)) {
      throw new StartError('options.invalid', `"${name}" is no bucket name of Cloud Storage`);
    }
    if (!options.projects.some((project) => project.projectId === projectId)) {
      throw new StartError('options.invalid', `bucket ${name} is in an unknown project`);
    }
    if (shelf.buckets.has(name)) continue;
    const bindings = accepted(wanted.bindings ?? []);
    const isConditional = bindings.some((binding) => binding.condition !== undefined);
    const policy = { version: isConditional ? 3 : 1, revision: 1, bindings } as const;
    core.createBucket(name, at);
    const bucket = newBucket({ name, projectId, hasUniformAccess, policy }, at);
    shelf.commit({ type: 'bucket.set', bucket });
  }
}

function makeHmacKeys(options: GcsStorageOptions, { shelf }: Parts): void {
  const at = options.clock.now();
  for (const { email, projectId, hmacKeys = [] } of options.serviceAccounts) {
    for (const { accessId, secret } of hmacKeys) {
      if (shelf.hmacKeys.has(accessId)) continue;
      const times = { createdAt: at, updatedAt: at };
      const key = { accessId, secret, email, projectId, state: 'ACTIVE', revision: 1 } as const;
      shelf.commit({ type: 'hmac.set', key: { ...key, ...times } });
    }
  }
}

function accepted(bindings: unknown): ReturnType<typeof readBindings> {
  try {
    return readBindings(bindings);
  } catch (error) {
    if (error instanceof PolicyRefusal) throw new StartError('options.invalid', error.message);
    throw error;
  }
}
