import type { FaultRule } from '../faults/fault-table.ts';
import { authenticate } from '../sigv4/authenticate.ts';
import { readAuthorization } from '../sigv4/authorization.ts';
import { sha256Hex } from '../sigv4/canonical.ts';
import { header, parseForm, UriError, type WireRequest } from '../sigv4/wire-request.ts';
import type { Exchange } from '../wire/exchange.ts';
import type { StorageWorld } from '../wire/world.ts';
import { branch, leaf, plainDocument, type Xml } from '../wire/xml.ts';
import { assumeRole, type StsCall } from './assume-role.ts';
import { stsAuthenticationError } from './authentication-errors.ts';
import { StsError } from './errors.ts';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const API_VERSION = '2011-06-15';
const FORM_BYTES_MAX = 64 * 1024;
const ACTIONS = ['AssumeRole', 'GetCallerIdentity'];

/** STS speaks the query protocol: a form, posted to the root of the same address. */
export function isStsRequest(request: WireRequest): boolean {
  const type = header(request, 'content-type') ?? '';
  return (
    request.method === 'POST' &&
    request.rawPath === '/' &&
    type.toLowerCase().startsWith('application/x-www-form-urlencoded')
  );
}

/** Answers one STS request; only faults of the storage itself are thrown. */
export async function answerSts(
  exchange: Exchange,
  request: WireRequest,
  world: StorageWorld,
): Promise<void> {
  try {
    const { call, action } = await prepare(exchange, request, world);
    const fault = world.faults.take(action, '');
    if (fault?.kind === 'error') return sendFault(exchange, fault);
    if (fault?.kind === 'reset' && fault.when !== 'after') return exchange.cut();
    const result = act(world, call, action, fault);
    if (fault?.kind === 'reset') return exchange.cut();
    send(exchange, 200, `${action}Response`, result, metadata(exchange));
  } catch (error) {
    const refusal =
      error instanceof UriError ? new StsError('ValidationError', error.message) : error;
    if (!(refusal instanceof StsError)) throw error;
    sendStsError(exchange, refusal);
  }
}

async function prepare(
  exchange: Exchange,
  request: WireRequest,
  world: StorageWorld,
): Promise<{ call: StsCall; action: string }> {
  const body = await readForm(exchange);
  const claimed = readAuthorization(request);
  if (claimed !== undefined && 'scope' in claimed) {
    exchange.notes.accessKeyId = claimed.scope.accessKeyId;
  }
  const parameters = new Map(parseForm(body.toString('latin1')));
  const action = parameters.get('Action') ?? '';
  const isKnown = ACTIONS.includes(action);
  if (isKnown) exchange.notes.operation = action;
  const sender = authenticate(request, sha256Hex(body), {
    accounts: world.accounts,
    now: exchange.at,
    region: world.region,
    service: 'sts',
  });
  if ('failure' in sender) throw stsAuthenticationError(sender, exchange.at);
  if (action === '') throw new StsError('MissingAction', 'Action is missing from the request');
  if (!isKnown || parameters.get('Version') !== API_VERSION) {
    throw new StsError(
      'InvalidAction',
      'Could not find the operation that the request names for version 2011-06-15',
    );
  }
  parameters.delete('Action');
  parameters.delete('Version');
  const { at, requestId } = exchange;
  return { call: { at, requestId, principal: sender.principal, parameters }, action };
}

async function readForm(exchange: Exchange): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  await exchange.consume((piece) => {
    bytes += piece.length;
    if (bytes > FORM_BYTES_MAX) throw new StsError('ValidationError', 'The request is too large');
    pieces.push(piece);
    return undefined;
  });
  return Buffer.concat(pieces);
}

function act(
  world: StorageWorld,
  call: StsCall,
  action: string,
  fault: FaultRule | undefined,
): Xml {
  if (action === 'AssumeRole') {
    return assumeRole(world, call, fault?.kind === 'delayKeyPropagation' ? fault.ms : 0);
  }
  const { arn, userId, accountId } = call.principal;
  return branch(
    'GetCallerIdentityResult',
    leaf('Arn', arn),
    leaf('UserId', userId),
    leaf('Account', accountId),
  );
}

function metadata(exchange: Exchange): Xml {
  return branch('ResponseMetadata', leaf('RequestId', exchange.requestId));
}

function sendFault(exchange: Exchange, fault: Extract<FaultRule, { kind: 'error' }>): void {
  const retry = fault.retryAfterSeconds;
  const headers: Record<string, string> =
    retry === undefined ? {} : { 'retry-after': String(retry) };
  sendError(exchange, fault.status, fault.code, fault.message ?? 'Rate exceeded', headers);
}

export function sendStsError(exchange: Exchange, error: StsError): void {
  sendError(exchange, error.status, error.code, error.message, {});
}

function sendError(
  exchange: Exchange,
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>>,
): void {
  exchange.notes.code = code;
  const type = status >= 500 ? 'Receiver' : 'Sender';
  const error = branch('Error', leaf('Type', type), leaf('Code', code), leaf('Message', message));
  const requestId = leaf('RequestId', exchange.requestId);
  send(exchange, status, 'ErrorResponse', error, requestId, headers);
}

function send(
  exchange: Exchange,
  status: number,
  root: string,
  first: Xml,
  second: Xml,
  headers: Readonly<Record<string, string>> = {},
): void {
  const inner = first.xml + second.xml;
  const document = plainDocument({ xml: `<${root} xmlns="${NAMESPACE}">${inner}</${root}>` });
  exchange.send(status, { ...headers, 'content-type': 'text/xml' }, document);
}
