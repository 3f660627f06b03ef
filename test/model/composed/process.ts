import type { Clock } from '../../../machines/ports/clock.ts';
import type { EventLog } from '../../../machines/ports/event-log.ts';
import type { Dialer, Link, Listener, ListenerFactory } from '../../../machines/ports/link.ts';

/** What the world of a dead process answers: nothing, for ever. */
export function never<Result>(): Promise<Result> {
  return new Promise(() => {});
}

/**
 * One process of a role. All that reaches out of it goes through here, so that killing it is what
 * an operating system does: no wake-up, no message, no answer and no log line comes after, and its
 * connections break. Work that it had handed over (a request to a storage) may still take effect.
 */
export class SimulatedProcess {
  #isDead = false;
  readonly #wakeUps = new Set<() => void>();
  readonly #links = new Set<Link>();
  readonly #listeners = new Set<Listener>();
  readonly #children = new Set<SimulatedProcess>();

  get isDead(): boolean {
    return this.#isDead;
  }

  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    for (const cancel of this.#wakeUps) cancel();
    this.#wakeUps.clear();
    for (const listener of this.#listeners) void listener.close();
    for (const link of [...this.#links]) link.close('its process is gone');
    for (const child of this.#children) child.kill();
  }

  /** Dies with this one: no mover outlives the server that has started it. */
  child(): SimulatedProcess {
    const child = new SimulatedProcess();
    this.#children.add(child);
    return child;
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      wakeAt: (dueAt, wake) => {
        if (this.#isDead) return () => {};
        const cancel = clock.wakeAt(dueAt, () => {
          this.#wakeUps.delete(cancel);
          wake();
        });
        this.#wakeUps.add(cancel);
        return () => {
          this.#wakeUps.delete(cancel);
          cancel();
        };
      },
    };
  }

  log(log: EventLog): EventLog {
    return {
      write: (event) => {
        if (!this.#isDead) log.write(event);
      },
    };
  }

  network(network: Dialer & ListenerFactory): Dialer & ListenerFactory {
    return {
      dial: async (address) => {
        if (this.#isDead) return never();
        return this.link(await network.dial(address));
      },
      listen: async (onLink) => {
        const listener = await network.listen((link) => onLink(this.link(link)));
        this.#listeners.add(listener);
        return listener;
      },
    };
  }

  link(link: Link): Link {
    if (this.#isDead) link.close('its process is gone');
    this.#links.add(link);
    link.onClose(() => this.#links.delete(link));
    return {
      send: (message) => (this.#isDead ? never() : link.send(message)),
      onMessage: (reader) =>
        link.onMessage((message) => (this.#isDead ? never() : reader(message))),
      onClose: (listener) =>
        link.onClose((reason) => {
          if (!this.#isDead) listener(reason);
        }),
      close: (reason) => {
        if (!this.#isDead) link.close(reason);
      },
    };
  }

  /** Answers that come when the process is gone are heard by nobody. */
  answer<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      work.then(
        (result) => this.#isDead || resolve(result),
        (error) => this.#isDead || reject(error),
      );
    });
  }

  /** A port whose methods all answer with promises. */
  port<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...words: unknown[]) => {
          if (this.#isDead) return never();
          const result: unknown = value.apply(target, words);
          return result instanceof Promise ? this.answer(result) : result;
        };
      },
    });
  }
}
