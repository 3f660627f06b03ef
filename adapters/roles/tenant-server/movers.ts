import type { MoverRole } from '../../../machines/backup-session/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { LinkMessage } from '../../../machines/ports/link.ts';
import { SECOND_MS } from '../../../machines/rules/time.ts';
import { tell } from '../messages.ts';
import type { MoverConfig } from '../mover/config.ts';
import type { MoverSpawner, SpawnedMover } from '../mover-spawner.ts';

/** How long a mover may take to obey `order.stop` before its process is killed (L14). */
const STOP_BUDGET_MS = 10 * SECOND_MS;

export interface LocalMoversListener {
  onMessage(role: MoverRole, message: LinkMessage): void;
  /** Ended without having been told to. */
  onCrash(role: MoverRole): void;
  onNotStarted(role: MoverRole): void;
}

/** The mover processes of one session on the tenant's own hosts (P1, P3). */
export class LocalMovers {
  readonly #spawner: MoverSpawner;
  readonly #transportClock: Clock;
  readonly #listener: LocalMoversListener;
  readonly #movers = new Map<MoverRole, SpawnedMover>();
  readonly #starting = new Map<MoverRole, Promise<void>>();

  constructor(spawner: MoverSpawner, transportClock: Clock, listener: LocalMoversListener) {
    this.#spawner = spawner;
    this.#transportClock = transportClock;
    this.#listener = listener;
  }

  start(role: MoverRole, config: MoverConfig): void {
    this.#starting.set(role, this.#spawn(role, config));
  }

  async #spawn(role: MoverRole, config: MoverConfig): Promise<void> {
    let mover: SpawnedMover;
    try {
      mover = await this.#spawner.spawn(`${config.spec.sessionId}:${role}`);
    } catch {
      this.#listener.onNotStarted(role);
      return;
    }
    this.#movers.set(role, mover);
    mover.link.onMessage((message) => this.#listener.onMessage(role, message));
    void mover.exited.then(() => {
      if (this.#movers.get(role) !== mover) return;
      this.#movers.delete(role);
      this.#listener.onCrash(role);
    });
    tell(mover.link, 'mover.configure', config as unknown as JsonObject);
  }

  tell(role: MoverRole, order: string, header: JsonObject = {}): void {
    const mover = this.#movers.get(role);
    if (mover !== undefined) tell(mover.link, order, header);
  }

  /** F1, F2: as a crash would; `false` when there is no such mover here. */
  kill(role: MoverRole): boolean {
    const mover = this.#movers.get(role);
    mover?.kill();
    return mover !== undefined;
  }

  /** Resolves with the roles that have ended when all movers are gone. */
  async stop(): Promise<readonly MoverRole[]> {
    await Promise.all(this.#starting.values());
    this.#starting.clear();
    const stopping = [...this.#movers];
    this.#movers.clear();
    await Promise.all(
      stopping.map(([, mover]) => {
        tell(mover.link, 'order.stop');
        const dueAt = this.#transportClock.now() + STOP_BUDGET_MS;
        const cancel = this.#transportClock.wakeAt(dueAt, () => mover.kill());
        return mover.exited.then(cancel);
      }),
    );
    return stopping.map(([role]) => role);
  }
}
