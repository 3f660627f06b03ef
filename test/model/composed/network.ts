import { memoryNetwork } from '../../../adapters/memory/link.ts';
import { waitOn } from '../../../adapters/wrap/wait.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { Dialer, Link, LinkMessage, ListenerFactory } from '../../../machines/ports/link.ts';
import { toFortnightError } from '../../../machines/rules/errors.ts';

/**
 * What may happen to one message. A link is ordered and reliable (`machines/ports/link.ts`), so a
 * lost one takes its connection with it; a late one holds up those behind it.
 */
export type Mishap =
  | { readonly kind: 'lost' }
  | { readonly kind: 'late'; readonly byMs: number }
  /** Twice: the copy at once, or out of its order when the right time is over (F24, F25, F45). */
  | { readonly kind: 'twice'; readonly afterMs: number };

/** The network of a world: memory links on which the next message of a type may go wrong. */
export class FaultyNetwork implements Dialer, ListenerFactory {
  readonly #clock: Clock;
  readonly #inner: Dialer & ListenerFactory;
  readonly #armed: { readonly type: string; readonly mishap: Mishap }[] = [];
  #stalledUntil = Number.NEGATIVE_INFINITY;
  readonly fired = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#inner = memoryNetwork(clock, 0);
  }

  /** To the next message of this type, wherever it is read. */
  arm(type: string, mishap: Mishap): void {
    this.#armed.push({ type, mishap });
  }

  /** Nothing gets through for so long, and all of it comes in order afterwards (F8, F11). */
  stall(forMs: number): void {
    this.#stalledUntil = this.#clock.now() + forMs;
  }

  heal(): void {
    this.#armed.length = 0;
    this.#stalledUntil = Number.NEGATIVE_INFINITY;
  }

  async dial(address: string): Promise<Link> {
    return this.#faulty(await this.#inner.dial(address));
  }

  listen(onLink: (link: Link) => void) {
    return this.#inner.listen((link) => onLink(this.#faulty(link)));
  }

  #faulty(link: Link): Link {
    return {
      send: (message) => link.send(message),
      onMessage: (reader) => link.onMessage((message) => this.#read(link, message, reader)),
      onClose: (listener) => link.onClose(listener),
      close: (reason) => link.close(reason),
    };
  }

  async #read(
    link: Link,
    message: LinkMessage,
    reader: (message: LinkMessage) => void | Promise<void>,
  ): Promise<void> {
    while (this.#clock.now() < this.#stalledUntil) {
      await waitOn(this.#clock, this.#stalledUntil - this.#clock.now());
    }
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
    this.fired.add(`${struck?.mishap.kind} ${type}`);
    return struck?.mishap ?? null;
  }
}
