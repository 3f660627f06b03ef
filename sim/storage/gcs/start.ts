import { createHash, randomBytes } from 'node:crypto';
import { DecisionLog, type RecordedDecision } from '../access/decision-log.ts';
import { type OpenState, openState } from '../core/open-state.ts';
import { createFaultTable, type FaultTable } from '../faults/fault-table.ts';
import { readWireRequest, UriError } from '../sigv4/wire-request.ts';
import { ClientGone, type Exchange } from '../wire/exchange.ts';
import { serveHttp } from '../wire/http-server.ts';
import { type BoundaryDocument, readBoundary } from './access/boundary.ts';
import { readAccounts } from './accounts.ts';
import { GcsError } from './errors.ts';
import { answerGcs } from './front.ts';
import { sendJsonError } from './json/front.ts';
import { issueToken } from './oauth/tokens.ts';
import { createWorld } from './open-world.ts';
import type { GcsStorageOptions } from './options.ts';
import { GcsShelf } from './shelf.ts';
import type { GcsWorld } from './world.ts';

export const FULL_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** A key file as Google hands it out; it holds the private key. */
export interface ServiceAccountKey {
  readonly type: 'service_account';
  readonly project_id: string;
  readonly private_key_id: string;
  readonly private_key: string;
  readonly client_email: string;
  readonly client_id: string;
  readonly token_uri: string;
}

export interface RunningGcsStorage {
  /** As `http://127.0.0.1:port`; all interfaces answer at the same address. */
  readonly endpoint: string;
  /** `oauth2.googleapis.com/token` and `sts.googleapis.com/v1/token` of this storage. */
  readonly tokenUrl: string;
  readonly exchangeUrl: string;
  readonly port: number;
  readonly faults: FaultTable;
  /** The buckets that there are now, by name. */
  bucketNames(): readonly string[];
  /** The latest access decisions, oldest first: why each request was allowed or denied. */
  decisions(): readonly RecordedDecision[];
  /** The key file of an account with `generateKey`; undefined for other accounts. */
  serviceAccountKey(email: string): ServiceAccountKey | undefined;
  /**
   * Issues a token of an account without a request, as a metadata server would; with a boundary a
   * downscoped one. Throws BoundaryRefusal, and RangeError for an unknown account.
   */
  issueAccessToken(request: {
    readonly email: string;
    readonly lifetimeMs: number;
    readonly boundary?: BoundaryDocument;
    readonly scopes?: readonly string[];
  }): { readonly token: string; readonly expiresAt: number };
  /** Ends all connections at once, waits for running requests to stop and frees the state. */
  close(): Promise<void>;
}

/**
 * Starts simulated Google Cloud Storage and serves until `close`.
 * Throws StartError (port, options) or StateError (state folder).
 */
export async function startGcsStorage(options: GcsStorageOptions): Promise<RunningGcsStorage> {
  const shelf = new GcsShelf();
  const state = openState(options.state, shelf);
  try {
    const world = createWorld(options, {
      shelf,
      core: state.core,
      accounts: readAccounts(options.serviceAccounts, shelf),
      decisions: new DecisionLog(),
      faults: options.faults ?? createFaultTable(),
      random: options.random ?? ((bytes) => randomBytes(bytes)),
    });
    return await serve(options, world, state);
  } catch (error) {
    state.close();
    throw error;
  }
}

async function serve(
  options: GcsStorageOptions,
  world: GcsWorld,
  state: OpenState,
): Promise<RunningGcsStorage> {
  const server = await serveHttp({
    ...options,
    now: () => options.clock.now() + world.faults.takeSkew(),
    requestIdOf: (count) =>
      createHash('sha256')
        .update(world.random(8))
        .update(String(count))
        .digest('base64url')
        .slice(0, 24),
    requestIdHeader: 'x-guploader-uploadid',
    answer: (exchange) => answer(exchange, world),
    onClosed: () => state.close(),
  });
  const { endpoint, port } = server;
  return {
    endpoint,
    tokenUrl: `${endpoint}/token`,
    exchangeUrl: `${endpoint}/v1/token`,
    port,
    faults: world.faults,
    bucketNames: () => world.core.bucketNames(),
    decisions: () => world.decisions.latest(),
    serviceAccountKey: (email) => keyFile(world, email, `${endpoint}/token`),
    issueAccessToken: ({ email, lifetimeMs, boundary, scopes = [FULL_SCOPE] }) => {
      if (!world.accounts.has(email)) throw new RangeError(`there is no account ${email}`);
      if (boundary !== undefined) readBoundary(boundary);
      const at = options.clock.now();
      const expiresAt = at + lifetimeMs;
      const limited = boundary === undefined ? {} : { boundary };
      const request = { email, at, expiresAt, scopes, propagationMs: 0, ...limited };
      return { token: issueToken(world, request), expiresAt };
    },
    close: () => server.close(),
  };
}

function keyFile(world: GcsWorld, email: string, tokenUrl: string): ServiceAccountKey | undefined {
  const account = world.accounts.get(email);
  const key = world.shelf.accountKeys.get(email);
  if (account === undefined || key === undefined) return undefined;
  return {
    type: 'service_account',
    project_id: account.projectId,
    private_key_id: key.keyId,
    private_key: key.privateKey,
    client_email: email,
    client_id: account.uniqueId,
    token_uri: tokenUrl,
  };
}

async function answer(exchange: Exchange, world: GcsWorld): Promise<void> {
  try {
    await answerGcs(exchange, readWireRequest(exchange.message), world);
  } catch (error) {
    if (error instanceof UriError) {
      return sendJsonError(exchange, new GcsError('badRequest', 'The URL is malformed.'));
    }
    // A fault of ours: the client is told so when it still can be, and the fault is reported.
    if (!(error instanceof ClientGone) && !exchange.hasBegunAnswer) {
      sendJsonError(exchange, new GcsError('backendError'));
    }
    throw error;
  }
}
