import type { Clock } from '../../machines/ports/clock.ts';
import type {
  Dialer,
  Link,
  LinkMessage,
  Listener,
  ListenerFactory,
} from '../../machines/ports/link.ts';
import { FortnightError, toFortnightError } from '../../machines/rules/errors.ts';

/** Unread messages that an end takes before its peer's `send` waits. */
const UNREAD_MAX = 16;

class MemoryLinkEnd implements Link {
  readonly #clock: Clock;
  readonly #latencyMs: number;
  readonly #closeListeners: ((reason: string) => void)[] = [];
  readonly #inbox: LinkMessage[] = [];
  /** Sends of the peer that wait for room here. */
  readonly #waitingSends: (() => void)[] = [];
  #peer: MemoryLinkEnd | null = null;
  #reader: ((message: LinkMessage) => void | Promise<void>) | null = null;
  #isPumping = false;
  #closedBecause: string | null = null;

  constructor(clock: Clock, latencyMs: number) {
    this.#clock = clock;
    this.#latencyMs = latencyMs;
  }

  join(peer: MemoryLinkEnd): void {
    this.#peer = peer;
  }

  /** Resolves when the message has arrived and the peer is not far behind with reading. */
  send(message: LinkMessage): Promise<void> {
    if (this.#closedBecause !== null) {
      return Promise.reject(new FortnightError('link.lost', this.#closedBecause));
    }
    // A copy of the bytes, as a socket would make: nobody shares memory with the other role.
    const payload = message.payload === undefined ? {} : { payload: message.payload.slice() };
    const copy: LinkMessage = {
      type: message.type,
      header: JSON.parse(JSON.stringify(message.header)) as LinkMessage['header'],
      ...payload,
    };
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        if (this.#closedBecause === null) resolve();
        else reject(new FortnightError('link.lost', this.#closedBecause));
      };
      this.#clock.wakeAt(this.#clock.now() + this.#latencyMs, () =>
        this.#peer?.receive(copy, settle),
      );
    });
  }

  onMessage(reader: (message: LinkMessage) => void | Promise<void>): void {
    this.#reader = reader;
    void this.#pump();
  }

  onClose(listener: (reason: string) => void): void {
    if (this.#closedBecause !== null) listener(this.#closedBecause);
    else this.#closeListeners.push(listener);
  }

  close(reason = 'this side closed the connection'): void {
    if (this.#closedBecause !== null) return;
    this.#end(reason);
    this.#clock.wakeAt(this.#clock.now() + this.#latencyMs, () =>
      this.#peer?.endAfterReading('the other side closed the connection'),
    );
  }

  receive(message: LinkMessage, taken: () => void): void {
    if (this.#closedBecause === null) {
      this.#inbox.push(message);
      void this.#pump();
    }
    if (this.#inbox.length <= UNREAD_MAX || this.#closedBecause !== null) taken();
    else this.#waitingSends.push(taken);
  }

  /** Also called when the peer has closed: a send that still waits there is then refused. */
  letSendersGoOn(): void {
    const isOpen = this.#closedBecause === null && this.#peer?.closedBecause === null;
    const room = isOpen ? UNREAD_MAX - this.#inbox.length + 1 : this.#waitingSends.length;
    for (const taken of this.#waitingSends.splice(0, Math.max(0, room))) taken();
  }

  get closedBecause(): string | null {
    return this.#closedBecause;
  }

  endAfterReading(reason: string): void {
    if (this.#inbox.length === 0 && !this.#isPumping) this.#end(reason);
    else this.#endReason = reason;
  }
  #endReason: string | null = null;

  async #pump(): Promise<void> {
    if (this.#reader === null || this.#isPumping) return;
    this.#isPumping = true;
    try {
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        // After this end's own close nothing more is read, as with a socket.
        if (this.#closedBecause !== null) return;
        this.letSendersGoOn();
        await this.#reader(next);
      }
    } catch (error) {
      this.close(toFortnightError(error).message);
    } finally {
      this.#isPumping = false;
    }
    if (this.#endReason !== null) this.#end(this.#endReason);
  }

  #end(reason: string): void {
    if (this.#closedBecause !== null) return;
    this.#closedBecause = reason;
    this.letSendersGoOn();
    this.#peer?.letSendersGoOn();
    for (const listener of this.#closeListeners.splice(0)) listener(reason);
  }
}

/** Two ends of one link in memory; every message takes `latencyMs` of the clock. */
export function memoryLinkPair(clock: Clock, latencyMs: number): readonly [Link, Link] {
  const near = new MemoryLinkEnd(clock, latencyMs);
  const far = new MemoryLinkEnd(clock, latencyMs);
  near.join(far);
  far.join(near);
  return [near, far];
}

/** A network in memory: names instead of ports, the same contract as sockets. */
export function memoryNetwork(clock: Clock, latencyMs: number): Dialer & ListenerFactory {
  const listeners = new Map<string, (link: Link) => void>();
  let opened = 0;
  return {
    dial: async (address) => {
      const onLink = listeners.get(address);
      if (onLink === undefined) {
        throw new FortnightError('channel.lost', `${address} is not there.`);
      }
      const [near, far] = memoryLinkPair(clock, latencyMs);
      onLink(far);
      return near;
    },
    listen: async (onLink): Promise<Listener> => {
      opened += 1;
      const address = `memory:${opened}`;
      listeners.set(address, onLink);
      return {
        address,
        close: async () => {
          listeners.delete(address);
        },
      };
    },
  };
}
