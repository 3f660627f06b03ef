import type { FaultRule } from '../faults/fault-table.ts';
import { IAM_ACTIONS } from '../iam/actions.ts';
import { authenticate } from '../sigv4/authenticate.ts';
import { type Authorization, readAuthorization } from '../sigv4/authorization.ts';
import { sha256Hex } from '../sigv4/canonical.ts';
import { header, parseForm, UriError, type WireRequest } from '../sigv4/wire-request.ts';
import { STS_ACTIONS } from '../sts/actions.ts';
import type { Exchange } from '../wire/exchange.ts';
import type { StorageWorld } from '../wire/world.ts';
import { branch, leaf, plainDocument, type Xml } from '../wire/xml.ts';
import { queryAuthenticationError } from './authentication-errors.ts';
import type { QueryAction, QueryCall } from './call.ts';
import { QueryError } from './errors.ts';

const FORM_BYTES_MAX = 256 * 1024;

interface QueryService {
  readonly name: 'sts' | 'iam';
  readonly apiVersion: string;
  readonly namespace: string;
  readonly actions: ReadonlyMap<string, QueryAction>;
}

const STS: QueryService = {
  name: 'sts',
  apiVersion: '2011-06-15',
  namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  actions: STS_ACTIONS,
};
const IAM: QueryService = {
  name: 'iam',
  apiVersion: '2010-05-08',
  namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
  actions: IAM_ACTIONS,
};

/** STS and IAM speak the query protocol: a form, posted to the root of the same address. */
export function isQueryRequest(request: WireRequest): boolean {
  const type = header(request, 'content-type') ?? '';
  return (
    request.method === 'POST' &&
    request.rawPath === '/' &&
    type.toLowerCase().startsWith('application/x-www-form-urlencoded')
  );
}

/** Answers one request to STS or IAM; only faults of the storage itself are thrown. */
export async function answerQuery(
  exchange: Exchange,
  request: WireRequest,
  world: StorageWorld,
): Promise<void> {
  let service = STS;
  try {
    const body = await readForm(exchange);
    const parameters = new Map(parseForm(body.toString('latin1')));
    service = chooseService(request, parameters);
    const { call, action, run } = prepare(exchange, request, { world, service, body, parameters });
    const fault = world.faults.take(action, '');
    if (fault?.kind === 'delay') await world.wait(fault.ms);
    if (fault?.kind === 'error') return sendFault(exchange, service, world, fault);
    if (fault?.kind === 'reset' && fault.when !== 'after') return exchange.cut();
    const delayMs = fault?.kind === 'delayKeyPropagation' ? fault.ms : call.keyDelayMs;
    const result = run(world, { ...call, keyDelayMs: delayMs });
    if (fault?.kind === 'reset') return exchange.cut();
    const metadata = branch('ResponseMetadata', leaf('RequestId', exchange.requestId));
    send(exchange, service, 200, `${action}Response`, [result, metadata]);
  } catch (error) {
    const refusal =
      error instanceof UriError ? new QueryError('ValidationError', error.message) : error;
    if (!(refusal instanceof QueryError)) throw error;
    sendQueryError(exchange, world, refusal, service);
  }
}

/** By version, or else by what the signature says: an error is worded as its service does. */
function chooseService(
  request: WireRequest,
  parameters: ReadonlyMap<string, string>,
): QueryService {
  const version = parameters.get('Version');
  if (version === IAM.apiVersion) return IAM;
  if (version === STS.apiVersion) return STS;
  return claimOf(request)?.scope.service === 'iam' ? IAM : STS;
}

function claimOf(request: WireRequest): Authorization | undefined {
  const claimed = readAuthorization(request);
  return claimed !== undefined && 'scope' in claimed ? claimed : undefined;
}

