import {
  type backupSessionMachine,
  type SessionContext,
  type SessionEvent,
  type SessionRequest,
  sessionInvariants,
} from '../../machines/backup-session/index.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { CellLogic, Choice, Notes, Outlook } from './cell.ts';
import { renumbering } from './generations.ts';
import { LifeLine, NOW } from './life-line.ts';
import { type AnyStepper, Stepper, type Watcher } from './machine-step.ts';
import type { Awaited, Letter, ScopeMessage, SessionMessage } from './messages.ts';
import { choicesOf, outlookOf } from './session-choices.ts';
import {
  isCheckRecent,
  mapSession,
  settledContext,
  withCheckForgotten,
  withTimePassed,
} from './session-context.ts';
import {
  awaiting,
  FREE,
  GATEWAY_ORDERS,
  NO_LETTERS,
  placed,
  type SessionFact,
  type SessionLocal,
  without,
  withoutMovers,
  workFact,
} from './session-local.ts';
import { checkRequests, checkRunning } from './session-rules.ts';
import { sessionTitle } from './session-title.ts';
import type { DeskSettings, Opening } from './settings.ts';

type Machine = typeof backupSessionMachine;

/** As `adapters/roles/tenant-server/session-runner.ts` answers its machine, with movers and SP. */
export class SessionCell implements CellLogic<SessionLocal, SessionMessage, ScopeMessage> {
  readonly who = 'session';
  readonly initial = FREE;
  readonly stepper: Stepper<Machine>;
  readonly steppers: readonly AnyStepper[];
  readonly settings: DeskSettings;
  readonly line: LifeLine;
  /** C11: what the tenant's clock shows. */
  readonly now: EpochMs;
  #notes: Notes<ScopeMessage> = { sendings: [], broken: [] };

  constructor(settings: DeskSettings, machine: Machine, watchers: readonly Watcher[]) {
    this.settings = settings;
    this.line = new LifeLine(settings.life);
    this.now = NOW + settings.life.skewMs;
    this.stepper = new Stepper<Machine>(machine, sessionInvariants, watchers);
    this.steppers = [this.stepper];
  }

  titleOf(local: SessionLocal, message: SessionMessage): string {
    return sessionTitle(local, message);
  }

  key(local: SessionLocal): string {
    if (local.context === null) return 'free';
    const { input: _input, ...rest } = local.context;
    return JSON.stringify({ ...local, context: rest });
  }

  take(local: SessionLocal, message: SessionMessage, notes: Notes<ScopeMessage>): SessionLocal {
    this.#notes = notes;
    const next = this.#react(local, message);
    const isOver = next.context === null || this.stepper.program.isFinal(next.state);
    if (local.isInContact && this.#hasDesk(local) && (isOver || !next.isInContact)) {
      notes.sendings.push({ to: 'hub', message: { type: 'bye', session: -1 } });
    }
    if (next.context === null || this.stepper.program.isFinal(next.state)) return FREE;
    const path = this.stepper.pathOf(next.state);
    const context = settledContext(next.context, path, this.now);
    // The end does not listen to the SP's answers any more.
    const unread = path.startsWith('ending.')
      ? ({ outbox: [], inbox: [], turn: null } as const)
      : {};
    return { ...next, ...unread, context, awaited: [...new Set(next.awaited)].sort() };
  }

  choices(local: SessionLocal): readonly Choice<SessionMessage>[] {
    return choicesOf(local, this);
  }
  outlook(local: SessionLocal): Outlook {
    return outlookOf(local, this);
  }

  pathOf(local: SessionLocal): string {
    return local.context === null ? 'free' : this.stepper.pathOf(local.state);
  }

