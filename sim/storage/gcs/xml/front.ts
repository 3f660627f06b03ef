import type { FaultRule } from '../../faults/fault-table.ts';
import { decodePercent, type WireRequest } from '../../sigv4/wire-request.ts';
import type { Exchange } from '../../wire/exchange.ts';
import type { GcsReply } from '../call.ts';
import { GcsError, notImplemented } from '../errors.ts';
import { perform } from '../perform.ts';
import type { GcsWorld } from '../world.ts';
import { authenticateXml, claimedKey } from './authenticate.ts';
import { headXmlBucket, listXmlBuckets, listXmlObjects } from './list.ts';
import {
  abortXmlUpload,
  completeXmlUpload,
  createXmlUpload,
  listXmlParts,
  listXmlUploads,
  putXmlPart,
} from './multipart.ts';
import {
  copyXmlObject,
  deleteXmlObject,
  getXmlObject,
  putXmlObject,
  type XmlCall,
} from './objects.ts';
import { sendXmlError, sendXmlFailure } from './send.ts';

interface XmlOperation {
  readonly operation: string;
  readonly parameters: readonly string[];
  handle(call: XmlCall): GcsReply | Promise<GcsReply>;
}

const LIST_PARAMETERS = [
  'prefix',
  'delimiter',
  'max-keys',
  'marker',
  'list-type',
  'continuation-token',
  'start-after',
  'encoding-type',
  'fetch-owner',
];
const REFUSED_HEADERS = [
  /^x-(amz|goog)-(copy-source-)?server-side-/,
  /^x-(amz|goog)-.*encryption/,
  /^x-(amz|goog)-(acl|grant-|tagging|object-lock|trailer|copy-source-if|copy-source-range|resumable)/,
  /^x-amz-(checksum-(?!mode)|sdk-checksum|security-token|decoded)/,
];

/** Answers one request of the XML API; only faults of the storage itself are thrown. */
export async function answerXml(
  exchange: Exchange,
  request: WireRequest,
  world: GcsWorld,
): Promise<void> {
  try {
    await serve(exchange, request, world);
  } catch (error) {
    if (!(error instanceof GcsError)) throw error;
    sendXmlError(exchange, error);
  }
}

async function serve(exchange: Exchange, request: WireRequest, world: GcsWorld): Promise<void> {
  const [bucketText = '', ...rest] = request.rawPath.slice(1).split('/');
  const bucket = decodePercent(bucketText);
  const object = decodePercent(rest.join('/'));
  const query = new Map(request.query);
  Object.assign(exchange.notes, { bucket, key: object, accessKeyId: claimedKey(request) });
  const found = findOperation(request, bucket, object, query);
  exchange.notes.operation = found?.operation ?? 'unknown';
  const fault = world.faults.take(exchange.notes.operation, object);
  if (fault?.kind === 'delay') await world.wait(fault.ms);
  const { caller, payloadSha256 } = authenticateXml(request, world, exchange.at);
  if (caller.credential === 'token') exchange.notes.accessKeyId = caller.email;
  if (fault?.kind === 'error') return sendFault(exchange, fault);
  if (fault?.kind === 'reset' && fault.when !== 'after') return exchange.cut();
  if (found === undefined) throw notImplemented(`${request.method} here`);
  checkRequest(request, query, found.parameters);
  const call: XmlCall = {
    operation: found.operation,
    request,
    query,
    bucket,
    object,
    path: {},
    caller,
    payloadSha256,
    world,
    body: exchange,
    at: exchange.at,
    propagationMs: 0,
  };
  await perform(call, () => found.handle(call), fault);
}

function findOperation(
  request: WireRequest,
  bucket: string,
  object: string,
  query: ReadonlyMap<string, string>,
): XmlOperation | undefined {
  const made = (
    operation: string,
    handle: XmlOperation['handle'],
    parameters: readonly string[] = [],
  ): XmlOperation => ({ operation: `storage.xml.${operation}`, handle, parameters });
  const key = `${request.method} ${bucket === '' ? 'root' : object === '' ? 'bucket' : 'object'}`;
  const hasUpload = query.has('uploadId');
  const isCopy = ['x-amz-copy-source', 'x-goog-copy-source'].some((name) =>
    request.headers.has(name),
  );
  switch (key) {
    case 'GET root':
      return made('listBuckets', listXmlBuckets);
    case 'HEAD bucket':
      return made('headBucket', headXmlBucket);
    case 'GET bucket':
      return query.has('uploads')
        ? made('listUploads', listXmlUploads, ['uploads', 'prefix', 'encoding-type'])
        : made('listObjects', listXmlObjects, LIST_PARAMETERS);
    case 'GET object':
      return hasUpload
        ? made('listParts', listXmlParts, ['uploadId'])
        : made('getObject', getXmlObject);
    case 'HEAD object':
      return made('headObject', getXmlObject);
    case 'PUT object':
      if (hasUpload && isCopy) return undefined;
      if (hasUpload) return made('putPart', putXmlPart, ['uploadId', 'partNumber']);
      return isCopy ? made('copyObject', copyXmlObject) : made('putObject', putXmlObject);
    case 'DELETE object':
      return hasUpload
        ? made('abortUpload', abortXmlUpload, ['uploadId'])
        : made('deleteObject', deleteXmlObject);
    case 'POST object':
      if (query.has('uploads')) return made('createUpload', createXmlUpload, ['uploads']);
      return hasUpload ? made('completeUpload', completeXmlUpload, ['uploadId']) : undefined;
    default:
      return undefined;
  }
}

/** What is not understood could change the meaning of a request: it is refused, not ignored. */
function checkRequest(
  request: WireRequest,
  query: ReadonlyMap<string, string>,
  parameters: readonly string[],
): void {
  for (const name of query.keys()) {
    const isKnown = parameters.includes(name) || name === 'x-id' || /^X-Amz-/.test(name);
    if (!isKnown) throw notImplemented(`the query parameter "${name.slice(0, 60)}"`);
  }
  for (const name of request.headers.keys()) {
    if (REFUSED_HEADERS.some((pattern) => pattern.test(name))) {
      throw notImplemented(`the header ${name.slice(0, 60)}`);
    }
  }
}

function sendFault(exchange: Exchange, fault: Extract<FaultRule, { kind: 'error' }>): void {
  const { status, code, message = 'The server is busy.', retryAfterSeconds: retry } = fault;
  const headers = retry === undefined ? {} : { 'retry-after': String(retry) };
  sendXmlFailure(exchange, status, code, message, headers);
}
