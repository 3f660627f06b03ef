import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type RequestRecord, StartError } from '../options.ts';
import { ClientGone, Exchange, type RequestNotes } from './exchange.ts';

const KEEP_ALIVE_MS = 120_000;
const LOOPBACK = '127.0.0.1';

/** What a storage family gives the one HTTP server that all of them use. */
export interface HttpServerOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Default 0: any free one. */
  readonly port?: number | undefined;
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** The instant that a request is judged by; asked once for each. */
  readonly now: () => number;
  /** A new request's id; `count` is 1 for the first one. */
  readonly requestIdOf: (count: number) => string;
  /** Default `x-amz-request-id`. */
  readonly requestIdHeader?: string;
  /** Answers a request; what it throws is a fault of the storage and cuts an open answer. */
  readonly answer: (exchange: Exchange) => Promise<void>;
  /** Frees the state, once, when the last request has ended. */
  readonly onClosed: () => void;
  readonly onRequest?: ((record: RequestRecord) => void) | undefined;
  readonly onInternalError?: ((error: unknown, request: RequestNotes) => void) | undefined;
}

export interface RunningHttpServer {
  /** As `http://127.0.0.1:port`. */
  readonly endpoint: string;
  readonly port: number;
  /** Ends all connections at once and waits for running requests to stop. */
  close(): Promise<void>;
}

/** Throws StartError when it cannot listen. */
export async function serveHttp(options: HttpServerOptions): Promise<RunningHttpServer> {
  const running = new Set<Promise<void>>();
  const sockets = new Set<Socket>();
  let count = 0;
  const accept =
    (awaitsContinue: boolean) =>
    (message: IncomingMessage, response: ServerResponse): void => {
      count += 1;
      const { requestIdHeader } = options;
      const details = {
        at: options.now(),
        requestId: options.requestIdOf(count),
        awaitsContinue,
        ...(requestIdHeader === undefined ? {} : { requestIdHeader }),
      };
      const work = handle(new Exchange(message, response, details), options);
      running.add(work);
      void work.finally(() => running.delete(work));
    };
  const settings = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 };
  const { tls } = options;
  const server: Server =
    tls === undefined ? createServer(settings) : createTlsServer({ ...settings, ...tls });
  server.on('request', accept(false));
  server.on('checkContinue', accept(true));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const host = options.host ?? LOOPBACK;
  await listen(server, host, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const scheme = tls === undefined ? 'http' : 'https';
  let closing: Promise<void> | undefined;
  return {
    endpoint: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    close: () => {
      closing ??= closeAll(server, sockets, running).then(options.onClosed);
      return closing;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) => {
      const isTaken = error.code === 'EADDRINUSE';
      const reason = isTaken ? 'the port is in use; choose another' : error.message;
      const code = isTaken ? 'port.in-use' : 'port.refused';
      reject(new StartError(code, `cannot listen on ${host}:${port}: ${reason}`));
    });
    server.listen(port, host, () => resolve());
  });
}

async function closeAll(
  server: Server,
  sockets: ReadonlySet<Socket>,
  running: ReadonlySet<Promise<void>>,
): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeAllConnections();
  for (const socket of sockets) socket.destroy();
  await closed;
  // Requests notice the broken connection; their last writes must end before the state is freed.
  await Promise.allSettled([...running]);
}

async function handle(exchange: Exchange, options: HttpServerOptions): Promise<void> {
  try {
    await options.answer(exchange);
  } catch (error) {
    if (!(error instanceof ClientGone)) {
      const report = options.onInternalError ?? ((cause) => process.emitWarning(cause as Error));
      report(error, exchange.notes);
    }
    if (!exchange.hasEndedAnswer) exchange.cut();
  }
  const { notes, at, requestId, status, bytesIn, bytesOut } = exchange;
  const method = exchange.message.method ?? '';
  options.onRequest?.({ at, requestId, method, status, bytesIn, bytesOut, ...notes });
}