  #react(local: SessionLocal, message: SessionMessage): SessionLocal {
    switch (message.type) {
      case 'elapse':
        return this.#elapse(local, message.ms);
      case 'renumber':
        return mapSession(local, { generation: renumbering(message.generations) });
      case 'start':
        return this.#start();
      case 'forget': {
        const { context } = local;
        return context === null
          ? local
          : { ...local, context: withCheckForgotten(context, this.now) };
      }
      default:
        // What reaches a place without a session is for one that is over (C8).
        return local.context === null ? local : this.#live(local, message);
    }
  }

  #live(
    local: SessionLocal,
    message: Exclude<SessionMessage, { type: 'elapse' | 'renumber' | 'start' | 'forget' }>,
  ): SessionLocal {
    switch (message.type) {
      case 'letter':
        return this.#receive(local, message.letter);
      case 'told':
        return { ...local, isToldToStop: true };
      case 'stopped':
        return this.#send({ ...local, isToldToStop: false }, { type: 'session.cancelled' });
      case 'answer':
        return this.#answer(message.again ? local : without(local, message.of), message.of);
      case 'opened': {
        const opening = this.settings.openings[message.route] as Opening;
        const known = { ...without(local, 'open'), isForgotten: false };
        return this.#send(known, { type: 'session.opened', ...opening });
      }
      case 'fail':
        return this.#fail(without(local, message.of), message.of, message.code);
      case 'reach':
        return this.#reach(local);
      case 'read':
        return this.#read(local, message.again);
      case 'arrive': {
        const [ask, ...rest] = local.outbox;
        if (ask === undefined) return local;
        this.#notes.sendings.push({ to: 'hub', message: { type: 'ask', ask } });
        return message.again ? local : { ...local, outbox: rest };
      }
      case 'lose':
        return { ...local, outbox: local.outbox.slice(1) };
      case 'work':
        return this.#send(
          { ...local, engine: message.fact === 'completed' ? 'off' : local.engine },
          workFact(message.fact),
        );
      case 'workFails':
        return this.#send(
          { ...local, engine: 'off' },
          { type: 'transfer.failed', code: message.code },
        );
      case 'moverExits':
        return this.#send(withoutMovers(local), {
          type: 'mover.failed',
          role: message.role,
          code: 'mover.exited',
        });
      case 'gone':
        return this.#send(local, { type: 'transfer.failed', code: 'session.unknown' });
      case 'channelDown':
        return this.#cutChannel(local);
      case 'channelUp':
        return this.#send(
          { ...without(local, 'channel'), isChannelUp: true },
          { type: 'channel.up' },
        );
      case 'contactDown':
        return this.#cutContact(local);
      case 'providerLost':
        return this.#cutContact(this.#cutChannel({ ...local, isForgotten: true }));
      case 'user':
        return this.#send(local, { type: `session.${message.wish}` });
      case 'alarm':
        return this.#send(local, { type: `alarm.${message.name}` });
      case 'restart':
        // The snapshot is all that is left: nobody's answer comes any more, and no mover lives.
        return { ...withoutMovers(local), awaited: ['exit'] };
      default:
        return message satisfies never;
    }
  }

  #start(): SessionLocal {
    const { session } = this.settings;
    const input = { ...session, startedAt: this.now };
    const { state, context, requests } = this.stepper.start(input, this.#notes.broken);
    return this.#perform({ ...FREE, state, context: { ...context, input: session } }, requests);
  }

  #elapse(local: SessionLocal, passedMs: number): SessionLocal {
    if (local.context === null) return local;
    const { line, now } = this;
    const context = withTimePassed(local.context, passedMs, now);
    const next = mapSession(
      { ...local, context },
      {
        time: (at) => line.later(at, passedMs),
        alarm: (at) => line.alarmLater(at, passedMs),
      },
    );
    checkRunning(this.pathOf(next), next, this, this.#notes.broken);
    return next;
  }

  /** What the connection brings, unless it is for a request that nobody waits for (F24, F45). */
  #receive(local: SessionLocal, letter: Letter): SessionLocal {
    const isExpected = letter.type === 'held' || (local.isInContact && letter.turn === local.turn);
    return isExpected ? { ...local, inbox: [...local.inbox, letter] } : local;
  }

  /** The mover's contact reaches the SP, which says what it holds (C11). */
  #reach(local: SessionLocal): SessionLocal {
    const next = { ...without(local, 'contact'), isInContact: true, inbox: [] };
    if (local.isForgotten) return { ...next, isInContact: false };
    if (!this.#hasDesk(local)) {
      const letter: Letter = { type: 'held', generation: 0, expiresAt: null };
      return { ...next, inbox: [letter] };
    }
    // The place of the session is filled in by who composes the cells.
    this.#notes.sendings.push({ to: 'hub', message: { type: 'hello', session: -1 } });
    return next;
  }

  /** "Share" has no lifecycle: the repository's own credential is handed out (C7). */
  #hasDesk({ context }: SessionLocal): boolean {
    return context?.route?.credential !== 'shared';
  }

  #read(local: SessionLocal, again: boolean): SessionLocal {
    const [letter, ...rest] = local.inbox;
    if (letter === undefined) return local;
    const next = { ...local, inbox: again ? local.inbox : rest };
    if (letter.type === 'held') {
      const { generation, expiresAt } = letter;
      const held = { heldGeneration: generation, heldExpiresAt: expiresAt };
      return this.#send(next, { type: 'contact.made', ...held });
    }
    const closed = { ...next, turn: again ? local.turn : null };
    if (letter.type === 'refused') {
      return this.#send(closed, { type: 'credential.refused', code: letter.code });
    }
    const { generation, expiresAt, degraded } = letter;
    return this.#send(closed, { type: 'credential.delivered', generation, expiresAt, degraded });
  }

  #answer(local: SessionLocal, of: Awaited): SessionLocal {
    switch (of) {
      case 'channel':
        return this.#send(local, { type: 'channel.up' });
      case 'source':
      case 'target':
        return this.#send(local, { type: 'mover.ready', role: of });
      case 'drain':
        return this.#send({ ...local, engine: 'paused' }, { type: 'transfer.drained' });
      case 'abort':
        return this.#send(
          { ...local, engine: 'off' },
          { type: 'transfer.failed', code: 'session.cancelled' },
        );
      case 'clean':
        return this.#send(local, { type: 'transfer.cleaned' });
      case 'quota':
        return this.#send(local, { type: 'quota.raised' });
      case 'stop':
        return this.#send(withoutMovers(local), { type: 'movers.stopped' });
      case 'close':
        return this.#send(local, { type: 'session.closed' });
      case 'exit':
        return this.#send(local, { type: 'mover.failed', role: 'target', code: 'mover.exited' });
      case 'open':
      case 'contact':
        throw new Error(`"${of}" is answered by a message of its own`);
      default:
        return of satisfies never;
    }
  }

  #fail(local: SessionLocal, of: Awaited, code: 'mover.exited' | string): SessionLocal {
    if (of === 'open') {
      return this.#send(local, { type: 'session.refused', code: 'maintenance.mode' });
    }
    const role = of === 'source' ? 'source' : 'target';
    const isLost = code === 'mover.exited';
    return this.#send(isLost ? withoutMovers(local) : local, {
      type: 'mover.failed',
      role,
      code: isLost ? 'mover.exited' : 'mover.notStarted',
    });
  }

  /** F5, F8: what was said over it is lost; the movers on the tenant's side go on. */
  #cutChannel(local: SessionLocal): SessionLocal {
    if (!local.isChannelUp) return local;
    const isGateway = local.context?.route?.dataPath === 'gateway';
    const lost: readonly Awaited[] = [
      'channel',
      'open',
      'close',
      ...(isGateway ? GATEWAY_ORDERS : []),
    ];
    const awaited = local.awaited.filter((one) => !lost.includes(one));
    return this.#send({ ...local, isChannelUp: false, awaited }, { type: 'channel.down' });
  }

  /** The mover dials again by itself. */
  #cutContact(local: SessionLocal): SessionLocal {
    if (!local.isInContact || local.context === null) return local;
    const awaited: readonly Awaited[] = [...local.awaited, 'contact'];
    return this.#send(
      { ...local, isInContact: false, ...NO_LETTERS, awaited },
      { type: 'contact.lost' },
    );
  }

  #send(local: SessionLocal, event: SessionFact): SessionLocal {
    if (local.context === null) return local;
    const { broken } = this.#notes;
    const stamped = { ...event, at: this.now } as SessionEvent;
    const stepped = this.stepper.take(local.state, local.context, stamped, broken);
    checkRequests(local, stamped, stepped, this, broken);
    return this.#perform({ ...local, ...placed(stepped) }, stepped.requests);
  }

  #perform(local: SessionLocal, requests: readonly SessionRequest[]): SessionLocal {
    let next = local;
    for (const request of requests) next = this.#carryOut(next, request);
    return next;
  }

  #carryOut(local: SessionLocal, request: SessionRequest): SessionLocal {
    const isDirect = local.context?.route?.dataPath === 'direct';
    /** An order to a mover that runs at the SP is lost while the channel is down. */
    const order = (of: Awaited): SessionLocal =>
      isDirect || local.isChannelUp ? awaiting(local, of) : local;
    switch (request.type) {
      case 'channel.require':
        return local.isChannelUp ? awaiting(local, 'channel') : local;
      case 'session.open':
        return local.isChannelUp ? awaiting(local, 'open') : local;
      case 'session.close':
        return local.isChannelUp ? awaiting(local, 'close') : local;
      case 'mover.start':
        return awaiting(local, request.role);
      case 'mover.contact':
        return awaiting(local, 'contact');
      case 'credential.request':
        return this.#ask(local, request);
      case 'credential.checked':
        return local;
      case 'transfer.start':
      case 'transfer.resume':
        return { ...without(local, 'drain'), engine: 'moving' };
      case 'transfer.pause':
        return order('drain');
      case 'transfer.abort':
        return { ...without(order('abort'), 'drain') };
      case 'transfer.cleanUp':
        return order('clean');
      case 'quota.ask':
        return awaiting(local, 'quota');
      case 'movers.stop':
        return awaiting({ ...local, engine: 'off' }, 'stop');
      default:
        return request satisfies never;
    }
  }

  #ask(
    local: SessionLocal,
    request: Extract<SessionRequest, { type: 'credential.request' }>,
  ): SessionLocal {
    if (!local.isInContact) return local;
    const turn = local.nextTurn;
    // An answer to the request before is not for this one (F24, F45).
    const inbox = local.inbox.filter((letter) => letter.type === 'held');
    const asking: SessionLocal = { ...local, turn, nextTurn: turn === 0 ? 1 : 0, inbox };
    if (!this.#hasDesk(local)) {
      const letter = { type: 'delivered', turn, generation: 1, expiresAt: null } as const;
      return { ...asking, inbox: [...inbox, { ...letter, degraded: false }] };
    }
    const { trigger, renew, heldGeneration } = request;
    const ask = { session: -1, turn, trigger, renew, heldGeneration };
    return { ...asking, outbox: [...local.outbox, ask] };
  }

  isCheckRecent(context: SessionContext): boolean {
    return isCheckRecent(context, this.now);
  }
}
