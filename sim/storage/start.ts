import { createHash, randomBytes } from 'node:crypto';
import { Accounts } from './access/accounts.ts';
import { DecisionLog } from './access/decision-log.ts';
import { type OpenState, openState } from './core/open-state.ts';
import { createFaultTable } from './faults/fault-table.ts';
import { type RunningStorage, StartError, type StorageOptions } from './options.ts';
import { PROFILES } from './profiles.ts';
import { QueryError } from './query/errors.ts';
import { answerQuery, isQueryRequest, sendQueryError } from './query/front.ts';
import { isBucketName } from './s3/buckets.ts';
import { S3Error } from './s3/errors.ts';
import { answerS3, sendS3Error } from './s3/front.ts';
import { CLOCK_SKEW_MAX_MS } from './sigv4/authenticate.ts';
import { readWireRequest, UriError, type WireRequest } from './sigv4/wire-request.ts';
import { issueOwnerKeys } from './sts/owner-keys.ts';
import { ClientGone, type Exchange } from './wire/exchange.ts';
import { serveHttp } from './wire/http-server.ts';
import type { StorageWorld } from './wire/world.ts';

const VIRTUAL_HOSTS = ['localhost', 's3.localhost'];

/**
 * Starts a storage system and serves until `close`.
 * Throws StartError (port, options), StateError (state folder) or PolicyError (a policy that is
 * not fully understood).
 */
export async function startStorage(options: StorageOptions): Promise<RunningStorage> {
  checkOptions(options);
  const accounts = new Accounts(options.identities, options.roles);
  const state = openState(options.state, accounts);
  try {
    const world = createWorld(options, accounts, state);
    for (const bucket of options.buckets) world.core.createBucket(bucket, world.now());
    return await serve(options, world, state);
  } catch (error) {
    state.close();
    throw error;
  }
}

function checkOptions(options: StorageOptions): void {
  const bad = options.buckets.find((bucket) => !isBucketName(bucket));
  if (bad !== undefined) {
    throw new StartError('options.invalid', `"${bad}" is no bucket name that S3 allows`);
  }
  const keys = options.identities.map((identity) => identity.accessKeyId);
  if (new Set(keys).size !== keys.length || keys.includes('')) {
    throw new StartError('options.invalid', 'each identity needs an access key id of its own');
  }
}

function createWorld(options: StorageOptions, accounts: Accounts, state: OpenState): StorageWorld {
  const profile = options.profile ?? PROFILES.aws;
  return {
    profile,
    skewMaxMs: options.skewToleranceMs ?? CLOCK_SKEW_MAX_MS,
    virtualHosts: options.virtualHosts ?? VIRTUAL_HOSTS,
    wait: options.wait ?? refuseToWait,
    core: state.core,
    accounts,
    decisions: new DecisionLog(),
    faults: options.faults ?? createFaultTable(),
    region: options.region ?? 'us-east-1',
    longestSessionMs: options.longestSessionMs ?? profile.longestSessionMs,
    now: () => options.clock.now(),
    random: options.random ?? ((bytes) => randomBytes(bytes)),
  };
}

async function refuseToWait(): Promise<void> {
  throw new Error('a fault that delays was set, but the storage was started without `wait`');
}

async function serve(
  options: StorageOptions,
  world: StorageWorld,
  state: OpenState,
): Promise<RunningStorage> {
  const server = await serveHttp({
    ...options,
    now: () => world.now() + world.faults.takeSkew(),
    requestIdOf: (count) => requestIdOf(world.random(8), count),
    answer: (exchange) => answer(exchange, world),
    onClosed: () => state.close(),
  });
  return {
    endpoint: server.endpoint,
    port: server.port,
    faults: world.faults,
    bucketNames: () => world.core.bucketNames(),
    decisions: () => world.decisions.latest(),
    issueKeys: (request) => issueOwnerKeys(world, request),
    close: () => server.close(),
  };
}

function requestIdOf(random: Buffer, count: number): string {
  const hash = createHash('sha256').update(random).update(String(count)).digest('hex');
  return hash.slice(0, 16).toUpperCase();
}

async function answer(exchange: Exchange, world: StorageWorld): Promise<void> {
  let request: WireRequest;
  try {
    request = readWireRequest(exchange.message);
  } catch (error) {
    if (!(error instanceof UriError)) throw error;
    return sendS3Error(exchange, new S3Error('InvalidURI'));
  }
  const isQuery = isQueryRequest(request);
  try {
    await (isQuery ? answerQuery(exchange, request, world) : answerS3(exchange, request, world));
  } catch (error) {
    // MinIO's answer, and no fault of ours: the client may delete something and try again.
    if (!isQuery && isDiskFull(error) && !exchange.hasBegunAnswer) {
      return sendS3Error(exchange, new S3Error('XMinioStorageFull'));
    }
    // A fault of ours: the client is told so when it still can be, and the fault is reported.
    if (!(error instanceof ClientGone) && !exchange.hasBegunAnswer) {
      const failure = new QueryError('InternalFailure', 'internal failure');
      if (isQuery) sendQueryError(exchange, world, failure);
      else sendS3Error(exchange, new S3Error('InternalError'));
    }
    throw error;
  }
}

function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
