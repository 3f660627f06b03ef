import {
  backupSessionMachine,
  type SessionEvent,
  type SessionRequest,
  sessionInvariants,
  type TenantCheck,
} from '../../machines/backup-session/index.ts';
import { brokenInvariants, statePath } from '../../machines/ports/invariant.ts';
import { type HostedMachine, hostMachine } from '../../machines/ports/machine-host.ts';
import { createVirtualClock } from '../../sim/kernel/virtual-clock.ts';
import { describeStep, type Step } from '../support/trace-recorder.ts';
import { SessionEngine } from './session-engine.ts';
import type { SessionDraw } from './session-inputs.ts';
import { SessionProvider } from './session-provider.ts';
import { SessionWatch } from './session-watch.ts';
import { START } from './start.ts';

export type SessionMachine = typeof backupSessionMachine;
export type SessionFact = SessionEvent extends infer Event
  ? Event extends { at: number }
    ? Omit<Event, 'at'>
    : never
  : never;

const EVENTS_MAX = 4_000;

export interface SessionWorldOptions {
  readonly machine?: SessionMachine;
  readonly onStep?: Step;
}

/**
 * The world around one session: its process, its movers, the channel and the SP. Whether an answer
 * is quick, slow, repeated, a failure or never comes is decided by the drawn fates.
 */
export class SessionWorld {
  readonly clock = createVirtualClock(START);
  readonly draw: SessionDraw;
  readonly provider: SessionProvider;
  readonly engine: SessionEngine;
  readonly watch: SessionWatch;
  readonly statesSeen = new Set<string>();
  isChannelUp = true;
  isInContact = false;
  readonly #options: SessionWorldOptions;
  readonly #cancels = new Set<() => void>();
  #host: HostedMachine<SessionMachine>;
  #fateIndex = 0;
  #eventCount = 0;
  #violation: unknown = null;
  /** Raised when the movers are stopped: what old movers still say is dropped by the role. */
  #incarnation = 0;

  constructor(draw: SessionDraw, options: SessionWorldOptions = {}) {
    this.draw = draw;
    this.#options = options;
    this.provider = new SessionProvider(this);
    this.engine = new SessionEngine(this);
    this.watch = new SessionWatch(this);
    this.#host = this.#start();
    this.check();
    for (const { afterMs, type } of draw.userActions) {
      this.clock.wakeAt(START + afterMs, () => this.send({ type }));
    }
  }

