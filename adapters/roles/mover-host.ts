import type { JsonObject } from '../../machines/ports/event-log.ts';
import type { Dialer, Link, LinkMessage } from '../../machines/ports/link.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { tell } from './messages.ts';
import type { MoverSpawner, SpawnedMover } from './mover-spawner.ts';

export interface MoverHostOptions {
  readonly name: string;
  readonly dialer: Dialer;
  readonly spAddress: string;
  readonly spawner: MoverSpawner;
}

/**
 * A gateway server or mount server: starts target movers when the SP says so (P2, P6), hands
 * orders down and reports up. It never sees a credential: the SP seals it to the mover.
 */
export class MoverHost {
  readonly #options: MoverHostOptions;
  readonly #movers = new Map<string, SpawnedMover>();
  #toProvider: Link | null = null;

  constructor(options: MoverHostOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { dialer, spAddress, name } = this.#options;
    const link = await dialer.dial(spAddress);
    this.#toProvider = link;
    const isAccepted = new Promise<void>((resolve, reject) => {
      link.onMessage((message) => {
        if (message.type === 'hello.accepted') resolve();
        else void this.#onProvider(link, message);
      });
      link.onClose((reason) => reject(new FortnightError('channel.lost', reason)));
    });
    await link.send({ type: 'hello', header: { kind: 'host', host: name } });
    await isAccepted;
  }

  close(): void {
    for (const mover of this.#movers.values()) mover.kill();
    this.#toProvider?.close();
  }

  async #onProvider(link: Link, message: LinkMessage): Promise<void> {
    const { session: id, ...header } = message.header;
    const session = String(id);
    if (message.type === 'mover.start') {
      await this.#startMover(link, session, header.config as JsonObject);
      return;
    }
    const mover = this.#movers.get(session);
    if (mover !== undefined) tell(mover.link, message.type, header);
    else if (message.type === 'order.stop') tell(link, 'mover.exited', { session });
  }

  async #startMover(link: Link, session: string, config: JsonObject): Promise<void> {
    this.#movers.get(session)?.kill();
    let mover: SpawnedMover;
    try {
      mover = await this.#options.spawner.spawn(`${session}:target`);
    } catch {
      tell(link, 'mover.failed', { session, code: 'mover.notStarted' });
      return;
    }
    this.#movers.set(session, mover);
    mover.link.onMessage((message) => {
      tell(link, message.type, { ...message.header, session });
    });
    void mover.exited.then(() => {
      if (this.#movers.get(session) !== mover) return;
      this.#movers.delete(session);
      tell(link, 'mover.exited', { session });
    });
    tell(mover.link, 'mover.configure', config);
  }
}
