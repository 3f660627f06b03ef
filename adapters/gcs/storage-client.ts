import { randomUUID } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { type Bucket, type File, IdempotencyStrategy, Storage } from '@google-cloud/storage';
import { AuthClient, type gaxios } from 'google-auth-library';
import { checkedKey, queryText } from './addresses.ts';
import type { RequestTarget } from './errors.ts';
import { documentOf, findDocument } from './object-info.ts';
import type { GcsRequests, OpenAnswer } from './requests.ts';
import type { HttpRequest } from './transport.ts';

/** What one operation of the SDK is about; it travels with each request that the SDK makes of it. */
export interface SdkCall {
  /** The API's method, for people. */
  readonly operation: string;
  readonly target: RequestTarget;
  readonly signal?: AbortSignal | undefined;
  /** Told of the answer to a download before its first byte is read. */
  readonly onOpen?: (answer: OpenAnswer) => void;
}

/** Google's SDK for one bucket: it makes the requests, `GcsRequests` sends them. */
export interface StorageClient {
  readonly requests: GcsRequests;
  file(key: string, call: SdkCall): File;
  bucket(call: SdkCall): Bucket;
}

type SdkRequest = Parameters<Storage['request']>[0];
type SdkCallback = Parameters<Storage['request']>[1];
interface RequestPart {
  readonly 'Content-Type'?: string;
  readonly body: string | Readable;
}

const CALL = Symbol('what the operation is about');

function callOf(options: object): SdkCall {
  const call = (options as { [CALL]?: SdkCall })[CALL];
  if (call === undefined) throw new Error('the SDK sends what nobody asked for');
  return call;
}

/** By the SDK's own means, an interceptor: what it gives back is the request, with our mark on it. */
function marking(call: SdkCall) {
  return { request: (options: object) => ({ ...(options as SdkRequest), [CALL]: call }) };
}

/**
 * The SDK as it comes sends in three ways: by a process-wide pool without a way to stop a request,
 * through whatever proxy the environment names; by the client that authorises; and, for chunks of an
 * upload to an endpoint that is not Google's, by a bare `fetch`. Here all that is sent passes one
 * door, `GcsRequests`: it has the pool that `close` frees, the signal, the token, and C16.
 */
export function createStorageClient(requests: GcsRequests): StorageClient {
  const storage = new HeldStorage(requests);
  const bucketFor = (call: SdkCall): Bucket => {
    const bucket = storage.bucket(requests.bucket);
    bucket.interceptors.push(marking(call));
    return bucket;
  };
  return {
    requests,
    bucket: bucketFor,
    file: (key, call) => bucketFor(call).file(checkedKey(key)),
  };
}

class HeldStorage extends Storage {
  constructor(requests: GcsRequests) {
    const { endpoint } = requests;
    super({
      apiEndpoint: endpoint,
      authClient: new HeldAuthClient(requests),
      // Else the SDK leaves the client that authorises out where the endpoint is not Google's.
      useAuthWithCustomEndpoint: true,
      // Nothing retries inside. `maxRetries: 0` alone means three to the SDK.
      retryOptions: {
        autoRetry: false,
        maxRetries: 0,
        retryableErrorFn: () => false,
        idempotencyStrategy: IdempotencyStrategy.RetryNever,
      },
    });
    // I39: the SDK prefers an address that STORAGE_EMULATOR_HOST names to the one it was given.
    this.apiEndpoint = endpoint;
    this.baseUrl = `${endpoint}/storage/v1`;
    const { authClient, getCredentials } = this.makeAuthenticatedRequest;
    const send = (options: SdkRequest, callback?: SdkCallback) =>
      callback === undefined
        ? sendDownload(requests, options)
        : sendWhole(requests, options, callback);
    this.makeAuthenticatedRequest = Object.assign(send, {
      authClient,
      getCredentials,
    }) as unknown as Storage['makeAuthenticatedRequest'];
  }
}

