import { memoryNetwork } from '../../../adapters/memory/link.ts';
import { waitOn } from '../../../adapters/wrap/wait.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type {
  Dialer,
  Link,
  LinkMessage,
  Listener,
  ListenerFactory,
} from '../../../machines/ports/link.ts';
import { toFortnightError } from '../../../machines/rules/errors.ts';
import { MINUTE_MS } from '../../../machines/rules/time.ts';

/**
 * What may happen to one message. A link is ordered and reliable (`machines/ports/link.ts`), so a
 * lost one takes its connection with it; a late one holds up those behind it.
 */
export type Mishap =
  | { readonly kind: 'lost' }
  | { readonly kind: 'late'; readonly byMs: number }
  /** Twice: the copy at once, or out of its order when the right time is over (F24, F25, F45). */
  | { readonly kind: 'twice'; readonly afterMs: number };

/** So long a transport sends again what nobody has confirmed. */
const PATIENCE_MS = 15 * MINUTE_MS;

/** The network of a world: memory links on which the next message of a type may go wrong. */
export class FaultyNetwork implements Dialer, ListenerFactory {
  readonly #clock: Clock;
  readonly #inner: Dialer & ListenerFactory;
  readonly #armed: { readonly type: string; readonly mishap: Mishap }[] = [];
  #stalledUntil = Number.NEGATIVE_INFINITY;
  /** A stall that outlasts the transport's own patience breaks what waits in it. */
  #givesUpAt = Number.POSITIVE_INFINITY;
  /** For races: a message is read when this lets it go; those behind it on its link wait. */
  hold: ((message: LinkMessage) => Promise<void>) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#inner = memoryNetwork(clock, 0);
  }

  /** To the next message of this type, wherever it is read. */
  arm(type: string, mishap: Mishap): void {
    this.#armed.push({ type, mishap });
  }

  /** Mishaps that no message has met yet. */
  get armedCount(): number {
    return this.#armed.length;
  }

  /** Nothing passes between tenants and the gateway for so long; all of it comes later (F8). */
  stall(forMs: number): void {
    const now = this.#clock.now();
    this.#stalledUntil = now + forMs;
    this.#givesUpAt = forMs > PATIENCE_MS ? now + PATIENCE_MS : Number.POSITIVE_INFINITY;
  }

  heal(): void {
    this.#armed.length = 0;
    this.#stalledUntil = Number.NEGATIVE_INFINITY;
  }

  async dial(address: string): Promise<Link> {
    return this.#faulty(await this.#inner.dial(address));
  }

  listen(onLink: (link: Link) => void): Promise<Listener> {
    return this.#inner.listen((link) => onLink(this.#faulty(link)));
  }

  /** The SP's own network, behind the gateway: nothing stalls there. */
  readonly inside: Dialer & ListenerFactory = {
    dial: async (address) => this.#faulty(await this.#inner.dial(address), true),
    listen: (onLink) => this.#inner.listen((link) => onLink(this.#faulty(link, true))),
  };

  #faulty(link: Link, isInside = false): Link {
    return {
      send: (message) => link.send(message),
      onMessage: (reader) =>
        link.onMessage(async (message) => {
          if (isInside || (await this.#getsThrough(link))) await this.#read(link, message, reader);
        }),
      onClose: (listener) => link.onClose(listener),
      close: (reason) => link.close(reason),
    };
  }

  async #getsThrough(link: Link): Promise<boolean> {
    while (this.#clock.now() < this.#stalledUntil) {
      if (this.#clock.now() >= this.#givesUpAt) {
        link.close('the other side does not answer');
        return false;
      }
      const until = Math.min(this.#stalledUntil, this.#givesUpAt);
      await waitOn(this.#clock, until - this.#clock.now());
    }
    return true;
  }

  async #read(
    link: Link,
    message: LinkMessage,
    reader: (message: LinkMessage) => void | Promise<void>,
  ): Promise<void> {
    if (this.hold !== null) await this.hold(message);
    const mishap = this.#strike(message.type);
    if (mishap === null) return reader(message);
    switch (mishap.kind) {
      case 'lost':
        link.close(`lost on the way: ${message.type}`);
        return;
      case 'late':
        await waitOn(this.#clock, mishap.byMs);
        return reader(message);
      case 'twice':
        await reader(message);
        if (mishap.afterMs === 0) return reader(message);
        this.#clock.wakeAt(this.#clock.now() + mishap.afterMs, () => {
          // As the link does with a reader that rejects.
          void (async () => reader(message))().catch((error) =>
            link.close(toFortnightError(error).message),
          );
        });
        return;
      default:
        mishap satisfies never;
    }
  }

  #strike(type: string): Mishap | null {
    const index = this.#armed.findIndex((one) => one.type === type);
    if (index === -1) return null;
    const [struck] = this.#armed.splice(index, 1);
    return struck?.mishap ?? null;
  }
}
