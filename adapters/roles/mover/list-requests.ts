import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { LinkMessage } from '../../../machines/ports/link.ts';
import { type ErrorCode, FortnightError, isErrorCode } from '../../../machines/rules/errors.ts';
import { type ListedPage, parseListedPage } from '../messages.ts';
import type { ListAsked, ListPage } from './provider-listing.ts';

interface OpenRequest {
  readonly header: JsonObject;
  readonly resolve: (page: ListedPage) => void;
  readonly reject: (error: FortnightError) => void;
}

/**
 * The listings that a mover has asked the SP for, one on its way at a time. One that was on its way
 * when the connection went is asked for again on the next: it changes nothing.
 */
export class ListRequests {
  readonly #send: (header: JsonObject) => void;
  readonly #waiting: OpenRequest[] = [];
  #open: OpenRequest | null = null;
  #count = 0;
  #ended: ErrorCode | null = null;

  constructor(send: (header: JsonObject) => void) {
    this.#send = send;
  }

  readonly ask: ListPage = (asked: ListAsked) =>
    new Promise((resolve, reject) => {
      if (this.#ended !== null) {
        reject(new FortnightError(this.#ended));
        return;
      }
      this.#count += 1;
      const header = { ...asked, requestId: `list-${this.#count}` };
      this.#waiting.push({ header, resolve, reject });
      if (this.#open === null) this.#next();
    });

  /** The connection is there again. */
  resend(): void {
    if (this.#open !== null) this.#send(this.#open.header);
  }

  take(message: LinkMessage): void {
    const open = this.#open;
    // F45: only the answer to the request that is open now.
    if (open === null || message.header.requestId !== open.header.requestId) return;
    const { code } = message.header;
    try {
      if (message.type === 'list.page') open.resolve(parseListedPage(message));
      else open.reject(new FortnightError(isErrorCode(code) ? code : 'unknown', 'list.request'));
    } catch (thrown) {
      open.reject(thrown as FortnightError);
    }
    this.#next();
  }

  /** Nobody will answer any more. */
  end(code: ErrorCode): void {
    this.#ended = code;
    for (const { reject } of [...(this.#open ? [this.#open] : []), ...this.#waiting.splice(0)]) {
      reject(new FortnightError(code, 'list.request'));
    }
    this.#open = null;
  }

  #next(): void {
    this.#open = this.#waiting.shift() ?? null;
    this.resend();
  }
}
