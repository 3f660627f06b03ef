import type { ConnectionInput } from '../../machines/control-connection/index.ts';
import type { Clock } from '../../machines/ports/clock.ts';
import type { JsonObject } from '../../machines/ports/event-log.ts';
import type { Dialer, LinkMessage } from '../../machines/ports/link.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { tell } from './messages.ts';
import type { MoverSpawner, SpawnedMover } from './mover-spawner.ts';
import { createSpConnection, type SpConnection } from './sp-connection.ts';

export interface MoverHostOptions {
  readonly name: string;
  readonly transportClock: Clock;
  readonly connection?: ConnectionInput;
  readonly dialer: Dialer;
  readonly spAddress: string;
  readonly spawner: MoverSpawner;
  readonly onError: (error: unknown) => void;
}

/** So many sessions are remembered; a copy of an order comes minutes late at the most. */
const REMEMBERED_MAX = 4_096;

/**
 * A gateway server or mount server: starts target movers when the SP says so (P2, P6), hands
 * orders down and reports up. It never sees a credential: the SP seals it to the mover.
 */
export class MoverHost {
  readonly #spawner: MoverSpawner;
  readonly #movers = new Map<string, SpawnedMover>();
  /** The newest start that was ordered for a session. */
  readonly #starts = new Map<string, number>();
  readonly #toProvider: SpConnection;
  #onUp: () => void = () => {};
  #onRefused: (error: unknown) => void = () => {};

  constructor(options: MoverHostOptions) {
    this.#spawner = options.spawner;
    this.#toProvider = createSpConnection({
      clock: options.transportClock,
      dialer: options.dialer,
      address: options.spAddress,
      ...(options.connection === undefined ? {} : { input: options.connection }),
      hello: () => ({ kind: 'host', host: options.name }),
      onUp: () => {
        // Orders may have been lost, and the SP counts these movers as gone (F6).
        this.#killAll();
        this.#onUp();
      },
      onDown: () => {},
      onRefused: (code) => this.#onRefused(new FortnightError(code)),
      onMessage: (message) => void this.#onProvider(message),
      onError: options.onError,
    });
  }

  /** Resolves when the SP server knows this host. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onUp = resolve;
      this.#onRefused = reject;
      this.#toProvider.require();
    });
  }

  /** F1: as a crash would; `false` when the session has no mover here. */
  killMover(session: string): boolean {
    const mover = this.#movers.get(session);
    mover?.kill();
    return mover !== undefined;
  }

  close(): void {
    this.#toProvider.release();
    this.#killAll();
  }

  #killAll(): void {
    const movers = [...this.#movers.values()];
    this.#movers.clear();
    for (const mover of movers) mover.kill();
  }

  #report(type: string, header: JsonObject): void {
    this.#toProvider.send(type, header).catch(() => {});
  }

  async #onProvider(message: LinkMessage): Promise<void> {
    const { session: id, ...header } = message.header;
    const session = String(id);
    if (message.type === 'mover.start') {
      await this.#startMover(session, Number(header.start), header.config as JsonObject);
      return;
    }
    const mover = this.#movers.get(session);
    if (mover !== undefined) tell(mover.link, message.type, header);
    else if (message.type === 'order.stop') this.#report('mover.exited', { session });
  }

  /** I15, I70: ordered twice it is done once; a newer order replaces what an older one has started. */
  async #startMover(session: string, start: number, config: JsonObject): Promise<void> {
    if (start <= (this.#starts.get(session) ?? 0)) return;
    this.#remember(session, start);
    this.#movers.get(session)?.kill();
    let mover: SpawnedMover;
    try {
      mover = await this.#spawner.spawn(`${session}:target`);
    } catch {
      this.#report('mover.failed', { session, code: 'mover.notStarted' });
      return;
    }
    if (this.#starts.get(session) !== start) {
      mover.kill();
      return;
    }
    this.#movers.set(session, mover);
    mover.link.onMessage((message) => {
      if (this.#movers.get(session) !== mover) return;
      this.#report(message.type, { ...message.header, session });
    });
    void mover.exited.then(() => {
      if (this.#movers.get(session) !== mover) return;
      this.#movers.delete(session);
      this.#report('mover.exited', { session });
    });
    tell(mover.link, 'mover.configure', config);
  }

  #remember(session: string, start: number): void {
    this.#starts.delete(session);
    this.#starts.set(session, start);
    const [oldest] = this.#starts.keys();
    if (this.#starts.size > REMEMBERED_MAX && oldest !== undefined) this.#starts.delete(oldest);
  }
}
