import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { equalTexts } from '../access/accounts.ts';
import {
  type FamilyKind,
  FamilyRefusal,
  type KeyRequest,
  type RunningFamily,
} from '../families.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import { type MovableClock, readClockCommand } from './movable-clock.ts';
import { readFault } from './read-fault.ts';
import type { RequestLog } from './request-log.ts';

/** What the control API reaches. */
export interface ControlledStorage {
  readonly clock: MovableClock;
  readonly faults: FaultTable;
  readonly families: readonly RunningFamily[];
  readonly buckets: readonly string[];
  readonly requests: RequestLog;
  /** Called after each change of the clock, so that a restart goes on from there. */
  readonly onClockMoved: () => void;
  /** Told of a fault of the control API itself, which is answered as 500. */
  readonly onInternalError?: (error: unknown) => void;
}

export interface RunningControl {
  readonly port: number;
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 64 * 1024;
const BUCKETS_TOLD_MAX = 10;

/** A request that the control API refuses; the message says what to change. */
class ControlRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ControlRefusal';
    this.status = status;
    this.code = code;
  }
}

/**
 * Serves the control API on a free loopback port: JSON over HTTP, each request with
 * `Authorization: Bearer TOKEN`. It moves the clock and sets faults, so whoever holds the token
 * rules the storage.
 */
export async function startControl(
  storage: ControlledStorage,
  token: string,
): Promise<RunningControl> {
  const server = createServer((message, response) => {
    void answer(message, storage, token).then(
      ({ status, body }) => send(response, status, body),
      (error) => {
        storage.onInternalError?.(error);
        send(response, 500, {
          code: 'internal',
          message: 'a fault of the storage itself; what it prints says more',
        });
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.on('error', () => undefined);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

async function answer(
  message: IncomingMessage,
  storage: ControlledStorage,
  token: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  try {
    if (!equalTexts(message.headers.authorization ?? '', `Bearer ${token}`)) {
      throw new ControlRefusal(401, 'unauthorized', 'the token of the control API is missing');
    }
    return { status: 200, body: await act(message, storage) };
  } catch (error) {
    if (error instanceof ControlRefusal) {
      return { status: error.status, body: { code: error.code, message: error.message } };
    }
    if (error instanceof RangeError) {
      return { status: 400, body: { code: 'invalid', message: error.message } };
    }
    if (error instanceof FamilyRefusal) {
      return { status: 409, body: { code: error.code, message: error.message } };
    }
    throw error;
  }
}

async function act(message: IncomingMessage, storage: ControlledStorage): Promise<unknown> {
  const [path = '', query = ''] = (message.url ?? '').split('?', 2);
  switch (`${message.method} ${path}`) {
    case 'GET /v1/status':
      return statusOf(storage);
    case 'POST /v1/clock': {
      const moved = storage.clock.apply(readClockCommand(await readJson(message)));
      storage.onClockMoved();
      return { ...moved, rate: storage.clock.state.rate };
    }
    case 'GET /v1/faults':
      return storage.faults.fired();
    case 'POST /v1/faults':
      storage.faults.add(readFault(await readJson(message)));
      return storage.faults.fired();
    case 'DELETE /v1/faults':
      storage.faults.clear();
      return [];
    case 'GET /v1/requests':
      return storage.requests.latest(readLast(query));
    case 'POST /v1/keys':
      return issueKeys(storage, await readJson(message));
    default:
      throw new ControlRefusal(404, 'unknown', 'the control API has no such path or method');
  }
}

function statusOf(storage: ControlledStorage): unknown {
  const { clock, families, buckets } = storage;
  return {
    clock: { now: clock.now(), rate: clock.state.rate },
    buckets,
    families: families.map(({ kind, endpoint, port }) => ({ kind, endpoint, port })),
  };
}

function readLast(query: string): number {
  const text = new URLSearchParams(query).get('last') ?? '20';
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new RangeError('last must be a number from 1 to 9999');
  return Number(text);
}

function issueKeys(storage: ControlledStorage, value: unknown): unknown {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const { family, bucket, prefix, durationMs } = given;
  const isText = (bucket === undefined || typeof bucket === 'string') && typeof prefix === 'string';
  if (!isText || !Number.isSafeInteger(durationMs)) {
    throw new RangeError('keys need a prefix and durationMs, and the bucket must be a text');
  }
  const running = storage.families.find(({ kind }) => kind === ((family ?? 's3') as FamilyKind));
  if (running === undefined) {
    const kinds = storage.families.map(({ kind }) => kind).join(', ');
    throw new RangeError(`${String(family ?? 's3')} is not served here; there is ${kinds}`);
  }
  const request: KeyRequest = {
    bucket: chooseBucket(running, bucket, storage.buckets[0]),
    prefix,
    durationMs: durationMs as number,
  };
  const issued = running.issueKeys(request);
  const { endpoint } = running;
  return { ...issued, bucket: request.bucket, endpoint, now: storage.clock.now() };
}

/**
 * The bucket that was named, else the one that the storage was started with, else the only one.
 * A key for a bucket that is not there would be issued by every vendor, and open nothing.
 */
function chooseBucket(
  family: RunningFamily,
  named: string | undefined,
  started: string | undefined,
): string {
  const names = family.bucketNames();
  const chosen = named ?? started ?? (names.length === 1 ? names[0] : undefined);
  if (chosen !== undefined && names.includes(chosen)) return chosen;
  const there =
    names.length === 0
      ? 'it has none yet: make one, or serve with --bucket NAME'
      : `there is ${names.slice(0, BUCKETS_TOLD_MAX).join(', ')}` +
        (names.length > BUCKETS_TOLD_MAX ? ` and ${names.length - BUCKETS_TOLD_MAX} more` : '');
  throw new FamilyRefusal(
    'NoSuchBucket',
    chosen === undefined
      ? `--bucket is missing for the ${family.kind} storage: ${there}`
      : `the ${family.kind} storage has no bucket "${chosen}": ${there}`,
  );
}

async function readJson(message: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > BODY_BYTES_MAX) {
      throw new ControlRefusal(413, 'too-large', 'the body is longer than 64 KiB');
    }
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown;
  } catch {
    throw new RangeError('the body is not JSON');
  }
}
