import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

/** Keys of a user, or of a session. */
export interface WireKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface WireRequest {
  readonly method: string;
  /** Path as it goes on the wire, already escaped. */
  readonly path: string;
  /** Parameters, not escaped yet. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly keys: WireKeys;
  /** The instant that the request is signed at; default: now. */
  readonly at?: number;
  readonly service?: 's3' | 'sts' | 'iam';
  /** Instead of the hash of the body. */
  readonly payloadHash?: string;
}

export interface WireReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of the error document; empty when there is none. */
  readonly code: string;
}

const REGION = 'us-east-1';

/** Sends a request that no SDK would send. The signature is made here, with no code of the storage. */
export function sendSigned(endpoint: string, wanted: WireRequest): Promise<WireReply> {
  const { method, body = '', keys, service = 's3' } = wanted;
  const timestamp = amzTimestamp(wanted.at ?? Date.now());
  const bytes = Buffer.from(body as string);
  const payload = wanted.payloadHash ?? sha256(bytes);
  const headers: Record<string, string> = {
    ...wanted.headers,
    host: new URL(endpoint).host,
    'x-amz-date': timestamp,
    'x-amz-content-sha256': payload,
    ...(keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const query = canonicalQuery(wanted.query ?? {});
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim()}\n`).join('');
  const canonical = [method, wanted.path, query, lines, names.join(';'), payload].join('\n');
  const scope = `${timestamp.slice(0, 8)}/${REGION}/${service}/aws4_request`;
  const signature = sign(keys, scope, timestamp, canonical);
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return sendPlain(endpoint, {
    method,
    target: wanted.path + (query === '' ? '' : `?${query}`),
    headers: { ...headers, 'content-length': String(bytes.length), authorization },
    body: bytes,
  });
}

/** A presigned address, by the same signer. */
export function presignedTarget(
  endpoint: string,
  wanted: Pick<WireRequest, 'method' | 'path' | 'keys'> & {
    readonly at: number;
    readonly seconds: number;
  },
): string {
  const { method, path, keys, at, seconds } = wanted;
  const timestamp = amzTimestamp(at);
  const scope = `${timestamp.slice(0, 8)}/${REGION}/s3/aws4_request`;
  const query = canonicalQuery({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${keys.accessKeyId}/${scope}`,
    'X-Amz-Date': timestamp,
    'X-Amz-Expires': String(seconds),
    'X-Amz-SignedHeaders': 'host',
    ...(keys.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': keys.sessionToken }),
  });
  const host = `host:${new URL(endpoint).host}\n`;
  const canonical = [method, path, query, host, 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  return `${path}?${query}&X-Amz-Signature=${sign(keys, scope, timestamp, canonical)}`;
}

/** Sends a request as it is and reads its answer. */
export function sendPlain(
  endpoint: string,
  wanted: {
    readonly method: string;
    readonly target: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Buffer;
  },
): Promise<WireReply> {
  const { hostname, port } = new URL(endpoint);
  const { method, target: path, headers = {}, body } = wanted;
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path, headers, agent: false, timeout: 20_000 };
    const sent = httpRequest(options, (reply) => {
      const pieces: Buffer[] = [];
      reply.on('data', (piece: Buffer) => pieces.push(piece));
      reply.on('error', reject);
      reply.on('end', () => {
        const text = Buffer.concat(pieces).toString('utf8');
        const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? '';
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text, code });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

export function amzTimestamp(at: number): string {
  return new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
}

function sign(keys: WireKeys, scope: string, timestamp: string, canonical: string): string {
  const text = ['AWS4-HMAC-SHA256', timestamp, scope, sha256(Buffer.from(canonical))].join('\n');
  const steps = scope.split('/');
  const key = steps.reduce<Buffer | string>(hmac, `AWS4${keys.secretAccessKey}`);
  return hmac(key, text).toString('hex');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function escapeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`)
    .sort()
    .join('&');
}
