import { type Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface Pools {
  readonly http: Agent;
  readonly https: Agent;
}

interface FetchSettings {
  readonly method?: string;
  readonly headers?: Headers;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal;
}

/**
 * `fetch` for Google's client over Node's own HTTP, the same on Node and on Bun: with pools that can be
 * closed, no proxy from the environment (I39), no redirects, and no silent second attempt, which
 * Bun's `fetch` makes when a connection breaks.
 */
export function createNodeFetch(pools: Pools): typeof fetch {
  const send = (input: unknown, settings: FetchSettings = {}): Promise<Response> =>
    new Promise((resolve, reject) => {
      const { method = 'GET', body, signal } = settings;
      const url = new URL(String(input));
      const isSecure = url.protocol === 'https:';
      const headers = Object.fromEntries(settings.headers ?? []);
      if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
      const agent = isSecure ? pools.https : pools.http;
      const request = (isSecure ? requestHttps : requestHttp)(url, { method, headers, agent });
      let answer: IncomingMessage | null = null;
      const stop = () => {
        const reason = Object.assign(new Error('stopped'), { code: 'AbortError' });
        answer?.destroy(reason);
        request.destroy(reason);
        reject(reason);
      };
      if (signal?.aborted === true) return stop();
      signal?.addEventListener('abort', stop, { once: true });
      request.on('error', reject);
      request.on('response', (message) => {
        answer = message;
        message.on('close', () => signal?.removeEventListener('abort', stop));
        resolve(responseOf(message));
      });
      request.end(body);
    });
  return send as typeof fetch;
}

/** As much of a `Response` as Google's client reads of one whose body is taken as a stream. */
function responseOf(message: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  const status = message.statusCode ?? 0;
  // Nobody reads the body of an answer that has none; unread, it would keep the connection.
  if (status === 204) message.resume();
  return {
    status,
    ok: status >= 200 && status < 300,
    headers,
    body: message,
  } as unknown as Response;
}
