import { createHash, randomBytes } from 'node:crypto';
import { DecisionLog, type RecordedDecision } from '../access/decision-log.ts';
import { type OpenState, openState } from '../core/open-state.ts';
import { createFaultTable, type FaultTable } from '../faults/fault-table.ts';
import { StartError } from '../options.ts';
import { readWireRequest, UriError } from '../sigv4/wire-request.ts';
import { ClientGone, type Exchange } from '../wire/exchange.ts';
import { serveHttp } from '../wire/http-server.ts';
import { bucketOf, isContainerName, readAccounts } from './account.ts';
import { BlockRegister } from './block-register.ts';
import { ContainerShelf } from './container-shelf.ts';
import { clearBucket, newContainer } from './containers.ts';
import { AzureError } from './errors.ts';
import { answerAzure, newEtag } from './front.ts';
import type { AzureStorageOptions } from './options.ts';
import { sendAzureError } from './send.ts';
import type { AzureWorld } from './world.ts';

const SKEW_TOLERANCE_MS = 15 * 60_000;

export interface RunningAzureStorage {
  /** As `http://127.0.0.1:port`; an account answers at `<endpoint>/<account>`. */
  readonly endpoint: string;
  readonly port: number;
  readonly faults: FaultTable;
  /** The containers that there are now, as `account/container`, by name. */
  bucketNames(): readonly string[];
  /** The latest access decisions, oldest first: why each request was allowed or denied. */
  decisions(): readonly RecordedDecision[];
  /** Ends all connections at once, waits for running requests to stop and frees the state. */
  close(): Promise<void>;
}

/**
 * Starts simulated Azure Blob storage and serves until `close`.
 * Throws StartError (port, options) or StateError (state folder).
 */
export async function startAzureStorage(
  options: AzureStorageOptions,
): Promise<RunningAzureStorage> {
  const accounts = readAccounts(options.accounts);
  const containers = new ContainerShelf();
  const state = openState(options.state, containers);
  try {
    const world: AzureWorld = {
      accounts,
      core: state.core,
      containers,
      blocks: new BlockRegister(state.core),
      decisions: new DecisionLog(),
      faults: options.faults ?? createFaultTable(),
      entra: options.entra,
      skewToleranceMs: options.skewToleranceMs ?? SKEW_TOLERANCE_MS,
      isSecure: options.tls !== undefined,
      wait: options.wait ?? (() => Promise.resolve()),
    };
    finishDeletions(world);
    makeContainers(options, world);
    return await serve(options, world, state);
  } catch (error) {
    state.close();
    throw error;
  }
}

/** A process that was killed while it made or deleted a container left half of it. */
function finishDeletions({ core, containers }: AzureWorld): void {
  for (const bucket of core.bucketNames()) {
    if (containers.find(bucket) === undefined) clearBucket(core, bucket);
  }
}

function makeContainers(options: AzureStorageOptions, world: AzureWorld): void {
  for (const account of options.accounts) {
    for (const name of account.containers ?? []) {
      if (!isContainerName(name)) {
        throw new StartError('options.invalid', `"${name}" is no container name of Azure`);
      }
      const bucket = bucketOf(account.name, name);
      if (world.containers.find(bucket) !== undefined) continue;
      const at = options.clock.now();
      world.core.createBucket(bucket, at);
      world.containers.set(newContainer(bucket, { etag: newEtag(world), at, metadata: {} }));
    }
  }
}

async function serve(
  options: AzureStorageOptions,
  world: AzureWorld,
  state: OpenState,
): Promise<RunningAzureStorage> {
  const random = options.random ?? ((bytes: number) => randomBytes(bytes));
  const server = await serveHttp({
    ...options,
    now: () => options.clock.now(),
    requestIdOf: (count) => requestIdOf(random(8), count),
    requestIdHeader: 'x-ms-request-id',
    answer: (exchange) => answer(exchange, world),
    onClosed: () => state.close(),
  });
  return {
    endpoint: server.endpoint,
    port: server.port,
    faults: world.faults,
    bucketNames: () => world.containers.all().map(({ bucket }) => bucket),
    decisions: () => world.decisions.latest(),
    close: () => server.close(),
  };
}

/** In the form of a GUID, as Azure's are. */
function requestIdOf(random: Buffer, count: number): string {
  const hex = createHash('sha256').update(random).update(String(count)).digest('hex').slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

async function answer(exchange: Exchange, world: AzureWorld): Promise<void> {
  const empty = { method: '', rawPath: '/', query: [], headers: new Map<string, string[]>() };
  let request = empty as Parameters<typeof answerAzure>[1];
  try {
    request = readWireRequest(exchange.message);
    await answerAzure(exchange, request, world);
  } catch (error) {
    if (error instanceof UriError) {
      return sendAzureError(exchange, request, new AzureError('InvalidUri'));
    }
    // A fault of ours: the client is told so when it still can be, and the fault is reported.
    if (!(error instanceof ClientGone) && !exchange.hasBegunAnswer) {
      sendAzureError(exchange, request, new AzureError('InternalError'));
    }
    throw error;
  }
}
