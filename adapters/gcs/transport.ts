import { type AgentOptions, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { gaxios } from 'google-auth-library';
import { createNodeFetch } from './node-fetch.ts';

const IDLE_SOCKET_TIMEOUT_MS = 60_000;
/** Answers that are read whole; Google's listings of 1,000 objects have about 1 MiB. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array> & { destroy?(): void };
}

/** Google's own HTTP client (`gaxios` of google-auth-library) with what it needs to be held to. */
export interface Transport {
  /** Whatever the status is, it resolves; it rejects where no answer came. */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}

type CreateConnection = (
  options: AgentOptions,
  callback?: (error: Error | null, stream: Duplex) => void,
) => Duplex | null | undefined;

interface Connecting {
  createConnection: CreateConnection;
}

/** An idle connection is cut, also in the middle of an answer: nobody waits for a dead network. */
function cutWhenIdle<Agent extends HttpAgent>(agent: Agent): Agent {
  const connecting = agent as unknown as Connecting;
  const connect = connecting.createConnection.bind(agent);
  connecting.createConnection = (options, callback) => {
    const socket = connect(options, callback);
    socket?.on('timeout', () => {
      socket.destroy(Object.assign(new Error('the connection was idle'), { code: 'ETIMEDOUT' }));
    });
    return socket;
  };
  return agent;
}

/**
 * One keep-alive pool a store, freed by `close`. `Storage` makes its requests and hands them over
 * (`storage-client.ts`). The timeouts are real time: they watch a real network.
 */
export function createTransport(socketsMax: number): Transport {
  const options = { keepAlive: true, maxSockets: socketsMax, timeout: IDLE_SOCKET_TIMEOUT_MS };
  const pools = {
    http: cutWhenIdle(new HttpAgent(options)),
    https: cutWhenIdle(new HttpsAgent(options)),
  };
  const client = new gaxios.Gaxios({
    fetchImplementation: createNodeFetch(pools),
    // An agent also keeps the library from looking for a proxy in the environment.
    agent: pools.https,
    validateStatus: () => true,
  });
  return {
    async send(request, signal) {
      const { method, url, headers, body } = request;
      const answer = await client.request({
        method,
        url,
        // Nobody packs the bytes on the way, so lengths and checksums are those of the object.
        headers: { ...headers, 'accept-encoding': 'identity' },
        ...(body === undefined ? {} : { data: body }),
        responseType: 'stream',
        signal,
      });
      return { status: answer.status, headers: answer.headers, body: bodyOf(answer.data) };
    },
    close() {
      pools.http.destroy();
      pools.https.destroy();
    },
  };
}

/** An answer without a body (204) is an empty text for the library. */
function bodyOf(data: unknown): HttpAnswer['body'] {
  const isStream = typeof data === 'object' && data !== null && Symbol.asyncIterator in data;
  return isStream ? (data as HttpAnswer['body']) : (async function* () {})();
}

/** The whole body as text. Throws RangeError when it is far longer than any that Google sends. */
export async function readText(answer: HttpAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body) {
    length += chunk.byteLength;
    if (length > TEXT_BYTES_MAX) throw new RangeError('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
