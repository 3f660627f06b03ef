import {
  type TargetMoverEvent,
  type TargetMoverRequest,
  targetMoverInvariants,
  type targetMoverMachine,
} from '../../machines/data-mover/index.ts';
import { isExpired } from '../../machines/rules/renewal.ts';
import type { CellLogic, Choice, Notes, Outlook } from './cell.ts';
import { LifeLine, NOW, WIRE_AT } from './life-line.ts';
import { type AnyStepper, Stepper, type Watcher } from './machine-step.ts';
import { moverChoices } from './mover-choices.ts';
import { asking, type Engine, engineWith, FREE, type MoverLocal } from './mover-local.ts';
import { checkRequestStart } from './mover-rules.ts';
import type { LedgerMessage, LedgerWord, MoverMessage, Order } from './quota-messages.ts';
import type { MoverSettings } from './settings.ts';

type Machine = typeof targetMoverMachine;
type Fact = TargetMoverEvent extends infer One
  ? One extends unknown
    ? Omit<One, 'at'>
    : never
  : never;

export class MoverCell implements CellLogic<MoverLocal, MoverMessage, LedgerMessage> {
  readonly who = 'target mover';
  readonly initial = FREE;
  readonly stepper: Stepper<Machine>;
  readonly steppers: readonly AnyStepper[];
  readonly settings: MoverSettings;
  readonly #line: LifeLine;
  #notes: Notes<LedgerMessage> = { sendings: [], broken: [] };

  constructor(settings: MoverSettings, machine: Machine, watchers: readonly Watcher[]) {
    this.settings = settings;
    this.#line = new LifeLine(settings.life);
    this.stepper = new Stepper<Machine>(machine, targetMoverInvariants, watchers);
    this.steppers = [this.stepper];
  }

  key(local: MoverLocal): string {
    if (local.context === null) return 'free';
    const { input: _input, ...context } = local.context;
    return JSON.stringify({ ...local, context });
  }

  choices(local: MoverLocal): readonly Choice<MoverMessage>[] {
    return moverChoices(local, this);
  }

  pathOf(local: MoverLocal): string {
    return local.context === null ? 'free' : this.stepper.pathOf(local.state);
  }

  take(local: MoverLocal, message: MoverMessage, notes: Notes<LedgerMessage>): MoverLocal {
    this.#notes = notes;
    if (message.type === 'start') return this.#start();
    if (local.context === null) return local;
    const next = this.#pump(this.#react(local, message));
    if (next.context === null || this.stepper.program.isFinal(next.state)) return FREE;
    const { link } = next.context.deadlines;
    const deadlines = { link: link === null ? null : WIRE_AT };
    // No guard of the machine reads the handle: the gate below looks at the end of it.
    return { ...next, context: { ...next.context, credential: null, deadlines } };
  }

