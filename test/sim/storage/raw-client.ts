import { connect } from 'node:net';
import { amzDate } from '../../../sim/storage/core/instants.ts';
import {
  canonicalQuery,
  canonicalRequest,
  EMPTY_SHA256,
  type SignatureScope,
  scopeText,
  sha256Hex,
  signHex,
  signingKey,
  stringToSign,
} from '../../../sim/storage/sigv4/canonical.ts';
import { parseForm, type WireRequest } from '../../../sim/storage/sigv4/wire-request.ts';
import { ADMIN, type Keys } from './lab.ts';

export interface RawRequest {
  method: string;
  /** Target as it goes on the wire, with the query. */
  path: string;
  at: number;
  body?: Buffer;
  /** Sent and signed. */
  headers?: Record<string, string>;
  /** Sent but not signed. */
  unsigned?: Record<string, string>;
  payloadHash?: string;
  keys?: Keys;
  service?: string;
}

export interface SignedRaw {
  bytes: Buffer;
  scope: SignatureScope;
  key: Buffer;
  signature: string;
}

/** A signed request as bytes, for what no SDK would send. */
export function signRequest(request: RawRequest): Buffer {
  return buildRequest(request).bytes;
}

export function buildRequest(request: RawRequest): SignedRaw {
  const keys = request.keys ?? ADMIN;
  const body = request.body ?? Buffer.alloc(0);
  const payload = request.payloadHash ?? (body.length === 0 ? EMPTY_SHA256 : sha256Hex(body));
  const headers: Record<string, string> = {
    host: 'storage.test',
    'x-amz-date': amzDate(request.at),
    'x-amz-content-sha256': payload,
    ...(keys.sessionToken ? { 'x-amz-security-token': keys.sessionToken } : {}),
    ...request.headers,
  };
  const scope = scopeOf(keys, request.at, request.service ?? 's3');
  const wire = toWire(request.method, request.path, headers);
  const names = Object.keys(headers).sort();
  const key = signingKey(keys.secretAccessKey, scope);
  const signature = signHex(key, stringToSign(scope, canonicalRequest(wire, names, payload)));
  const all: Record<string, string> = {
    ...headers,
    ...(body.length > 0 ? { 'content-length': String(body.length) } : {}),
    ...request.unsigned,
    authorization:
      `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scopeText(scope)}, ` +
      `SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
  return { bytes: message(request, all, body), scope, key, signature };
}

/** A presigned target. */
export function presign(
  path: string,
  at: number,
  seconds: number,
  keys: Keys = ADMIN,
  method: 'GET' | 'PUT' = 'GET',
): string {
  const scope = scopeOf(keys, at, 's3');
  const query: [string, string][] = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${keys.accessKeyId}/${scopeText(scope)}`],
    ['X-Amz-Date', scope.timestamp],
    ['X-Amz-Expires', String(seconds)],
    ['X-Amz-SignedHeaders', 'host'],
    ...(keys.sessionToken ? [['X-Amz-Security-Token', keys.sessionToken] as [string, string]] : []),
  ];
  const target = `${path}?${canonicalQuery(query)}`;
  const wire = toWire(method, target, { host: 'storage.test' });
  const canonical = canonicalRequest(wire, ['host'], 'UNSIGNED-PAYLOAD');
  const key = signingKey(keys.secretAccessKey, scope);
  return `${target}&X-Amz-Signature=${signHex(key, stringToSign(scope, canonical))}`;
}

export function plainRequest(method: string, path: string): Buffer {
  return message({ method, path }, { host: 'storage.test' }, Buffer.alloc(0));
}

function scopeOf(keys: Keys, at: number, service: string): SignatureScope {
  const timestamp = amzDate(at);
  const { accessKeyId } = keys;
  return { accessKeyId, day: timestamp.slice(0, 8), region: 'us-east-1', service, timestamp };
}

function toWire(method: string, path: string, headers: Record<string, string>): WireRequest {
  const [rawPath = '', query = ''] = path.split('?', 2);
  const entries = Object.entries(headers).map(([name, value]) => [name, [value]] as const);
  return { method, rawPath, query: parseForm(query), headers: new Map(entries) };
}

function message(
  request: { method: string; path: string },
  headers: Record<string, string>,
  body: Buffer,
): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${request.method} ${request.path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

export interface RawReply {
  status: number;
  /** Of the error document, or empty. */
  code: string;
  text: string;
}

/** Sends bytes over a fresh connection and reads one reply, or status 0 when the line is cut. */
export function sendRaw(port: number, bytes: Buffer): Promise<RawReply> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const finish = (): void => {
      socket.destroy();
      const status = Number(/HTTP\/1\.1 (\d{3}) (?!Continue)/.exec(text)?.[1] ?? 0);
      resolve({ status, code: /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? '', text });
    };
    socket.on('data', (data) => {
      text += data.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(text)?.[1];
      const isHead = bytes.subarray(0, 4).toString() === 'HEAD';
      if (head >= 0 && length !== undefined) {
        if (isHead || text.length >= head + 4 + Number(length)) finish();
      } else if (head >= 0 && / (204|304) /.test(text)) finish();
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.write(bytes);
  });
}
