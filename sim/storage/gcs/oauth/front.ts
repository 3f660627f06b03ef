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
import { exchangeToken, grantToken } from './token-endpoints.ts';
import { bearerCaller } from './tokens.ts';

type Handler = (call: GcsCall) => Promise<Record<string, unknown>>;

interface Endpoint {
  readonly operation: string;
  readonly handle: Handler;
  /** The account in the path; the token endpoints have none. */
  readonly email?: string;
}

/** The endpoint of a token that a request means; throws UriError. */
export function findTokenEndpoint(request: WireRequest): Endpoint | undefined {
  if (request.method !== 'POST') return undefined;
  if (request.rawPath === '/token') return { operation: 'oauth2.token', handle: grantToken };
  if (request.rawPath === '/v1/token') return { operation: 'sts.token', handle: exchangeToken };
  const match = /^\/v1\/projects\/-\/serviceAccounts\/([^/]+):generateAccessToken$/.exec(
    request.rawPath,
  );
  if (match === null) return undefined;
  const operation = 'iamcredentials.generateAccessToken';
  return { operation, handle: generateAccessToken, email: decodePercent(match[1]!) };
}

/** Answers a request for a token; only faults of the storage itself are thrown. */
export async function answerToken(
  exchange: Exchange,
  request: WireRequest,
  world: GcsWorld,
  endpoint: Endpoint,
): Promise<void> {
  const { operation, email } = endpoint;
  exchange.notes.operation = operation;
  const fault = world.faults.take(operation, '');
  if (fault?.kind === 'delay') await world.wait(fault.ms);
  if (fault?.kind === 'error') return sendFault(exchange, fault, email !== undefined);
  if (fault?.kind === 'reset' && fault.when !== 'after') return exchange.cut();
  try {
    const call: GcsCall = {
      operation,
      request,
      query: new Map(request.query),
      bucket: '',
      object: '',
      path: email === undefined ? {} : { email },
      caller: email === undefined ? ANONYMOUS : callerOf(world, request, exchange.at),
      world,
      body: exchange,
      at: exchange.at,
      propagationMs: fault?.kind === 'delayKeyPropagation' ? fault.ms : 0,
    };
    if (email !== undefined) exchange.notes.accessKeyId = call.caller.email;
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
