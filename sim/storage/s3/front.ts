import { createHash } from 'node:crypto';
import type { FaultRule } from '../faults/fault-table.ts';
import { type Authenticated, authenticate } from '../sigv4/authenticate.ts';
import { readAuthorization } from '../sigv4/authorization.ts';
import { decodePercent, header, UriError, type WireRequest } from '../sigv4/wire-request.ts';
import type { Exchange } from '../wire/exchange.ts';
import { decide, type StorageWorld } from '../wire/world.ts';
import { branch, leaf, plainDocument } from '../wire/xml.ts';
import { s3AuthenticationError } from './authentication-errors.ts';
import type { S3Call, S3Reply } from './call.ts';
import { checkKeyLength } from './copy-source.ts';
import { S3Error } from './errors.ts';
import { S3_HANDLERS } from './handlers.ts';
import { checkHeaders, resolveOperation, type S3Operation } from './operations.ts';
import { payloadHash } from './payload-mode.ts';
import { authorize } from './permissions.ts';
import { bucketOfHost } from './virtual-host.ts';

/** Answers one S3 request, whatever it is; only faults of the storage itself are thrown. */
export async function answerS3(
  exchange: Exchange,
  request: WireRequest,
  world: StorageWorld,
): Promise<void> {
  try {
    const prepared = prepare(exchange, request, world);
    await perform(exchange, world, prepared);
  } catch (error) {
    const refusal = error instanceof UriError ? new S3Error('InvalidURI') : error;
    if (!(refusal instanceof S3Error)) throw error;
    sendS3Error(exchange, refusal);
  }
}

interface Prepared {
  readonly call: S3Call;
  readonly fault: FaultRule | undefined;
}

/** Sender, operation and rights; the body has not been touched when this is done. */
function prepare(exchange: Exchange, request: WireRequest, world: StorageWorld): Prepared {
  const target = readTarget(request, world.virtualHosts);
  Object.assign(exchange.notes, target);
  const sender = identify(exchange, request, world);
  const query = new Map(request.query);
  const operation = resolveOperation(request, target.bucket, target.key, query);
  exchange.notes.operation = operation;
  checkKeyLength(target.key);
  checkHeaders(request);
  checkOwner(request, sender);
  const fault = world.faults.take(operation, target.key);
  const call = createCall(exchange, world, { operation, request, query, sender, ...target });
  return { call, fault };
}

function readTarget(
  request: WireRequest,
  virtualHosts: readonly string[],
): { bucket: string; key: string } {
  if (!request.rawPath.startsWith('/')) throw new S3Error('InvalidURI');
  const path = request.rawPath.slice(1);
  const hosted = bucketOfHost(header(request, 'host') ?? '', virtualHosts);
  if (hosted !== undefined) return { bucket: hosted, key: decodePercent(path) };
  const slash = path.indexOf('/');
  const bucket = decodePercent(slash < 0 ? path : path.slice(0, slash));
  const key = slash < 0 ? '' : decodePercent(path.slice(slash + 1));
  if (bucket.includes('/')) throw new S3Error('InvalidBucketName');
  return { bucket, key };
}

function identify(exchange: Exchange, request: WireRequest, world: StorageWorld): Authenticated {
  const claimed = readAuthorization(request);
  if (claimed === undefined) throw new S3Error('AccessDenied');
  if ('scope' in claimed) exchange.notes.accessKeyId = claimed.scope.accessKeyId;
  const { region, profile, skewMaxMs } = world;
  const settings = { now: exchange.at, region, profile, skewMaxMs };
  const hash = 'malformed' in claimed ? '' : payloadHash(request);
  const sender = authenticate(request, hash, {
    ...settings,
    accounts: world.accounts,
    service: 's3',
  });
  if ('failure' in sender) throw s3AuthenticationError(sender, settings);
  return sender;
}

function checkOwner(request: WireRequest, sender: Authenticated): void {
  for (const name of ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner']) {
    const expected = header(request, name);
    if (expected !== undefined && expected !== sender.principal.accountId) {
      throw new S3Error('AccessDenied');
    }
  }
}

