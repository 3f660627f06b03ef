import type { FaultRule } from '../faults/fault-table.ts';
import { header, type WireRequest } from '../sigv4/wire-request.ts';
import type { Exchange } from '../wire/exchange.ts';
import { type AuthenticationSettings, authenticateAzure, claimedSender } from './authenticate.ts';
import type { AzureCall, AzureReply } from './call.ts';
import type { Caller } from './caller.ts';
import { AzureError, invalidHeader } from './errors.ts';
import { AZURE_HANDLERS } from './handlers.ts';
import { type AzureOperation, resolveOperation } from './operations.ts';
import { decideAzure } from './permissions.ts';
import { VERSION_MAX } from './sas.ts';
import { replyHeaders, sendAzureError } from './send.ts';
import { readTarget, type Target } from './target.ts';
import { answerTokenRequest, isTokenRequest } from './token-endpoint.ts';
import type { AzureWorld } from './world.ts';

const VERSION_MIN = '2015-02-21';
const DEFAULT_VERSION = '2021-12-02';

/** Answers one request, whatever it is; only faults of the storage itself are thrown. */
export async function answerAzure(
  exchange: Exchange,
  request: WireRequest,
  world: AzureWorld,
): Promise<void> {
  if (world.entra !== undefined && isTokenRequest(world.entra, request)) {
    return answerTokenRequest(exchange, request, world.entra, exchange.at);
  }
  try {
    const prepared = prepare(exchange, request, world);
    await perform(exchange, world, prepared);
  } catch (error) {
    if (!(error instanceof AzureError)) throw error;
    sendAzureError(exchange, request, error);
  }
}

/** A call before its sender is known and before the fault table was asked. */
type Unauthenticated = Omit<AzureCall, 'caller' | 'propagationMs'>;

interface Prepared {
  readonly call: Unauthenticated;
  authenticate(): Caller;
}

/** Target and operation; the body has not been touched when this is done. */
function prepare(exchange: Exchange, request: WireRequest, world: AzureWorld): Prepared {
  exchange.notes.accessKeyId = claimedSender(request);
  const version = readVersion(request);
  const target = readTarget(request, world.accounts);
  Object.assign(exchange.notes, { bucket: target.container, key: target.blob });
  const query = new Map(request.query);
  const operation = resolveOperation(request, target, query);
  exchange.notes.operation = operation;
  const at = exchange.at + world.faults.takeSkew();
  const settings: AuthenticationSettings = {
    now: at,
    skewToleranceMs: world.skewToleranceMs,
    entra: world.entra,
    containers: world.containers,
    clientAddress: exchange.message.socket.remoteAddress ?? '',
    isSecure: world.isSecure,
  };
  let caller: Caller | undefined;
  const call: Unauthenticated = {
    operation,
    request,
    target,
    query,
    at,
    version,
    body: exchange,
    core: world.core,
    containers: world.containers,
    blocks: world.blocks,
    accountUrl: accountUrl(request, target, world),
    newEtag: () => newEtag(world),
    readSource: (source) => readCopySource(exchange, source, caller!, target, world, settings),
  };
  const authenticate = (): Caller => {
    try {
      caller = authenticateAzure(request, target, settings);
      return caller;
    } catch (error) {
      if (error instanceof AzureError) recordRefusal(exchange, world, operation, target, error);
      throw error;
    }
  };
  return { call, authenticate };
}

/** Tags look as Azure's do; the numbers of the core never come twice. */
export function newEtag(world: Pick<AzureWorld, 'core'>): string {
  return `0x8D${world.core.nextNumber().toString(16).toUpperCase().padStart(13, '0')}`;
}

function readVersion(request: WireRequest): string {
  const version = header(request, 'x-ms-version');
  if (version === undefined) return new Map(request.query).get('sv') ?? DEFAULT_VERSION;
  if (!/^\d{4}-\d\d-\d\d$/.test(version) || version < VERSION_MIN || version > VERSION_MAX) {
    throw invalidHeader('x-ms-version', version);
  }
  return version;
}

function accountUrl(request: WireRequest, target: Target, world: AzureWorld): string {
  const host = header(request, 'host') ?? '';
  const base = `${world.isSecure ? 'https' : 'http'}://${host}/`;
  return host.startsWith(`${target.account.name}.blob.`) ? base : `${base}${target.account.name}/`;
}

function resourceOf(target: Target): string {
  const { account, container, blob } = target;
  return `/blob/${[account.name, container, blob].filter((name) => name !== '').join('/')}`;
}

