import type { Link, LinkMessage, Listener, ListenerFactory } from '../../../machines/ports/link.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';

export interface DataLinkOptions {
  readonly sessionId: string;
  readonly ticket: string;
  readonly onUp: () => void;
  readonly onDown: () => void;
  /** Messages wait (back-pressure) until an engine is there to read them. */
  readonly reader: Promise<(message: LinkMessage) => Promise<void>>;
}

/** The connection between the two movers of a session, seen from one of them. */
export interface DataLink {
  send(message: LinkMessage): Promise<void>;
  close(): void;
}

class AttachableLink implements DataLink {
  #link: Link | null = null;

  attach(link: Link): void {
    this.#link = link;
  }

  get isAttached(): boolean {
    return this.#link !== null;
  }

  send(message: LinkMessage): Promise<void> {
    if (this.#link === null) return Promise.reject(new FortnightError('link.lost'));
    return this.#link.send(message);
  }

  close(): void {
    this.#link?.close();
  }
}

/** The target's end: waits for the one partner that knows the session's ticket. */
export async function listenForPartner(
  listeners: ListenerFactory,
  options: DataLinkOptions,
): Promise<{ readonly link: DataLink; readonly listener: Listener }> {
  const attachable = new AttachableLink();
  const listener = await listeners.listen((link) => {
    let isGreeted = false;
    link.onMessage(async (message) => {
      if (isGreeted) {
        const reader = await options.reader;
        return reader(message);
      }
      const { session, ticket } = message.header;
      const isPartner =
        message.type === 'data.hello' &&
        session === options.sessionId &&
        ticket === options.ticket &&
        !attachable.isAttached;
      if (!isPartner) throw new FortnightError('protocol.violation', 'An unknown data connection.');
      isGreeted = true;
      attachable.attach(link);
      link.onClose(options.onDown);
      options.onUp();
    });
  });
  return { link: attachable, listener };
}

/** The source's end: through the cloud gateway or straight to the target, it makes no difference. */
export function greetPartner(link: Link, options: DataLinkOptions): DataLink {
  const attachable = new AttachableLink();
  attachable.attach(link);
  link.onMessage(async (message) => {
    const reader = await options.reader;
    return reader(message);
  });
  link.onClose(options.onDown);
  link
    .send({
      type: 'data.hello',
      header: { session: options.sessionId, ticket: options.ticket },
    })
    .then(options.onUp, () => {});
  return attachable;
}
