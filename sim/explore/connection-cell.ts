import {
  type ConnectionContext,
  type ConnectionEvent,
  type ConnectionRequest,
  connectionInvariants,
  type controlConnectionMachine,
} from '../../machines/control-connection/index.ts';
import type { CellLogic, Choice, ChoiceKind, Notes, Outlook, Upkeep } from './cell.ts';
import type { DoorMessage } from './door-cell.ts';
import { NOW, WIRE_AT } from './life-line.ts';
import { type AnyStepper, Stepper, type Watcher } from './machine-step.ts';
import type { ConnectionSettings, FaultKind } from './settings.ts';

type Machine = typeof controlConnectionMachine;
type Deadline = keyof ConnectionContext['deadlines'];
type Fact = ConnectionEvent extends infer One
  ? One extends unknown
    ? Omit<One, 'at'>
    : never
  : never;

export type ConnectionMessage =
  | Upkeep
  | { readonly type: 'start' }
  | { readonly type: 'dialed' }
  | { readonly type: 'dialFails' }
  | { readonly type: 'helloArrives' }
  | { readonly type: 'answered'; readonly isYes: boolean }
  | { readonly type: 'readAnswer' }
  | { readonly type: 'acked' }
  | { readonly type: 'lost' }
  /** F11: the link is open, and nothing comes through any more. */
  | { readonly type: 'silenced' }
  | { readonly type: 'alarm'; readonly name: Deadline }
  | { readonly type: 'required' }
  | { readonly type: 'released' };

/** One connection, its link, and what is under way on it. */
export interface ConnectionLocal {
  readonly state: number;
  /** `null`: nobody wants one; the place is free. */
  readonly context: ConnectionContext | null;
  readonly isDialing: boolean;
  readonly isLinkOpen: boolean;
  readonly isSilent: boolean;
  readonly isHelloSent: boolean;
  readonly answer: 'yes' | 'no' | null;
  /** The SP has said yes on the link that is open. */
  readonly isAccepted: boolean;
  readonly isAckDue: boolean;
  /** As the owner was told last. */
  readonly isUp: boolean;
}

const NO_LINK = {
  isDialing: false,
  isLinkOpen: false,
  isSilent: false,
  isHelloSent: false,
  answer: null,
  isAccepted: false,
  isAckDue: false,
} as const;
const FREE: ConnectionLocal = { state: -1, context: null, ...NO_LINK, isUp: false };
/** More failed attempts than these only make the wait longer. */
const ATTEMPTS_MAX = 2;

/** As `adapters/roles/sp-connection.ts` carries out what its machine asks for. */
export class ConnectionCell implements CellLogic<ConnectionLocal, ConnectionMessage, DoorMessage> {
  readonly who = 'connection';
  readonly initial = FREE;
  readonly stepper: Stepper<Machine>;
  readonly steppers: readonly AnyStepper[];
  readonly #settings: ConnectionSettings;
  #notes: Notes<DoorMessage> = { sendings: [], broken: [] };

  constructor(settings: ConnectionSettings, machine: Machine, watchers: readonly Watcher[]) {
    this.#settings = settings;
    this.stepper = new Stepper<Machine>(machine, connectionInvariants, watchers);
    this.steppers = [this.stepper];
  }

  key(local: ConnectionLocal): string {
    if (local.context === null) return 'free';
    const { input: _input, ...context } = local.context;
    return JSON.stringify({ ...local, context });
  }

  take(
    local: ConnectionLocal,
    message: ConnectionMessage,
    notes: Notes<DoorMessage>,
  ): ConnectionLocal {
    this.#notes = notes;
    if (message.type === 'start') return this.#settled(this.#start());
    return local.context === null ? local : this.#settled(this.#react(local, message));
  }

