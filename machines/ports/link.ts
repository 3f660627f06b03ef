import type { JsonObject } from './event-log.ts';

/** One message between two roles: a type, a small JSON header and, for data, raw bytes. */
export interface LinkMessage {
  readonly type: string;
  readonly header: JsonObject;
  readonly payload?: Uint8Array;
}

/**
 * An ordered, reliable, two-way connection between two roles (architecture, decision 10): a framed
 * socket, the pipe to a child process, or memory with a latency. Roles share nothing but messages.
 */
export interface Link {
  /**
   * Resolves once there is room for more (back-pressure); rejects with `FortnightError`
   * `link.lost` when the link is or becomes closed.
   */
  send(message: LinkMessage): Promise<void>;
  /**
   * Sets the one reader. The next message is handed over only after the promise of the last one
   * settled, so a slow reader slows the sender. A reader that rejects closes the link.
   */
  onMessage(reader: (message: LinkMessage) => void | Promise<void>): void;
  /** Called once, also when the link is already closed. `reason` is free of secrets. */
  onClose(listener: (reason: string) => void): void;
  close(reason?: string): void;
}

/** Opens links to an address (`host:port` for sockets, a name in memory). */
export interface Dialer {
  dial(address: string): Promise<Link>;
}

/** Accepts links; `address` is what a dialer needs. */
export interface Listener {
  readonly address: string;
  close(): Promise<void>;
}
export interface ListenerFactory {
  listen(onLink: (link: Link) => void): Promise<Listener>;
}
