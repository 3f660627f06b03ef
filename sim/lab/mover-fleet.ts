import type { WarpClockState } from '../../adapters/clock/index.ts';
import type { MoverSpawner, SpawnedMover } from '../../adapters/roles/mover-spawner.ts';
import type { Clock } from '../../machines/ports/clock.ts';
import type { Link, LinkMessage } from '../../machines/ports/link.ts';

/** A mover that does not answer must not hold up the clock for longer than this. */
const ADOPT_BUDGET_MS = 5_000;

/** A link whose `clock.adopted` answers are taken out before its owner sees them. */
class ClockedLink implements Link {
  readonly #link: Link;
  #onAdopted: (() => void)[] = [];

  constructor(link: Link) {
    this.#link = link;
    link.onClose(() => this.#settleAll());
  }

  /** Resolves when the mover has taken over the time, or is gone. */
  adopt(state: WarpClockState): Promise<void> {
    return new Promise((resolve) => {
      this.#onAdopted.push(resolve);
      const header = { state: { ...state } };
      this.#link.send({ type: 'clock.adopt', header }).catch(() => this.#settleAll());
    });
  }

  send(message: LinkMessage): Promise<void> {
    return this.#link.send(message);
  }

  onMessage(reader: (message: LinkMessage) => void | Promise<void>): void {
    this.#link.onMessage((message) => {
      if (message.type !== 'clock.adopted') return reader(message);
      this.#onAdopted.shift()?.();
      return undefined;
    });
  }

  onClose(listener: (reason: string) => void): void {
    this.#link.onClose(listener);
  }

  close(reason?: string): void {
    this.#link.close(reason);
  }

  #settleAll(): void {
    for (const settle of this.#onAdopted.splice(0)) settle();
  }
}

/** All mover processes of a lab, with one clock between them. */
export class MoverFleet implements MoverSpawner {
  readonly #spawner: MoverSpawner;
  readonly #transportClock: Clock;
  readonly #readState: () => WarpClockState;
  readonly #links = new Set<ClockedLink>();
  readonly #movers = new Set<SpawnedMover>();

  constructor(spawner: MoverSpawner, transportClock: Clock, readState: () => WarpClockState) {
    this.#spawner = spawner;
    this.#transportClock = transportClock;
    this.#readState = readState;
  }

  async spawn(name: string): Promise<SpawnedMover> {
    const spawned = await this.#spawner.spawn(name);
    const link = new ClockedLink(spawned.link);
    const mover: SpawnedMover = { ...spawned, link, kill: () => spawned.kill() };
    this.#links.add(link);
    this.#movers.add(mover);
    void spawned.exited.then(() => {
      this.#links.delete(link);
      this.#movers.delete(mover);
    });
    void link.adopt(this.#readState());
    return mover;
  }

  /** Hands the lab's time to every mover process; resolves when all of them show it. */
  async synchronise(): Promise<void> {
    const state = this.#readState();
    const adopted = Promise.all([...this.#links].map((link) => link.adopt(state)));
    let cancel = (): void => {};
    const overdue = new Promise<void>((resolve) => {
      const dueAt = this.#transportClock.now() + ADOPT_BUDGET_MS;
      cancel = this.#transportClock.wakeAt(dueAt, resolve);
    });
    await Promise.race([adopted, overdue]);
    cancel();
  }

  async killAll(): Promise<void> {
    const movers = [...this.#movers];
    for (const mover of movers) mover.kill();
    await Promise.all(movers.map((mover) => mover.exited));
  }
}
