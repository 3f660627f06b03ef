import type { FaultRule } from '../../faults/fault-table.ts';
import type { WireRequest } from '../../sigv4/wire-request.ts';
import { header } from '../../sigv4/wire-request.ts';
import type { Exchange } from '../../wire/exchange.ts';
import { ANONYMOUS } from '../access/caller.ts';
import { errorBody, GcsError, notImplemented, wireReason } from '../errors.ts';
import { bearerCaller } from '../oauth/tokens.ts';
import { perform } from '../perform.ts';
import type { GcsWorld } from '../world.ts';
import { findRoute, isKnownToGoogle } from './routes.ts';

const COMMON_PARAMETERS = [
  'alt',
  'fields',
  'key',
  'prettyPrint',
  'projection',
  'quotaUser',
  'userIp',
  'userProject',
];
const REFUSED_HEADERS = /^(x-goog-(copy-source-)?encryption-|x-http-method-override$)/;

const PREFIXES = ['/storage/', '/upload/', '/download/', '/batch/', '/resumable/'];

export function isJsonRequest(request: WireRequest): boolean {
  return PREFIXES.some((prefix) => request.rawPath.startsWith(prefix));
}

/** Answers one request of the JSON API; only faults of the storage itself are thrown. */
export async function answerJson(
  exchange: Exchange,
  request: WireRequest,
  world: GcsWorld,
): Promise<void> {
  try {
    await serve(exchange, request, world);
  } catch (error) {
    if (!(error instanceof GcsError)) throw error;
    sendJsonError(exchange, error);
  }
}

async function serve(exchange: Exchange, request: WireRequest, world: GcsWorld): Promise<void> {
  const query = new Map(request.query);
  const found = findRoute(request, query);
  if (found === undefined) {
    exchange.notes.operation = 'unknown';
    throw isKnownToGoogle(request)
      ? notImplemented(`${request.method} here`)
      : new GcsError('notFound');
  }
  const { route, path } = found;
  const bucket = path.bucket ?? '';
  const object = path.object ?? query.get('name') ?? '';
  Object.assign(exchange.notes, { operation: route.operation, bucket, key: object });
  const fault = world.faults.take(route.operation, object);
  if (fault?.kind === 'delay') await world.wait(fault.ms);
  const authorization = header(request, 'authorization');
  const caller =
    authorization === undefined ? ANONYMOUS : bearerCaller(world.shelf, authorization, exchange.at);
  exchange.notes.accessKeyId = caller.email;
  if (fault?.kind === 'error') return sendFault(exchange, fault);
  if (fault?.kind === 'reset' && fault.when !== 'after') return exchange.cut();
  checkRequest(request, query, route.parameters);
  const call = {
    operation: route.operation,
    request,
    query,
    bucket,
    object: path.object ?? '',
    path,
    caller,
    world,
    body: exchange,
    at: exchange.at,
    propagationMs: fault?.kind === 'delayKeyPropagation' ? fault.ms : 0,
  };
  await perform(call, route.handle, fault);
}

/** What is not understood could change the meaning of a request: it is refused, not ignored. */
function checkRequest(
  request: WireRequest,
  query: ReadonlyMap<string, string>,
  parameters: readonly string[],
): void {
  for (const name of query.keys()) {
    if (!COMMON_PARAMETERS.includes(name) && !parameters.includes(name)) {
      throw notImplemented(`the query parameter "${name.slice(0, 60)}"`);
    }
  }
  const isRepeated = query.size !== request.query.length && !query.has('permissions');
  if (isRepeated) throw new GcsError('invalidParameter', 'A query parameter came twice.');
  const alt = query.get('alt') ?? 'json';
  if (alt !== 'json' && alt !== 'media') throw new GcsError('invalidParameter', 'Invalid alt.');
  const refused = [...request.headers.keys()].find((name) => REFUSED_HEADERS.test(name));
  if (refused !== undefined) throw notImplemented(`the header ${refused}`);
}

export function sendJsonError(exchange: Exchange, error: GcsError): void {
  const reason = wireReason(error.reason);
  exchange.notes.code = reason;
  const body = errorBody(reason, error.status, error.message);
  exchange.send(error.status, { ...JSON_HEADERS, ...error.headers }, body);
}

function sendFault(exchange: Exchange, fault: Extract<FaultRule, { kind: 'error' }>): void {
  const { code, status, message, retryAfterSeconds: retry } = fault;
  exchange.notes.code = code;
  const headers = retry === undefined ? {} : { 'retry-after': String(retry) };
  const body = errorBody(code, status, message ?? 'The server is busy.');
  exchange.send(status, { ...JSON_HEADERS, ...headers }, body);
}

export const JSON_HEADERS = { 'content-type': 'application/json; charset=UTF-8' };