  #react(
    local: MoverLocal,
    message: Exclude<MoverMessage, { readonly type: 'start' }>,
  ): MoverLocal {
    switch (message.type) {
      case 'elapse': {
        const { expiresAt } = local;
        if (expiresAt === null) return local;
        return { ...local, expiresAt: this.#line.later(expiresAt, message.ms) };
      }
      case 'renumber':
        return local;
      case 'told':
        return local.isContactUp ? { ...local, inbox: [...local.inbox, message.word] } : local;
      case 'raised':
        return local.isShort ? { ...local, isShort: false, order: 'resume' } : local;
      case 'contactUp':
        return this.#meet({ ...local, isContactUp: true });
      case 'contactDown':
        return this.#part({ ...local, isContactUp: false, outbox: [], inbox: [] });
      case 'arrive': {
        const [word, ...rest] = local.outbox;
        if (word === undefined) return local;
        this.#toHub({ type: 'word', session: -1, word });
        return message.again ? local : { ...local, outbox: rest };
      }
      case 'lose':
        return { ...local, outbox: local.outbox.slice(1) };
      case 'read':
        return this.#read(local);
      case 'order':
        return this.#obey({ ...local, order: null }, local.order);
      case 'linkUp':
        return this.#send({ ...local, isLinkAwaited: false }, { type: 'link.up' });
      case 'margin':
        return this.#send(local, { type: 'order.pause' });
      case 'giveUp':
        return { ...local, isShort: false, isEnding: true, order: 'abort' };
      default:
        return this.#work(local, message.type);
    }
  }

  #start(): MoverLocal {
    const { state, context } = this.stepper.start({ linkTimeoutMs: 1 }, this.#notes.broken);
    this.#toHub({ type: 'open', session: -1 });
    const contacted = this.#send({ ...FREE, state, context }, { type: 'order.contact' });
    return { ...contacted, order: 'credential' };
  }

  /** What the engine and the storage do. */
  #work(local: MoverLocal, type: 'begin' | 'land' | 'deny' | 'finish' | 'fail' | 'cleaned') {
    const engine = local.engine as Engine;
    const withEngine = (changed: Partial<Engine>): MoverLocal => ({
      ...local,
      engine: { ...engine, ...changed },
    });
    switch (type) {
      case 'begin':
        if (!this.#mayStartRequest(local)) return this.#expire(local);
        checkRequestStart(local, this.#notes.broken);
        return withEngine({ isInFlight: true, available: engine.available - 1 });
      case 'land': {
        const { spent, kept, left } = engine;
        this.#toHub({ type: 'stored', session: -1 });
        return this.#drain(
          withEngine({ isInFlight: false, spent: spent + 1, kept: kept + 1, left: left - 1 }),
        );
      }
      case 'deny': {
        const back = withEngine({ isInFlight: false, available: engine.available + 1 });
        return this.#drain(engine.isAborted ? back : this.#expire(back));
      }
      case 'finish':
        return this.#send(
          { ...local, engine: { ...engine, isAborted: true } },
          {
            type: 'engine.completed',
          },
        );
      case 'fail':
        return this.#send(local, { type: 'engine.failed', code: 'session.cancelled' });
      case 'cleaned':
        this.#toHub({ type: 'removed', session: -1, bytes: engine.kept });
        return this.#send(withEngine({ isCleaning: false, kept: 0 }), { type: 'engine.cleaned' });
      default:
        return type satisfies never;
    }
  }

  /** As `TargetMover.mayStartRequest`: the rule itself, on this process's own clock (C16). */
  #mayStartRequest({ expiresAt }: MoverLocal): boolean {
    return expiresAt === null || !isExpired(expiresAt, NOW);
  }

  #expire(local: MoverLocal): MoverLocal {
    const engine = local.engine as Engine;
    if (engine.hasExpired) return local;
    return this.#send(
      { ...local, engine: { ...engine, hasExpired: true } },
      { type: 'engine.credentialExpired' },
    );
  }

  #drain(local: MoverLocal): MoverLocal {
    const engine = local.engine as Engine;
    if (!engine.owesDrained || engine.isInFlight || engine.isAborted) return local;
    return this.#send(
      { ...local, engine: { ...engine, owesDrained: false } },
      { type: 'engine.drained' },
    );
  }

  /** Whoever waits at the gate looks again after every step. */
  #pump(local: MoverLocal): MoverLocal {
    const { engine } = local;
    if (engine === null || engine.isAborted || engine.isPaused || engine.hasExpired) return local;
    if (engine.isInFlight || engine.left === 0) return local;
    if (engine.available >= 1 || engine.isGrantAsked) return local;
    return this.#send(
      { ...local, engine: { ...engine, isGrantAsked: true } },
      { type: 'engine.grantNeeded', bytes: 1 - engine.available },
    );
  }

  #meet(local: MoverLocal): MoverLocal {
    const met = this.#send(local, { type: 'contact.made' });
    if (met.isCredentialAsked) return asking(met, { type: 'credential' });
    // P8: a session whose contact is back asks anew, and then lets its mover go on.
    const isAsking = met.engine !== null && met.order === null && !met.isEnding && !met.isShort;
    return isAsking ? { ...met, order: 'credential' } : met;
  }

  #part(local: MoverLocal): MoverLocal {
    this.#toHub({ type: 'parted', session: -1 });
    return this.#send(local, { type: 'contact.lost' });
  }

  #read(local: MoverLocal): MoverLocal {
    const [word, ...rest] = local.inbox;
    if (word === undefined) return local;
    const next = { ...local, inbox: rest };
    if (word.type === 'refused') return this.#send(next, { type: 'quota.refused' });
    if (word.type === 'granted') {
      const bytes = Math.max(0, word.total - next.received);
      const taken = { ...next, received: next.received + bytes };
      return this.#send(taken, { type: 'quota.granted', bytes });
    }
    return local.isCredentialAsked ? this.#open(next, word) : next;
  }

  #open(local: MoverLocal, word: Extract<LedgerWord, { type: 'delivered' }>): MoverLocal {
    const bytes = Math.max(0, word.total - local.received);
    const { expiresAt } = word;
    const opened: MoverLocal = {
      ...local,
      expiresAt,
      received: local.received + bytes,
      isCredentialAsked: false,
      order: local.isEnding ? local.order : local.engine === null ? 'start' : 'resume',
    };
    const grantedBytes = local.engine === null ? null : bytes;
    return this.#send(opened, {
      type: 'credential.opened',
      generation: 1,
      expiresAt,
      grantedBytes,
    });
  }

  #obey(local: MoverLocal, order: Order | null): MoverLocal {
    switch (order) {
      case null:
        return local;
      case 'credential': {
        const asked = { ...local, isCredentialAsked: true };
        return local.isContactUp ? asking(asked, { type: 'credential' }) : asked;
      }
      case 'stop':
      case 'stopDone':
        // The mover goes first, and its contact with it.
        if (local.isContactUp) this.#toHub({ type: 'parted', session: -1 });
        this.#toHub({ type: 'close', session: -1, isDone: order === 'stopDone' });
        return this.#send(local, { type: 'order.stop' });
      case 'abort':
        return this.#send(local, { type: 'order.abort', code: 'quota.exceeded' });
      case 'start':
      case 'resume':
      case 'cleanUp':
        return this.#send(local, { type: `order.${order}` });
      default:
        return order satisfies never;
    }
  }

  #send(local: MoverLocal, fact: Fact): MoverLocal {
    if (local.context === null) return local;
    const event = { ...fact, at: NOW } as TargetMoverEvent;
    const stepped = this.stepper.take(local.state, local.context, event, this.#notes.broken);
    let next: MoverLocal = { ...local, state: stepped.state, context: stepped.context };
    for (const request of stepped.requests) next = this.#carryOut(next, request);
    return next;
  }

  #carryOut(local: MoverLocal, request: TargetMoverRequest): MoverLocal {
    const { engine } = local;
    const withEngine = (changed: Partial<Engine>): MoverLocal =>
      engine === null ? local : { ...local, engine: { ...engine, ...changed } };
    switch (request.type) {
      case 'contact.open':
      case 'process.stop':
        return local;
      case 'link.await':
        return { ...local, isLinkAwaited: true };
      case 'engine.start':
        return { ...local, engine: engineWith(local.received, this.settings.blocks) };
      case 'engine.pause':
        return this.#drain(withEngine({ isPaused: true, owesDrained: true }));
      case 'engine.resume':
        return withEngine({ isPaused: false, hasExpired: false, owesDrained: false });
      case 'engine.grant':
        if (request.bytes === 0) return local;
        return withEngine({
          available: (engine?.available ?? 0) + request.bytes,
          isGrantAsked: false,
        });
      case 'engine.abort':
        return withEngine({ isAborted: true });
      case 'engine.cleanUp':
        return withEngine({ isCleaning: true });
      case 'quota.request': {
        const spent = engine?.spent ?? 0;
        return asking(local, {
          type: 'quota',
          bytes: request.bytes,
          spent,
          received: local.received,
        });
      }
      case 'report.completed':
        return {
          ...asking(local, { type: 'report', spent: engine?.spent ?? 0 }),
          isEnding: true,
          isShort: false,
          order: 'stopDone',
        };
      case 'report.credentialExpired':
      case 'report.drained':
        return local.order === null && !local.isEnding ? { ...local, order: 'credential' } : local;
      case 'report.quotaExhausted':
        return { ...local, isShort: !local.isEnding };
      case 'report.failed':
        return {
          ...asking(local, { type: 'report', spent: engine?.spent ?? 0 }),
          isEnding: true,
          isShort: false,
          order: 'cleanUp',
        };
      case 'report.cleaned':
        return { ...local, order: 'stop' };
      default:
        return request satisfies never;
    }
  }

  outlook(local: MoverLocal): Outlook {
    const { expiresAt } = local;
    return {
      generations: 0,
      isUrgent: false,
      boundaryMs: expiresAt === null ? Number.POSITIVE_INFINITY : this.#line.boundaryOf(expiresAt),
      waitMaxMs: local.isShort ? this.settings.quotaWaitMs : Number.POSITIVE_INFINITY,
      isBusy: local.context !== null,
    };
  }

  titleOf(local: MoverLocal, message: MoverMessage): string {
    if (message.type === 'order') return `the session says ${local.order}`;
    if (message.type === 'arrive') return `its ${local.outbox[0]?.type} reaches the SP`;
    if (message.type === 'read') return `hears ${local.inbox[0]?.type}`;
    return message.type;
  }

  #toHub(message: LedgerMessage): void {
    this.#notes.sendings.push({ to: 'hub', message });
  }
}