  #settled(local: ConnectionLocal): ConnectionLocal {
    const { context } = local;
    if (context === null) return local;
    const path = this.stepper.pathOf(local.state);
    if (local.isUp !== (path === 'connected')) {
      this.#breaks('P5', 'the owner is told of every connection and of its end');
    }
    if (path === 'idle') return FREE;
    const { handshake, heartbeat, silence, backoff } = context.deadlines;
    const wire = (at: number | null): number | null => (at === null ? null : WIRE_AT);
    const deadlines = {
      handshake: wire(handshake),
      heartbeat: wire(heartbeat),
      silence: wire(silence),
      backoff: wire(backoff),
    };
    const attempt = Math.min(ATTEMPTS_MAX, context.attempt);
    return { ...local, context: { ...context, attempt, deadlines } };
  }

  #start(): ConnectionLocal {
    const { state, context } = this.stepper.start(this.#settings.input, this.#notes.broken);
    return this.#send({ ...FREE, state, context }, { type: 'connection.required' });
  }

  #react(
    local: ConnectionLocal,
    message: Exclude<ConnectionMessage, { readonly type: 'start' }>,
  ): ConnectionLocal {
    switch (message.type) {
      case 'elapse':
      case 'renumber':
        return local;
      case 'dialed':
        return this.#send(
          { ...local, isDialing: false, isLinkOpen: true },
          { type: 'link.opened' },
        );
      case 'dialFails':
        return this.#send(
          { ...local, isDialing: false },
          { type: 'link.failed', code: 'channel.lost' },
        );
      case 'helloArrives':
        this.#notes.sendings.push({ to: 'hub', message: { type: 'hello', connection: -1 } });
        return { ...local, isHelloSent: false };
      case 'answered':
        return local.isLinkOpen ? { ...local, answer: message.isYes ? 'yes' : 'no' } : local;
      case 'readAnswer':
        return this.#readAnswer(local);
      case 'acked':
        return this.#send({ ...local, isAckDue: false }, { type: 'peer.heard' });
      case 'lost':
        return local.isLinkOpen
          ? this.#send({ ...local, ...NO_LINK }, { type: 'link.lost' })
          : local;
      case 'silenced':
        return { ...local, isSilent: true, isHelloSent: false, answer: null, isAckDue: false };
      case 'alarm':
        return this.#send(local, { type: `alarm.${message.name}` });
      case 'required':
        return this.#send(local, { type: 'connection.required' });
      case 'released':
        return this.#send(local, { type: 'connection.released' });
      default:
        return message satisfies never;
    }
  }

  #readAnswer(local: ConnectionLocal): ConnectionLocal {
    const isYes = local.answer === 'yes';
    const read = { ...local, answer: null, isAccepted: isYes };
    const heard = this.#send(read, { type: 'peer.heard' });
    return isYes
      ? this.#send(heard, { type: 'hello.accepted' })
      : this.#send(heard, { type: 'hello.refused', code: 'channel.refused' });
  }

  #send(local: ConnectionLocal, fact: Fact): ConnectionLocal {
    if (local.context === null) return local;
    const event = { ...fact, at: NOW } as ConnectionEvent;
    const stepped = this.stepper.take(local.state, local.context, event, this.#notes.broken);
    let next: ConnectionLocal = { ...local, state: stepped.state, context: stepped.context };
    for (const request of stepped.requests) next = this.#carryOut(next, request);
    return next;
  }

  #carryOut(local: ConnectionLocal, request: ConnectionRequest): ConnectionLocal {
    switch (request.type) {
      case 'link.open':
        if (local.isLinkOpen) this.#breaks('P5', 'one link at a time belongs to a connection');
        return { ...local, isDialing: true };
      case 'link.close':
        return { ...local, ...NO_LINK };
      case 'hello.send':
        return { ...local, isHelloSent: local.isLinkOpen && !local.isSilent };
      case 'heartbeat.send':
        return { ...local, isAckDue: local.isLinkOpen && !local.isSilent };
      case 'connection.up':
        if (!local.isAccepted) this.#breaks('P5, I49', 'up only when the SP has said yes');
        return { ...local, isUp: true };
      case 'connection.down':
        return { ...local, isUp: false };
      case 'connection.refused':
        return local;
      default:
        return request satisfies never;
    }
  }

  choices(local: ConnectionLocal): readonly Choice<ConnectionMessage>[] {
    const { context } = local;
    if (context === null) return [{ message: { type: 'start' }, kind: 'start', cost: 0 }];
    const choices: Choice<ConnectionMessage>[] = [];
    const add = (message: ConnectionMessage, kind: ChoiceKind = 'answer', cost = 0): void => {
      choices.push({ message, kind, cost });
    };
    const fault = (kind: FaultKind, message: ConnectionMessage): void => {
      if (this.#settings.faults.includes(kind)) add(message, 'fault', 1);
    };
    const path = this.stepper.pathOf(local.state);
    if (local.isDialing) add({ type: 'dialed' });
    if (local.isDialing) fault('channel', { type: 'dialFails' });
    if (local.isHelloSent) add({ type: 'helloArrives' });
    if (local.answer !== null) add({ type: 'readAnswer' });
    if (local.isAckDue) add({ type: 'acked' });
    if (local.isLinkOpen) fault('channel', { type: 'lost' });
    if (local.isLinkOpen && !local.isSilent) fault('late', { type: 'silenced' });
    const isAnswerable =
      local.isDialing || local.isHelloSent || local.answer !== null || local.isAckDue;
    for (const name of ['handshake', 'heartbeat', 'silence', 'backoff'] as const) {
      if (context.deadlines[name] === null) continue;
      const message = { type: 'alarm', name } as const;
      // A peer that answers is heard again long before the silence is too long.
      const isEarly = name === 'silence' ? !local.isSilent : isAnswerable && name !== 'heartbeat';
      if (isEarly) fault('late', message);
      else add(message, 'alarm');
    }
    if (local.isUp) add({ type: 'released' }, 'work');
    else if (path === 'refused') add({ type: 'released' });
    else add({ type: 'released' }, 'user', 1);
    if (path === 'refused' || local.isUp) add({ type: 'required' }, 'user', 1);
    return choices;
  }

  outlook({ context }: ConnectionLocal): Outlook {
    return {
      generations: 0,
      isUrgent: false,
      boundaryMs: Number.POSITIVE_INFINITY,
      waitMaxMs: Number.POSITIVE_INFINITY,
      isBusy: context !== null,
    };
  }

  titleOf(_local: ConnectionLocal, message: ConnectionMessage): string {
    return message.type === 'alarm' ? `alarm ${message.name}` : message.type;
  }

  #breaks(ids: string, sentence: string): void {
    this.#notes.broken.push({ ids, sentence });
  }
}
