import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import {
  AnonymousCredential,
  BlobServiceClient,
  newPipeline,
  type RequestPolicyFactory,
  type WebResource,
} from '@azure/storage-blob';
import type { Clock } from '../../machines/ports/clock.ts';
import type { Secret } from '../../machines/ports/secret.ts';
import {
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { signSharedKey } from './shared-key.ts';

const IDLE_SOCKET_TIMEOUT_MS = 60_000;

/** Proves who sends a request, just before it goes out. */
export type Authorize = (request: WebResource) => void;

/** Where the account answers; only Azure itself can be found by the account's name alone. */
export function accountEndpoint(location: StorageLocation, account: string | null): string {
  if (location.endpoint !== null) return location.endpoint.replace(/\/+$/, '');
  if (account === null) throw new Error('a SAS does not name its account: give the endpoint');
  return `https://${account}.blob.core.windows.net`;
}

/** The account's name, as a SAS signs it: the path of an IP endpoint, else the host's first part. */
export function accountOf(endpoint: string): string {
  const url = new URL(endpoint);
  const [inPath] = url.pathname.split('/').filter((name) => name !== '');
  return inPath ?? url.hostname.split('.')[0] ?? '';
}

/** One keep-alive pool of a store; an answer that stands still for a minute is broken off. */
export function createAgent(endpoint: string, socketsMax: number): HttpAgent | HttpsAgent {
  const options = { keepAlive: true, maxSockets: socketsMax, timeout: IDLE_SOCKET_TIMEOUT_MS };
  const agent = endpoint.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options);
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (connection, callback) => {
    const socket = create(connection, callback);
    socket?.once('timeout', () => breakOff(socket));
    return socket;
  };
  return agent;
}

function breakOff(socket: Duplex): void {
  socket.destroy(Object.assign(new Error('no byte came for a minute'), { code: 'ETIMEDOUT' }));
}

/** Signs with the account key at the injected clock. The key is read at each signature. */
export function authorizeByKey(credential: StorageCredential, clock: Clock): Authorize {
  const { keyId: account, accountKey: key } = requireCredential('azure-account-key', credential);
  return (request) => signSharedKey(request, { account, key, now: clock.now() });
}

/** Adds one of the two SAS to the address; a client is made without it, so that it keeps none. */
export function authorizeBySas(
  credential: StorageCredential,
  field: 'folderSas' | 'configSas',
): Authorize {
  const sas = requireCredential('azure-sas', credential)[field];
  return (request) => {
    const joint = request.url.includes('?') ? '&' : '?';
    request.url = sas.use((text) => `${request.url}${joint}${text}`);
  };
}

/** A token of Entra ID. Whoever reads it has it, so it goes over TLS or stays on this machine. */
export function authorizeByToken(token: Secret): Authorize {
  return (request) => {
    token.use((text) => request.headers.set('authorization', `Bearer ${text}`));
  };
}

export function isLoopback(endpoint: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(endpoint).hostname);
}

/**
 * A client of the SDK that does one attempt a call and takes nothing from the environment: the
 * agent is our own, which also keeps the SDK from using a proxy that a variable names (I39).
 */
export function createServiceClient(
  endpoint: string,
  agent: HttpAgent | HttpsAgent,
  authorize: Authorize,
): BlobServiceClient {
  const factory: RequestPolicyFactory = {
    create: (next) => ({
      sendRequest(request) {
        request.agent = agent;
        authorize(request);
        return next.sendRequest(request);
      },
    }),
  };
  // A redirect would take what proves the sender to another host.
  const options = { retryOptions: { maxTries: 1 }, redirectOptions: { maxRetries: 0 } };
  const pipeline = newPipeline(new AnonymousCredential(), options);
  pipeline.factories.push(factory);
  return new BlobServiceClient(endpoint, pipeline);
}
