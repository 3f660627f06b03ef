import type { FaultRule } from '../../faults/fault-table.ts';
import { decodePercent, header, type WireRequest } from '../../sigv4/wire-request.ts';
import type { Exchange } from '../../wire/exchange.ts';
import { ANONYMOUS, type Caller } from '../access/caller.ts';
import type { GcsCall } from '../call.ts';
import { GcsError } from '../errors.ts';
import { perform } from '../perform.ts';
import type { GcsWorld } from '../world.ts';
import { IamError, OauthError } from './errors.ts';
import { generateAccessToken } from './generate-access-token.ts';
import {
  createServiceAccount,
  deleteServiceAccount,
  listServiceAccounts,
} from './service-accounts.ts';
import { exchangeToken, grantToken } from './token-endpoints.ts';
import { bearerCaller } from './tokens.ts';

type Handler = (call: GcsCall) => Promise<Record<string, unknown>>;

interface Endpoint {
  readonly operation: string;
  readonly handle: Handler;
  /** Parts of the path of the IAM APIs, which want a login; the token endpoints have none. */
  readonly path?: Readonly<Record<string, string>>;
}

const IAM_ROUTES = [
  {
    method: 'POST',
    pattern: /^\/v1\/projects\/-\/serviceAccounts\/(?<email>[^/]+):generateAccessToken$/,
    operation: 'iamcredentials.generateAccessToken',
    handle: generateAccessToken,
  },
  {
    method: 'POST',
    pattern: /^\/v1\/projects\/(?<projectId>[^/]+)\/serviceAccounts$/,
    operation: 'iam.serviceAccounts.create',
    handle: createServiceAccount,
  },
  {
    method: 'GET',
    pattern: /^\/v1\/projects\/(?<projectId>[^/]+)\/serviceAccounts$/,
    operation: 'iam.serviceAccounts.list',
    handle: listServiceAccounts,
  },
  {
    method: 'DELETE',
    pattern: /^\/v1\/projects\/(?<projectId>[^/]+)\/serviceAccounts\/(?<email>[^/:]+)$/,
    operation: 'iam.serviceAccounts.delete',
    handle: deleteServiceAccount,
  },
] as const;

/** The token endpoint or the call of an IAM API that a request means; throws UriError. */
export function findTokenEndpoint(request: WireRequest): Endpoint | undefined {
  if (request.method === 'POST') {
    if (request.rawPath === '/token') return { operation: 'oauth2.token', handle: grantToken };
    if (request.rawPath === '/v1/token') return { operation: 'sts.token', handle: exchangeToken };
  }
  for (const { method, pattern, operation, handle } of IAM_ROUTES) {
    const match = method === request.method ? pattern.exec(request.rawPath) : null;
    if (match === null) continue;
    const parts = Object.entries(match.groups ?? {});
    const path = Object.fromEntries(parts.map(([name, text]) => [name, decodePercent(text)]));
    return { operation, handle, path };
  }
  return undefined;
}

/** Answers a request for a token; only faults of the storage itself are thrown. */
export async function answerToken(
  exchange: Exchange,
  request: WireRequest,
  world: GcsWorld,
  endpoint: Endpoint,
): Promise<void> {
  const { operation, path } = endpoint;
  const isIam = path !== undefined;
  exchange.notes.operation = operation;
  const fault = world.faults.take(operation, '');
  if (fault?.kind === 'delay') await world.wait(fault.ms);
  if (fault?.kind === 'error') return sendFault(exchange, fault, isIam);
  if (fault?.kind === 'reset' && fault.when !== 'after') return exchange.cut();
  try {
    const call: GcsCall = {
      operation,
      request,
      query: new Map(request.query),
      bucket: '',
      object: '',
      path: path ?? {},
      caller: isIam ? callerOf(world, request, exchange.at) : ANONYMOUS,
      world,
      body: exchange,
      at: exchange.at,
      propagationMs: fault?.kind === 'delayKeyPropagation' ? fault.ms : 0,
    };
    if (isIam) exchange.notes.accessKeyId = call.caller.email;
    const answer = async (): Promise<{ status: number; json: unknown }> => ({
      status: 200,
      json: await endpoint.handle(call),
    });
    await perform(call, answer, fault);
  } catch (error) {
    sendError(exchange, error);
  }
}

function callerOf(world: GcsWorld, request: WireRequest, at: number): Caller {
  const authorization = header(request, 'authorization');
  if (authorization === undefined) return ANONYMOUS;
  try {
    return bearerCaller(world.shelf, authorization, at);
  } catch (error) {
    if (!(error instanceof GcsError)) throw error;
    throw new IamError(
      401,
      'UNAUTHENTICATED',
      'Request had invalid authentication credentials. Expected OAuth 2 access token.',
    );
  }
}

function sendError(exchange: Exchange, error: unknown): void {
  if (error instanceof OauthError) {
    exchange.notes.code = error.code;
    sendJson(exchange, error.status, { error: error.code, error_description: error.message });
    return;
  }
  if (error instanceof IamError) {
    exchange.notes.code = error.word;
    const { status: code, message, word: status } = error;
    sendJson(exchange, code, { error: { code, message, status } });
    return;
  }
  if (!(error instanceof GcsError)) throw error;
  exchange.notes.code = 'invalid_request';
  sendJson(exchange, error.status, {
    error: 'invalid_request',
    error_description: error.message,
  });
}

function sendFault(
  exchange: Exchange,
  fault: Extract<FaultRule, { kind: 'error' }>,
  isIam: boolean,
): void {
  const { code, status, message = 'The server is busy.', retryAfterSeconds: retry } = fault;
  exchange.notes.code = code;
  const headers = retry === undefined ? {} : { 'retry-after': String(retry) };
  const body = isIam
    ? { error: { code: status, message, status: code } }
    : { error: code, error_description: message };
  sendJson(exchange, status, body, headers);
}

function sendJson(
  exchange: Exchange,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const type = { 'content-type': 'application/json; charset=UTF-8' };
  exchange.send(status, { ...type, ...headers }, JSON.stringify(body));
}
