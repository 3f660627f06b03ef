import { createHmac, randomBytes } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import {
  AnonymousCredential,
  BlobServiceClient,
  type ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  RestError,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import {
  type EntraOptions,
  issueEntraToken,
  startAzureStorage,
} from '../../../sim/storage/azure/index.ts';
import { makeSelfSigned } from '../../../sim/storage/control/self-signed.ts';
import type { AzuriteServer } from '../servers/azurite.ts';
import { type Answer, answerOf } from './check.ts';

const MINUTE_MS = 60_000;

interface AzureServer {
  /** Of the account's blob service, over TLS. */
  readonly endpoint: string;
  readonly accountName: string;
  readonly accountKey: string;
  readonly certificate: string;
  moveClock(offsetMs: number): void;
  stop(): Promise<void>;
}

export interface SasWords {
  readonly permissions?: string;
  readonly blob?: string;
  readonly startsInMs?: number;
  readonly endsInMs?: number | null;
  readonly identifier?: string;
  readonly ipRange?: string;
  readonly key?: StorageSharedKeyCredential;
}

/** An Azure Blob server and the official client in front of it. */
export class AzureTarget {
  readonly endpoint: string;
  readonly accountName: string;
  readonly accountKey: string;
  readonly certificate: string;
  readonly key: StorageSharedKeyCredential;
  readonly #server: AzureServer;
  #containers = 0;

  constructor(server: AzureServer) {
    this.#server = server;
    this.endpoint = server.endpoint;
    this.accountName = server.accountName;
    this.accountKey = server.accountKey;
    this.certificate = server.certificate;
    this.key = new StorageSharedKeyCredential(server.accountName, server.accountKey);
  }

  /** Runs with the server's clock moved, and moves it back. The owner's client stays at real time. */
  async at<Result>(offsetMs: number, run: () => Promise<Result>): Promise<Result> {
    this.#server.moveClock(offsetMs);
    try {
      return await run();
    } finally {
      this.#server.moveClock(0);
    }
  }

  service(key: StorageSharedKeyCredential = this.key): BlobServiceClient {
    return new BlobServiceClient(this.endpoint, key, this.#options());
  }

  /** A fresh container of the owner. */
  async container(): Promise<ContainerClient> {
    this.#containers += 1;
    const container = this.service().getContainerClient(`wire-${this.#containers}`);
    await container.create();
    return container;
  }

  /** The same container by the query string of a SAS. */
  bySas(container: string, query: string): ContainerClient {
    const url = `${this.endpoint}?${query}`;
    const service = new BlobServiceClient(url, new AnonymousCredential(), this.#options());
    return service.getContainerClient(container);
  }

  byToken(token: string): BlobServiceClient {
    const credential = {
      getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 10 * MINUTE_MS }),
    };
    return new BlobServiceClient(this.endpoint, credential, this.#options());
  }

  /** A bearer token of one who may write and delegate; its life begins so long from now. */
  token(issuedInMs = 0): string {
    return issueEntraToken(ENTRA, OWNER, Date.now() + issuedInMs).token;
  }

  /** The query string of a service SAS; a container SAS unless it names a blob. */
  sas(containerName: string, words: SasWords = {}): string {
    const { permissions = 'racwdl', blob, startsInMs, endsInMs = 15 * MINUTE_MS } = words;
    const { identifier, ipRange, key = this.key } = words;
    const values = {
      containerName,
      ...(blob === undefined ? {} : { blobName: blob }),
      ...(permissions === '' ? {} : { permissions: ContainerSASPermissions.parse(permissions) }),
      ...(startsInMs === undefined ? {} : { startsOn: new Date(Date.now() + startsInMs) }),
      ...(endsInMs === null ? {} : { expiresOn: new Date(Date.now() + endsInMs) }),
      ...(identifier === undefined ? {} : { identifier }),
      ...(ipRange === undefined ? {} : { ipRange: { start: ipRange } }),
    };
    return generateBlobSASQueryParameters(values, key).toString();
  }

  /** A request that no client would send; `at` is the instant that its date says. */
  async send(wanted: {
    readonly method: string;
    readonly path: string;
    readonly query?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly at?: number;
    readonly isSigned?: boolean;
  }): Promise<Answer> {
    const { method, path, query = {}, headers = {}, isSigned = true } = wanted;
    const url = new URL(`${this.endpoint}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const all: Record<string, string> = {
      ...headers,
      'x-ms-date': new Date(wanted.at ?? Date.now()).toUTCString(),
      'x-ms-version': '2021-12-02',
    };
    if (isSigned) all.authorization = this.#authorization(method, url, query, all);
    return new Promise((resolve, reject) => {
      const options = { method, headers: all, ca: this.certificate, agent: false };
      const sent = httpsRequest(url, options, (reply) => {
        reply.resume();
        reply.on('end', () => {
          const code = reply.headers['x-ms-error-code'];
          resolve(`${reply.statusCode}${code === undefined ? '' : ` ${code}`}`);
        });
      });
      sent.setTimeout(20_000, () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
      sent.on('error', reject);
      sent.end();
    });
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  #authorization(
    method: string,
    url: URL,
    query: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
  ): string {
    const named = Object.keys(headers).filter((name) => name.startsWith('x-ms-'));
    const lines = named.sort().map((name) => `${name}:${headers[name]}`);
    const resource = Object.keys(query)
      .sort()
      .map((name) => `${name}:${query[name]}`);
    // Twelve standard headers, none of which is sent; the account stands in the path a second time.
    const parts = [method, ...Array<string>(11).fill(''), ...lines];
    const text = [...parts, `/${this.accountName}${url.pathname}`, ...resource].join('\n');
    const key = Buffer.from(this.accountKey, 'base64');
    const signature = createHmac('sha256', key).update(text).digest('base64');
    return `SharedKey ${this.accountName}:${signature}`;
  }

  #options(): StoragePipelineOptions {
    const trusting = { retryOptions: { maxTries: 1 }, tlsOptions: { ca: this.certificate } };
    return trusting;
  }
}

const OWNER = {
  clientId: 'wire-owner',
  clientSecret: 'not secret',
  objectId: '11111111-1111-4111-8111-111111111111',
  roles: ['Storage Blob Data Owner'],
} as const;
const ENTRA: EntraOptions = {
  tenantId: '99999999-9999-4999-8999-999999999999',
  signingSecret: 'signs the tokens',
  applications: [OWNER],
};

export function azuriteTarget(server: AzuriteServer): AzureTarget {
  const { endpoint, credentials, certificate = '' } = server;
  return new AzureTarget({
    endpoint,
    ...credentials,
    certificate,
    moveClock: (offsetMs) => server.moveClock(offsetMs),
    stop: () => server.stop(),
  });
}

export async function oursAzureTarget(): Promise<AzureTarget> {
  let offsetMs = 0;
  const accountName = 'fortnight';
  const accountKey = randomBytes(64).toString('base64');
  const tls = makeSelfSigned(randomBytes);
  const storage = await startAzureStorage({
    clock: { now: () => Date.now() + offsetMs },
    state: { kind: 'memory' },
    accounts: [{ name: accountName, key: accountKey }],
    entra: ENTRA,
    tls,
  });
  return new AzureTarget({
    endpoint: `${storage.endpoint}/${accountName}`,
    accountName,
    accountKey,
    certificate: tls.cert,
    moveClock: (moved) => {
      offsetMs = moved;
    },
    stop: () => storage.close(),
  });
}

interface AzureReply {
  readonly _response: { readonly status: number };
}

/** The answer that a call of the client got, with fields of a reply that was no error. */
export async function outcome<Reply extends AzureReply>(
  call: Promise<Reply>,
  fields: (
    reply: Reply,
  ) => Readonly<Record<string, unknown>> | Promise<Record<string, unknown>> = () => ({}),
): Promise<Answer> {
  let reply: Reply;
  try {
    reply = await call;
  } catch (error) {
    if (!(error instanceof RestError) || error.statusCode === undefined) throw error;
    const details = error.details as { errorCode?: string } | undefined;
    const code = details?.errorCode ?? error.response?.headers.get('x-ms-error-code') ?? error.code;
    return code === undefined ? String(error.statusCode) : `${error.statusCode} ${code}`;
  }
  return answerOf(reply._response.status, await fields(reply));
}

/** Several answers after one another. */
export async function answers(calls: readonly (() => Promise<Answer>)[]): Promise<Answer> {
  const all: Answer[] = [];
  for (const call of calls) all.push(await call());
  return all.join(' then ');
}

export async function textOf(body: NodeJS.ReadableStream | undefined): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of body ?? []) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
}
