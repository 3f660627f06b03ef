import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
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
import { ClientGone, Exchange } from './wire/exchange.ts';
import type { StorageWorld } from './wire/world.ts';

const KEEP_ALIVE_MS = 120_000;
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
  const running = new Set<Promise<void>>();
  const sockets = new Set<Socket>();
  let requests = 0;
  const accept = (
    message: IncomingMessage,
    response: ServerResponse,
    awaitsContinue: boolean,
  ): void => {
    requests += 1;
    const requestId = createHash('sha256')
      .update(world.random(8))
      .update(String(requests))
      .digest('hex')
      .slice(0, 16)
      .toUpperCase();
    const at = world.now() + world.faults.takeSkew();
    const details = { at, requestId, awaitsContinue };
    const work = handle(new Exchange(message, response, details), options, world);
    running.add(work);
    void work.finally(() => running.delete(work));
  };
  const settings = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 };
  const { tls } = options;
  const server: Server =
    tls === undefined ? createServer(settings) : createTlsServer({ ...settings, ...tls });
  server.on('request', (message, response) => accept(message, response, false));
  server.on('checkContinue', (message, response) => accept(message, response, true));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const host = options.host ?? '127.0.0.1';
  await listen(server, host, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    endpoint: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    faults: world.faults,
    decisions: () => world.decisions.latest(),
    issueKeys: (request) => issueOwnerKeys(world, request),
    close: () => {
      closing ??= closeAll(server, sockets, running).then(() => state.close());
      return closing;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) => {
      const isTaken = error.code === 'EADDRINUSE';
      const reason = isTaken ? 'the port is in use; choose another' : error.message;
      const code = isTaken ? 'port.in-use' : 'port.refused';
      reject(new StartError(code, `cannot listen on ${host}:${port}: ${reason}`));
    });
    server.listen(port, host, () => resolve());
  });
}

async function closeAll(
  server: Server,
  sockets: ReadonlySet<Socket>,
  running: ReadonlySet<Promise<void>>,
): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeAllConnections();
  for (const socket of sockets) socket.destroy();
  await closed;
  // Requests notice the broken connection; their last writes must end before the state is freed.
  await Promise.allSettled([...running]);
}

async function handle(
  exchange: Exchange,
  options: StorageOptions,
  world: StorageWorld,
): Promise<void> {
  try {
    await answer(exchange, world);
  } catch (error) {
    if (!(error instanceof ClientGone)) {
      const report = options.onInternalError ?? ((cause) => process.emitWarning(cause as Error));
      report(error);
    }
    if (!exchange.hasEndedAnswer) exchange.cut();
  }
  const { notes, at, requestId, status, bytesIn, bytesOut } = exchange;
  options.onRequest?.({
    at,
    requestId,
    method: exchange.message.method ?? '',
    status,
    bytesIn,
    bytesOut,
    ...notes,
  });
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