function createCall(
  exchange: Exchange,
  world: StorageWorld,
  parts: {
    readonly operation: S3Operation;
    readonly request: WireRequest;
    readonly query: ReadonlyMap<string, string>;
    readonly sender: Authenticated;
    readonly bucket: string;
    readonly key: string;
  },
): S3Call {
  return {
    ...parts,
    at: exchange.at,
    body: exchange,
    core: world.core,
    region: world.region,
    uniqueId: () => {
      const unique = createHash('sha256').update(world.random(16));
      return unique.update(String(world.core.nextNumber())).digest('hex').slice(0, 32);
    },
    decide: (action, resource, additions) =>
      decide(world, parts.sender.principal, exchange, {
        action,
        resource,
        ...(additions === undefined ? {} : { additions }),
      }),
  };
}

async function perform(
  exchange: Exchange,
  world: StorageWorld,
  { call, fault }: Prepared,
): Promise<void> {
  if (fault?.kind === 'delay') await world.wait(fault.ms);
  if (fault?.kind === 'error') return sendFault(exchange, fault);
  if (fault?.kind === 'reset' && fault.when !== 'after') return exchange.cut();
  authorize(call);
  const result = S3_HANDLERS[call.operation](call);
  // No pause between a lookup and the first read: in between the object could be replaced, and
  // its bytes are kept only from the first read on.
  const reply = result instanceof Promise ? await result : result;
  if (fault?.kind === 'reset') return exchange.cut();
  await sendReply(exchange, world, reply, fault?.kind === 'corruptBody');
}

async function sendReply(
  exchange: Exchange,
  world: StorageWorld,
  reply: S3Reply,
  isCorrupt: boolean,
): Promise<void> {
  const headers = reply.headers ?? {};
  if (reply.xml !== undefined) {
    return exchange.send(
      reply.status,
      { ...headers, 'content-type': 'application/xml' },
      reply.xml,
    );
  }
  const { content } = reply;
  if (content === undefined || exchange.message.method === 'HEAD') {
    return exchange.send(reply.status, headers);
  }
  const chunks = world.core.read(content.segments, content.offset, content.length);
  await exchange.sendContent(reply.status, headers, isCorrupt ? corrupted(chunks) : chunks);
}

/** Flips the lowest bit of the first byte; the stored bytes are not touched. */
async function* corrupted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of chunks) {
    const copy = isFirst ? Buffer.from(chunk) : chunk;
    if (isFirst) copy[0] = copy[0]! ^ 1;
    isFirst = false;
    yield copy;
  }
}

function sendFault(exchange: Exchange, fault: Extract<FaultRule, { kind: 'error' }>): void {
  exchange.notes.code = fault.code;
  const retry = fault.retryAfterSeconds;
  const headers = retry === undefined ? {} : { 'retry-after': String(retry) };
  const message = fault.message ?? 'Please reduce your request rate.';
  sendErrorDocument(exchange, { status: fault.status, code: fault.code, message, headers });
}

/** Answers with an S3 error document; a HEAD request gets the status alone. */
export function sendS3Error(exchange: Exchange, error: S3Error): void {
  exchange.notes.code = error.code;
  const { status, code, message, details } = error;
  const sizeText = details.ActualObjectSize;
  const headers: Record<string, string> =
    code === 'InvalidRange' ? { 'content-range': `bytes */${sizeText}` } : {};
  sendErrorDocument(exchange, { status, code, message, details, headers });
}

function sendErrorDocument(
  exchange: Exchange,
  error: {
    readonly status: number;
    readonly code: string;
    readonly message: string;
    readonly details?: Readonly<Record<string, string>>;
    readonly headers: Readonly<Record<string, string>>;
  },
): void {
  const { bucket, key } = exchange.notes;
  const details = Object.entries(error.details ?? {}).map(([name, text]) => leaf(name, text));
  const document = branch(
    'Error',
    leaf('Code', error.code),
    leaf('Message', error.message),
    ...details,
    leaf('Resource', key === '' ? `/${bucket}` : `/${bucket}/${key}`),
    leaf('RequestId', exchange.requestId),
  );
  const headers = { ...error.headers, 'content-type': 'application/xml' };
  const isHead = exchange.message.method === 'HEAD';
  exchange.send(error.status, headers, isHead ? '' : plainDocument(document));
}
