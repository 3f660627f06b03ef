import type { ConnectionInput } from '../../machines/control-connection/index.ts';
import type { Clock } from '../../machines/ports/clock.ts';
import type {
  Dialer,
  Link,
  LinkMessage,
  Listener,
  ListenerFactory,
} from '../../machines/ports/link.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { isSameText } from './same-text.ts';
import { createSpConnection, type SpConnection } from './sp-connection.ts';

export interface CloudGatewayOptions {
  readonly transportClock: Clock;
  readonly connection?: ConnectionInput;
  readonly dialer: Dialer;
  readonly listeners: ListenerFactory;
  /** Where the SP server listens inside the SP's network. */
  readonly spAddress: string;
  /** Told of each control message that passes, before it is passed on: a place for faults. */
  readonly onControlMessage?: () => void;
  readonly onError: (error: unknown) => void;
}

interface DataRoute {
  readonly ticket: string;
  readonly address: string;
}

/** Bytes of data (not of control) that have passed, per session and direction. */
interface DataCount {
  fromSource: number;
  fromTarget: number;
}

/**
 * The cloud gateway: the network door of the SP. It passes control connections of tenants and
 * movers on to the SP server, and the data of gateway routes on to the session's target mover. It
 * reads no message but the first one of a connection and counts the bytes of the rest; sealed
 * credentials go through it unopened (C6, I63).
 */
export class CloudGateway {
  readonly #options: CloudGatewayOptions;
  readonly #routes = new Map<string, DataRoute>();
  readonly #counts = new Map<string, DataCount>();
  readonly #links = new Set<Link>();
  #listener: Listener | null = null;
  readonly #toProvider: SpConnection;
  #onFirstUp: () => void = () => {};
  #onRefused: (error: unknown) => void = () => {};

  constructor(options: CloudGatewayOptions) {
    this.#options = options;
    this.#toProvider = createSpConnection({
      clock: options.transportClock,
      dialer: options.dialer,
      address: options.spAddress,
      ...(options.connection === undefined ? {} : { input: options.connection }),
      hello: () => ({ kind: 'gateway' }),
      onUp: () => this.#onFirstUp(),
      onDown: () => {},
      onRefused: (code) => this.#onRefused(new FortnightError(code)),
      onMessage: (message) => this.#onProvider(message),
      onError: options.onError,
    });
  }

  /** Resolves when the SP server knows this gateway and tenants may come. */
  async start(): Promise<void> {
    const isAccepted = new Promise<void>((resolve, reject) => {
      this.#onFirstUp = resolve;
      this.#onRefused = reject;
    });
    this.#toProvider.require();
    await isAccepted;
    this.#listener = await this.#options.listeners.listen((link) => this.#greet(link));
  }

  get address(): string {
    if (this.#listener === null) throw new Error('the cloud gateway does not listen yet');
    return this.#listener.address;
  }

  /** F5: every connection that goes through the gateway breaks; it goes on listening. */
  dropConnections(): void {
    for (const link of [...this.#links]) link.close('the cloud gateway dropped the connection');
  }

  async close(): Promise<void> {
    this.#toProvider.release();
    this.dropConnections();
    await this.#listener?.close();
  }

  #onProvider(message: LinkMessage): void {
    const { session, ticket, address } = message.header;
    if (message.type === 'gateway.unroute') {
      this.#routes.delete(String(session));
      this.#reportCounts(String(session));
    }
    if (message.type !== 'gateway.route') return;
    // A fresh target mover counts from zero, and so does its way (I3).
    this.#counts.delete(String(session));
    this.#routes.set(String(session), { ticket: String(ticket), address: String(address) });
  }

  #track(link: Link): void {
    this.#links.add(link);
    link.onClose(() => this.#links.delete(link));
  }

  #greet(link: Link): void {
    this.#track(link);
    link.onMessage(async (message) => {
      if (message.type === 'data.hello') return this.#joinData(link, message);
      if (message.type !== 'hello') throw new FortnightError('protocol.violation');
      const { kind } = message.header;
      // Hosts and gateways belong to the SP's own network; nobody outside may be one.
      if (kind !== 'tenant' && kind !== 'mover') throw new FortnightError('channel.refused');
      const provider = await this.#options.dialer.dial(this.#options.spAddress);
      this.#join(link, provider, message, () => this.#options.onControlMessage?.());
    });
  }

  async #joinData(link: Link, message: LinkMessage): Promise<void> {
    const session = String(message.header.session);
    const route = this.#routes.get(session);
    if (route === undefined || !isSameText(route.ticket, String(message.header.ticket))) {
      throw new FortnightError('channel.refused', 'No data route is open for this session.');
    }
    const target = await this.#options.dialer.dial(route.address);
    const count = this.#countOf(session);
    this.#join(link, target, message, (from, bytes) => {
      if (from === 'near') count.fromSource += bytes;
      else count.fromTarget += bytes;
    });
  }

  #countOf(session: string): DataCount {
    const known = this.#counts.get(session);
    if (known !== undefined) return known;
    const count: DataCount = { fromSource: 0, fromTarget: 0 };
    this.#counts.set(session, count);
    return count;
  }

  /** Passes everything on, both ways; each side reads only as fast as the other one takes it. */
  #join(
    near: Link,
    far: Link,
    first: LinkMessage,
    count: (from: 'near' | 'far', bytes: number) => void,
  ): void {
    this.#track(far);
    const pass = (from: 'near' | 'far', to: Link) => async (message: LinkMessage) => {
      count(from, message.payload?.byteLength ?? 0);
      await to.send(message);
    };
    near.onMessage(pass('near', far));
    far.onMessage(pass('far', near));
    near.onClose((reason) => far.close(reason));
    far.onClose((reason) => near.close(reason));
    far.send(first).catch(() => near.close());
  }

  /** Over all data connections to the session's last target mover. */
  #reportCounts(session: string): void {
    const count = this.#counts.get(session) ?? { fromSource: 0, fromTarget: 0 };
    this.#counts.delete(session);
    this.#toProvider.send('gateway.counted', { session, ...count }).catch(() => {});
  }
}