/** Begins upload sessions: the one kind of request that the SDK sends by its `AuthClient`. */
class HeldAuthClient extends AuthClient {
  readonly #requests: GcsRequests;

  constructor(requests: GcsRequests) {
    super();
    this.#requests = requests;
  }

  async request<Data>(options: gaxios.GaxiosOptions): gaxios.GaxiosPromise<Data> {
    const { operation, target, signal } = callOf(options);
    const { method, url, params, data, headers } = options;
    const answer = await this.#requests.send({
      operation,
      target,
      signal,
      request: {
        method: method as HttpRequest['method'],
        url: `${url}${queryText(params ?? {})}`,
        headers: { ...plainHeaders(headers), 'content-type': 'application/json' },
        body: JSON.stringify(data),
      },
    });
    const { status, headers: answered } = answer;
    return { status, headers: answered, data: {} } as gaxios.GaxiosResponse<Data>;
  }

  /** A token that is given away would be used around the door. */
  getRequestHeaders(): never {
    throw new Error('the SDK has no business with the token');
  }

  getAccessToken(): never {
    throw new Error('the SDK has no business with the token');
  }
}

/** A request whose answer is read whole. A callback of the SDK that throws is told so itself. */
function sendWhole(requests: GcsRequests, options: SdkRequest, callback: SdkCallback): void {
  const run = async (): Promise<void> => {
    const { operation, target, signal } = callOf(options);
    const request = await requestOf(options);
    const answer = await requests.send({ operation, target, signal, request });
    // What a put is answered is judged by its checksum; a removal is answered nothing.
    const isAsked = request.method === 'GET';
    callback(null, isAsked ? documentOf(answer, operation) : (findDocument(answer) ?? {}));
  };
  run().catch(callback);
}

/**
 * A request whose answer is a stream. What the SDK gets is only told of it; the body goes on to the
 * reader that it has made.
 */
function sendDownload(requests: GcsRequests, options: SdkRequest): PassThrough {
  const telling = new PassThrough();
  const run = async (): Promise<void> => {
    const { operation, target, signal, onOpen } = callOf(options);
    const request = await requestOf(options);
    const answer = await requests.open({ operation, target, signal, request });
    onOpen?.(answer);
    const headers = Object.fromEntries(answer.headers);
    telling.emit('response', Object.assign(answer.body, { toJSON: () => ({ headers }) }));
  };
  run().catch((thrown) => telling.emit('error', thrown));
  return telling;
}

async function requestOf(options: SdkRequest): Promise<HttpRequest> {
  const { method = 'GET', uri, qs, headers } = options;
  const { autoPaginate: _notForTheStorage, ...query } = (qs ?? {}) as Record<string, unknown>;
  const request = {
    method: method as HttpRequest['method'],
    url: `${uri}${queryText(query)}`,
    headers: plainHeaders(headers),
  };
  const { multipart } = options as { readonly multipart?: readonly RequestPart[] };
  if (multipart === undefined) return request;
  const boundary = randomUUID();
  const contentType = `multipart/related; boundary=${boundary}`;
  return {
    ...request,
    headers: { ...request.headers, 'content-type': contentType },
    body: await multipartBody(multipart, boundary),
  };
}

/** A resource and the bytes of a small object, which the SDK gives as a stream of what it was given. */
async function multipartBody(parts: readonly RequestPart[], boundary: string) {
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    pieces.push(Buffer.from(`--${boundary}\r\ncontent-type: ${part['Content-Type']}\r\n\r\n`));
    if (typeof part.body === 'string') pieces.push(Buffer.from(part.body));
    else for await (const chunk of part.body) pieces.push(chunk);
    pieces.push(Buffer.from('\r\n'));
  }
  pieces.push(Buffer.from(`--${boundary}--`));
  return Buffer.concat(pieces);
}

/** In lower case, so that the transport's own replace the SDK's. */
function plainHeaders(headers: unknown): Record<string, string> {
  const pairs = headers instanceof Headers ? [...headers] : Object.entries(headers ?? {});
  return Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), String(value)]));
}