/** Why a sender was refused belongs into the record of decisions as well. */
function recordRefusal(
  exchange: Exchange,
  world: AzureWorld,
  operation: AzureOperation,
  target: Target,
  error: AzureError,
): void {
  const detail = error.elements.AuthenticationErrorDetail ?? error.message;
  // The string to sign is long, and the client has it in its answer.
  const statement = `${error.code}: ${detail.split(/ (String to sign|Server used)/)[0]}`;
  const source = exchange.notes.accessKeyId.startsWith('sas')
    ? 'shared access signature'
    : exchange.notes.accessKeyId === 'bearer'
      ? 'role assignment'
      : 'account key';
  world.decisions.add({
    allowed: false,
    action: operation,
    resource: resourceOf(target),
    layers: [{ source, outcome: 'not allowed', statement }],
    at: exchange.at,
    requestId: exchange.requestId,
    principalArn: exchange.notes.accessKeyId,
  });
}

/** Asks what the caller may do, and records the answer. Throws AzureError when it may not. */
function authorize(
  exchange: Exchange,
  world: AzureWorld,
  caller: Caller,
  operation: AzureOperation,
  target: Target,
): void {
  const { refusal, ...decision } = decideAzure(caller, operation, resourceOf(target));
  const { at, requestId, notes } = exchange;
  world.decisions.add({ ...decision, at, requestId, principalArn: notes.accessKeyId });
  if (!decision.allowed) throw new AzureError(refusal ?? 'AuthorizationFailure');
}

/**
 * A copy source names itself: by a SAS of its own, or it is in the account whose key or role the
 * sender has. A SAS of the destination opens no source.
 */
function readCopySource(
  exchange: Exchange,
  source: WireRequest,
  caller: Caller,
  destination: Target,
  world: AzureWorld,
  settings: AuthenticationSettings,
): Target | undefined {
  try {
    const target = readTarget(source, world.accounts);
    if (target.container === '' || target.blob === '') return undefined;
    const hasSas = new Map(source.query).has('sig');
    if (!hasSas && (caller.kind === 'sas' || target.account !== destination.account)) {
      return undefined;
    }
    const reader = hasSas ? authenticateAzure(source, target, settings) : caller;
    authorize(exchange, world, reader, 'GetBlob', target);
    return target;
  } catch (error) {
    if (error instanceof AzureError) return undefined;
    throw error;
  }
}

async function perform(
  exchange: Exchange,
  world: AzureWorld,
  { call, authenticate }: Prepared,
): Promise<void> {
  const caller = authenticate();
  const fault = world.faults.take(call.operation, call.target.blob);
  if (fault?.kind === 'delay') await world.wait(fault.ms);
  if (fault?.kind === 'error') return sendFault(exchange, call.request, fault);
  if (fault?.kind === 'reset' && fault.when !== 'after') return exchange.cut();
  authorize(exchange, world, caller, call.operation, call.target);
  const propagationMs = fault?.kind === 'delayKeyPropagation' ? fault.ms : 0;
  const result = AZURE_HANDLERS[call.operation]({ ...call, caller, propagationMs });
  // No pause between a lookup and the first read: in between the blob could be replaced, and its
  // bytes are kept only from the first read on.
  const reply = result instanceof Promise ? await result : result;
  if (fault?.kind === 'reset') return exchange.cut();
  await sendReply(exchange, world, call, reply, fault?.kind === 'corruptBody');
}

function sendFault(
  exchange: Exchange,
  request: WireRequest,
  fault: Extract<FaultRule, { kind: 'error' }>,
): void {
  const retry = fault.retryAfterSeconds;
  sendAzureError(exchange, request, {
    code: fault.code,
    status: fault.status,
    message: fault.message ?? 'The server is busy.',
    elements: {},
    headers: retry === undefined ? {} : { 'retry-after': String(retry) },
  });
}

async function sendReply(
  exchange: Exchange,
  world: AzureWorld,
  call: Unauthenticated,
  reply: AzureReply,
  isCorrupt: boolean,
): Promise<void> {
  const headers = { ...replyHeaders(call.request), ...reply.headers };
  if (reply.xml !== undefined) {
    return exchange.send(
      reply.status,
      { ...headers, 'content-type': 'application/xml' },
      reply.xml,
    );
  }
  const { content, bytes } = reply;
  if (content === undefined && bytes === undefined) return exchange.send(reply.status, headers);
  const chunks =
    content === undefined
      ? oneChunk(bytes!)
      : world.core.read(content.segments, content.offset, content.length);
  await exchange.sendContent(reply.status, headers, isCorrupt ? corrupted(chunks) : chunks);
}

async function* oneChunk(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
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