  get state(): string {
    return statePath(this.#host.snapshot().value);
  }
  get context() {
    return this.#host.snapshot().context;
  }
  get isOver(): boolean {
    return this.#host.snapshot().status === 'done';
  }

  /** C2 for the tenant's own check, C3 where the SP checks, none where nothing ends. */
  get tenantCheck(): TenantCheck | null {
    const { credential } = this.draw.route;
    if (credential === 'none' || credential === 'shared') return null;
    return { ...this.provider.line, isByTenant: credential === 'limited' };
  }

  /** 0 (healthy) once the drawn fates are used up. */
  nextFate(): number {
    const fate = this.draw.fates[this.#fateIndex] ?? 0;
    this.#fateIndex += 1;
    if (fate >= 60) this.watch.onFault();
    return fate;
  }

  #start(snapshot?: unknown): HostedMachine<SessionMachine> {
    const { machine = backupSessionMachine } = this.#options;
    return hostMachine<SessionMachine>({
      machine,
      clock: {
        now: () => this.clock.now(),
        wakeAt: (dueAt, wake) => this.clock.wakeAt(dueAt, () => this.#onAlarm(dueAt, wake)),
      },
      input: this.draw.input,
      ...(snapshot === undefined ? {} : { snapshot: snapshot as never }),
      onRequest: (request) => {
        // XState reports what a listener throws later and elsewhere: kept here until `check`.
        try {
          this.#onRequest(request);
        } catch (error) {
          this.#violation ??= error;
        }
      },
      onTransition: ({ value }) => this.statesSeen.add(statePath(value)),
      onError: (error) => {
        this.#violation ??= error;
      },
    });
  }

  send(fact: SessionFact): void {
    this.#step(fact, () => this.#host.send(fact));
  }

  #onAlarm(dueAt: number, wake: () => void): void {
    const deadlines = Object.entries(this.context.deadlines);
    const name = deadlines.find(([, at]) => at === dueAt)?.[0] ?? 'unknown';
    this.#step({ type: `alarm.${name}` } as SessionFact, wake);
  }

  #step(fact: SessionFact, act: () => void): void {
    if (this.isOver) return;
    this.#eventCount += 1;
    if (this.#eventCount > EVENTS_MAX) throw new Error(`L1: endless, now in ${this.state}`);
    const event = { ...fact, at: this.clock.now() } as SessionEvent;
    this.watch.onEvent(event);
    this.#options.onStep?.(event.at, 'event', describeStep(fact), this.state);
    act();
    this.check();
    const crash = this.draw.crashes.find((one) => one.afterEvents === this.#eventCount);
    if (crash !== undefined && !this.isOver) this.#crash(crash.isLossy);
  }

  /** Sends later; dropped when the process loses what was under way. */
  later(delayMs: number, act: () => void): void {
    const cancel = this.clock.wakeAt(this.clock.now() + delayMs, () => {
      this.#cancels.delete(cancel);
      act();
    });
    this.#cancels.add(cancel);
  }

  /** As `later`, for the words of movers: nothing after they were stopped. */
  laterFromMover(delayMs: number, act: () => void): void {
    const incarnation = this.#incarnation;
    this.later(delayMs, () => {
      if (incarnation === this.#incarnation) act();
    });
  }

  /** The connection breaks now and comes back after `forMs`. */
  breakConnection(forMs: number): void {
    const isDirect = this.draw.route.dataPath === 'direct';
    if (isDirect) this.isInContact = false;
    else this.isChannelUp = false;
    this.send({ type: isDirect ? 'contact.lost' : 'channel.down' });
    this.later(forMs, () => {
      if (isDirect) this.engine.makeContact();
      else {
        this.isChannelUp = true;
        this.send({ type: 'channel.up' });
      }
    });
  }

  stopMovers(): void {
    this.#incarnation += 1;
    this.isInContact = false;
    this.engine.kill();
  }

  #onRequest(request: SessionRequest): void {
    this.#options.onStep?.(this.clock.now(), 'request', describeStep(request), '');
    this.watch.onRequest(request);
    switch (request.type) {
      case 'channel.require':
      case 'session.open':
      case 'credential.request':
      case 'quota.ask':
      case 'session.close':
        this.provider.onRequest(request);
        return;
      case 'mover.start':
      case 'mover.contact':
      case 'transfer.start':
      case 'transfer.resume':
      case 'transfer.pause':
      case 'transfer.abort':
      case 'transfer.cleanUp':
      case 'movers.stop':
        this.engine.onRequest(request);
        return;
      case 'credential.checked':
        return;
      default:
        request satisfies never;
    }
  }

  /** F1: the session's process dies; without `isLossy` it is back before anybody noticed. */
  #crash(isLossy: boolean): void {
    const snapshot = JSON.parse(JSON.stringify(this.#host.persist()));
    this.#host.stop();
    this.watch.onFault();
    if (isLossy) {
      for (const cancel of this.#cancels) cancel();
      this.#cancels.clear();
      this.stopMovers();
      this.isChannelUp = true;
    }
    this.#options.onStep?.(this.clock.now(), 'crash', 'restored from its snapshot', '');
    this.#host = this.#start(snapshot);
    this.check();
    if (!isLossy) return;
    // The movers were children of the process: a restored one finds them gone.
    this.send({ type: 'mover.failed', role: 'source', code: 'mover.exited' });
    this.send({ type: 'mover.failed', role: 'target', code: 'mover.exited' });
  }

  check(): void {
    if (this.#violation !== null) throw this.#violation;
    const { context, status } = this.#host.snapshot();
    const broken = brokenInvariants(sessionInvariants, this.state, context);
    if (broken.length > 0) throw new Error(broken.join('\n'));
    if (JSON.stringify(JSON.parse(JSON.stringify(context))) !== JSON.stringify(context)) {
      throw new Error('I65: the context does not survive JSON');
    }
    this.watch.onState(this.state, context, status);
  }

  /** L1: runs until nothing is left to happen; then the session must have ended. */
  run(): void {
    for (;;) {
      this.check();
      if (this.clock.fireNext()) continue;
      if (this.state !== 'active.pausedByUser') break;
      this.send({ type: 'session.continued' });
    }
    this.check();
    if (!this.isOver) throw new Error(`L1: the session hangs in ${this.state}`);
  }
}