function prepare(
  exchange: Exchange,
  request: WireRequest,
  given: {
    readonly world: StorageWorld;
    readonly service: QueryService;
    readonly body: Buffer;
    readonly parameters: Map<string, string>;
  },
): { call: QueryCall; action: string; run: QueryAction } {
  const { world, service, body, parameters } = given;
  const claimed = claimOf(request);
  if (claimed !== undefined) exchange.notes.accessKeyId = claimed.scope.accessKeyId;
  const action = parameters.get('Action') ?? '';
  const run = service.actions.get(action);
  if (run !== undefined) exchange.notes.operation = action;
  // IAM is global: its clients sign for us-east-1, wherever the storage is.
  const isGlobal = service === IAM && claimed?.scope.region === 'us-east-1';
  const sender = authenticate(request, sha256Hex(body), {
    accounts: world.accounts,
    now: exchange.at,
    region: isGlobal ? 'us-east-1' : world.region,
    service: service.name,
    skewMaxMs: world.skewMaxMs,
  });
  if ('failure' in sender) throw queryAuthenticationError(sender, exchange.at, service.name);
  if (action === '') throw new QueryError('MissingAction', 'Action is missing from the request');
  const { missingActions } = world.profile;
  if (missingActions.names.has(action)) {
    if (missingActions.status === 405) throw new QueryError('MethodNotAllowed', 'not allowed');
    throw new QueryError('InvalidAction', `Unsupported action ${action}`);
  }
  if (run === undefined || parameters.get('Version') !== service.apiVersion) {
    throw new QueryError(
      'InvalidAction',
      `Could not find the operation that the request names for version ${service.apiVersion}`,
    );
  }
  parameters.delete('Action');
  parameters.delete('Version');
  const { at, requestId } = exchange;
  const { newKeyDelayMs } = world.profile;
  const keyDelayMs = service === IAM ? newKeyDelayMs : 0;
  const call = { at, requestId, principal: sender.principal, parameters, keyDelayMs };
  return { call, action, run };
}

async function readForm(exchange: Exchange): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  await exchange.consume((piece) => {
    bytes += piece.length;
    if (bytes > FORM_BYTES_MAX) {
      throw new QueryError('ValidationError', 'The request is too large');
    }
    pieces.push(piece);
    return undefined;
  });
  return Buffer.concat(pieces);
}

function sendFault(
  exchange: Exchange,
  service: QueryService,
  world: StorageWorld,
  fault: Extract<FaultRule, { kind: 'error' }>,
): void {
  const { status, code, message = 'Rate exceeded', retryAfterSeconds: retry } = fault;
  const headers: Record<string, string> =
    retry === undefined ? {} : { 'retry-after': String(retry) };
  sendError(exchange, world, { status, code, message, headers, service });
}

/** Without a service (the request could not be read so far) the error is worded as STS does. */
export function sendQueryError(
  exchange: Exchange,
  world: StorageWorld,
  error: QueryError,
  service: QueryService = STS,
): void {
  const { status, code, message } = error;
  sendError(exchange, world, { status, code, message, headers: {}, service });
}

function sendError(
  exchange: Exchange,
  world: StorageWorld,
  error: {
    readonly status: number;
    readonly code: string;
    readonly message: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly service: QueryService;
  },
): void {
  const { status, code, message, headers, service } = error;
  exchange.notes.code = code;
  const requestId = leaf('RequestId', exchange.requestId);
  const words = [leaf('Code', code), leaf('Message', message)];
  if (world.profile.queryErrors === 's3') {
    const document = plainDocument(branch('Error', ...words, requestId));
    exchange.send(status, { ...headers, 'content-type': 'application/xml' }, document);
    return;
  }
  const type = leaf('Type', status >= 500 ? 'Receiver' : 'Sender');
  const parts = [branch('Error', type, ...words), requestId];
  send(exchange, service, status, 'ErrorResponse', parts, headers);
}

function send(
  exchange: Exchange,
  service: QueryService,
  status: number,
  root: string,
  parts: readonly (Xml | undefined)[],
  headers: Readonly<Record<string, string>> = {},
): void {
  const inner = parts.map((part) => part?.xml ?? '').join('');
  const document = plainDocument({
    xml: `<${root} xmlns="${service.namespace}">${inner}</${root}>`,
  });
  exchange.send(status, { ...headers, 'content-type': 'text/xml' }, document);
}
