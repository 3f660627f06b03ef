import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpDate } from '../core/instants.ts';

/** The client went away before its body was complete: there is nobody to answer. */
export class ClientGone extends Error {
  constructor() {
    super('the client closed the connection');
    this.name = 'ClientGone';
  }
}

/** What is noted of a request while it is served, for its record. */
export interface RequestNotes {
  operation: string;
  bucket: string;
  key: string;
  accessKeyId: string;
  code?: string;
}

const UNREAD_BYTES_MAX = 64 * 1024 * 1024;

/** One HTTP request and its response: body in, answer out, bytes counted. */
export class Exchange {
  readonly message: IncomingMessage;
  readonly at: number;
  readonly requestId: string;
  readonly notes: RequestNotes = { operation: '', bucket: '', key: '', accessKeyId: '' };
  bytesIn = 0;
  bytesOut = 0;
  status = 0;
  readonly #response: ServerResponse;
  readonly #requestIdHeader: string;
  #awaitsContinue: boolean;

  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    details: {
      at: number;
      requestId: string;
      awaitsContinue: boolean;
      /** The header that names the request; default `x-amz-request-id`. */
      requestIdHeader?: string;
    },
  ) {
    this.message = message;
    this.#response = response;
    this.at = details.at;
    this.requestId = details.requestId;
    this.#requestIdHeader = details.requestIdHeader ?? 'x-amz-request-id';
    this.#awaitsContinue = details.awaitsContinue;
    response.sendDate = false;
    // A socket that breaks is noticed where it is written to; it must not end the process.
    message.on('error', () => undefined);
    response.on('error', () => undefined);
  }

  /**
   * Asks for the body and hands its pieces over in order; a promise from `take` stops the flow
   * until it settles. Rejects with what `take` throws (the connection stays), or with ClientGone.
   */
  consume(take: (piece: Buffer) => Promise<void> | undefined): Promise<void> {
    const { message } = this;
    if (message.readableEnded) return Promise.resolve();
    if (message.destroyed) return Promise.reject(new ClientGone());
    if (this.#awaitsContinue) {
      this.#awaitsContinue = false;
      this.#response.writeContinue();
    }
    return new Promise((resolve, reject) => {
      let busy: Promise<void> | undefined;
      const settle = (finish: () => void): void => {
        message.off('data', onData).off('end', onEnd).off('close', onClose);
        // What is still coming is read and thrown away, so that the answer can be read.
        message.resume();
        finish();
      };
      const onData = (piece: Buffer): void => {
        this.bytesIn += piece.length;
        try {
          busy = take(piece);
        } catch (error) {
          settle(() => reject(error));
          return;
        }
        if (busy === undefined) return;
        message.pause();
        busy.then(
          () => message.resume(),
          (error) => settle(() => reject(error)),
        );
      };
      const onEnd = (): void => settle(() => resolve(busy));
      const onClose = (): void => settle(() => reject(new ClientGone()));
      message.on('data', onData).on('end', onEnd).on('close', onClose);
    });
  }

  /** Answers with a text body, or none. */
  send(status: number, headers: Readonly<Record<string, string>>, body = ''): void {
    const bytes = Buffer.from(body);
    const isBodyless = status === 204 || status === 304;
    const length =
      isBodyless || 'content-length' in headers ? {} : { 'content-length': String(bytes.length) };
    this.#writeHead(status, { ...headers, ...length });
    const hasBody = !isBodyless && this.message.method !== 'HEAD' && bytes.length > 0;
    if (hasBody) this.bytesOut += bytes.length;
    this.#response.end(hasBody ? bytes : undefined);
    this.message.resume();
  }

  /**
   * Answers with a body in chunks, waiting for the client. The first chunk is read before the head
   * goes out, so that a body that cannot be read is a clean error; later the line can only be cut.
   */
  async sendContent(
    status: number,
    headers: Readonly<Record<string, string>>,
    chunks: AsyncIterable<Buffer>,
  ): Promise<void> {
    const response = this.#response;
    const reader = chunks[Symbol.asyncIterator]();
    try {
      let next = await reader.next();
      this.#writeHead(status, headers);
      this.message.resume();
      while (next.done !== true) {
        if (response.destroyed || response.writableEnded) throw new ClientGone();
        this.bytesOut += next.value.length;
        if (!response.write(next.value)) await drained(response);
        next = await reader.next();
      }
      response.end();
    } finally {
      // A client that went away leaves the blob open otherwise.
      await reader.return?.();
    }
  }

  /** Ends the connection without (the rest of) an answer. */
  cut(): void {
    this.message.socket.destroy();
  }

  get hasBegunAnswer(): boolean {
    return this.#response.headersSent;
  }

  get hasEndedAnswer(): boolean {
    return this.#response.writableEnded;
  }

  #writeHead(status: number, headers: Readonly<Record<string, string>>): void {
    this.status = status;
    const all: Record<string, string> = {
      ...headers,
      date: httpDate(this.at),
      [this.#requestIdHeader]: this.requestId,
    };
    // A client that never got its 100 Continue may or may not send the body: the line is of no
    // further use. Nor is it when draining a body that nobody wants would take too long.
    const unread = Number(this.message.headers['content-length'] ?? 0) - this.bytesIn;
    if (this.#awaitsContinue || unread > UNREAD_BYTES_MAX) all.connection = 'close';
    this.#response.writeHead(status, all);
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDrain = (): void => {
      response.off('close', onClose);
      resolve();
    };
    const onClose = (): void => {
      response.off('drain', onDrain);
      reject(new ClientGone());
    };
    response.once('drain', onDrain).once('close', onClose);
  });
}
