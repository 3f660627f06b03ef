import {
  type credentialLifecycleMachine,
  type GenerationHandle,
  type LifecycleContext,
  type LifecycleEvent,
  type LifecycleRequest,
  lifecycleInvariants,
} from '../../machines/credential-lifecycle/index.ts';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import type { Choice, HubLogic, Notes, Outlook } from './cell.ts';
import { bitOf, renumbering } from './generations.ts';
import { LifeLine, NOW } from './life-line.ts';
import { type AnyStepper, type Stepped, Stepper, type Watcher } from './machine-step.ts';
import type { Ask, CallKind, Letter, ScopeMessage, SessionMessage } from './messages.ts';
import { mapScope, NOBODY, settledScope } from './scope-context.ts';
import { givenUp, withoutCall, withoutSession, withRecord } from './scope-records.ts';
import { checkAsked, checkDelivery, checkIssue, checkSteps } from './scope-rules.ts';
import { scopeTitle } from './scope-title.ts';
import type { DeskSettings } from './settings.ts';

type Machine = typeof credentialLifecycleMachine;

/** Something the SP has asked of the issuer or of its database, and has no answer to yet. */
export interface Call {
  readonly kind: CallKind;
  readonly generation: number;
  /** Of what the issuer has made; the answer is still on its way. */
  readonly expiresAt: number;
  /** The machine has stopped waiting; the answer will be a late one (I74). */
  readonly isLate: boolean;
  /** The generation was marked as dead meanwhile: the database refuses to save it. */
  readonly isVoid: boolean;
}

/** The SP's side of one credential scope: its lifecycle machine, its database, what is under way. */
export interface ScopeLocal {
  readonly state: number;
  readonly context: LifecycleContext;
  readonly calls: readonly Call[];
  /** In the database: deliverable generations, oldest first. */
  readonly records: readonly GenerationHandle[];
  /** The highest generation number in the database's journal. */
  readonly journalled: number;
}

const FAILURES: Readonly<Record<CallKind, readonly ErrorCode[]>> = {
  intent: ['records.failed'],
  issue: ['issuer.unavailable', 'issuer.refused'],
  save: ['records.failed'],
  revoke: ['issuer.unavailable'],
};

/** As `adapters/roles/sp-server/credential-desk.ts` answers its machine, in memory and at once. */
export class ScopeCell implements HubLogic<ScopeLocal, ScopeMessage, SessionMessage> {
  readonly who = 'SP';
  readonly initial: ScopeLocal;
  readonly stepper: Stepper<Machine>;
  readonly steppers: readonly AnyStepper[];
  readonly #settings: DeskSettings;
  readonly #line: LifeLine;
  #notes: Notes<SessionMessage> = { sendings: [], broken: [] };

  constructor(settings: DeskSettings, machine: Machine, watchers: readonly Watcher[]) {
    this.#settings = settings;
    this.#line = new LifeLine(settings.life);
    this.stepper = new Stepper<Machine>(machine, lifecycleInvariants, watchers);
    this.steppers = [this.stepper];
    this.initial = this.#open([], 0, []);
  }

  placed(message: ScopeMessage, session: number): ScopeMessage {
    if (message.type === 'ask') return { type: 'ask', ask: { ...message.ask, session } };
    return { type: message.type === 'bye' ? 'bye' : 'hello', session };
  }

  permuted(places: readonly number[]): ScopeMessage {
    return { type: 'permute', places };
  }

  titleOf(local: ScopeLocal, message: ScopeMessage): string {
    return scopeTitle(local, message);
  }

  key({ state, context, calls, records, journalled }: ScopeLocal): string {
    const { settings: _settings, ...rest } = context;
    return JSON.stringify([state, rest, calls, records, journalled]);
  }

  take(local: ScopeLocal, message: ScopeMessage, notes: Notes<SessionMessage>): ScopeLocal {
    this.#notes = notes;
    const next = this.#react(local, message);
    return settledScope(next);
  }

  #react(local: ScopeLocal, message: ScopeMessage): ScopeLocal {
    switch (message.type) {
      case 'elapse':
        return mapScope(local, { time: (at) => this.#line.later(at, message.ms) });
      case 'renumber':
        return mapScope(local, { generation: renumbering(message.generations) });
      case 'permute':
        return mapScope(local, { session: (session) => message.places[session] as number });
      case 'hello':
        return this.#welcome(local, message.session);
      case 'ask':
        return this.#handle(local, message.ask);
      case 'bye':
        return withoutSession(local, message.session);
      case 'succeed':
        return this.#succeed(withoutCall(local, message.index), local.calls[message.index] as Call);
      case 'fail':
        return this.#fail(local, message.index, message.code);
      case 'alarm':
        return this.#alarm(local, message.name);
      case 'crash':
        // F3, F4: what was under way is forgotten; what was saved is there again (L7).
        this.#notes.sendings.push({ to: 'spokes', message: { type: 'providerLost' } });
        return this.#crash(local, message.landed);
      case 'disable':
        this.#notes.sendings.push({ to: 'spokes', message: { type: 'told' } });
        return this.#send(givenUp(local), { type: 'scope.disabled', at: NOW });
      case 'enable':
        return this.#send(local, { type: 'scope.enabled', at: NOW });
      default:
        return message satisfies never;
    }
  }

  #crash(local: ScopeLocal, landed: boolean): ScopeLocal {
    let { records, journalled } = local;
    for (const call of landed ? local.calls : []) {
      if (call.kind === 'intent') journalled = Math.max(journalled, call.generation);
      if (call.kind === 'save' && !call.isVoid) records = withRecord(records, call);
    }
    return this.#open(records, journalled, this.#notes.broken);
  }

  #open(
    records: readonly GenerationHandle[],
    journalled: number,
    broken: Notes<SessionMessage>['broken'],
  ): ScopeLocal {
    const input = {
      settings: this.#settings.lifecycle,
      current: records.at(-1) ?? null,
      older: records.slice(0, -1).filter((one) => one.expiresAt > NOW),
      lastGeneration: journalled,
    };
    const { state, context } = this.stepper.start(input, broken);
    return { state, context, calls: [], records, journalled };
  }

  /** C11: what is held at this moment; the answer travels. */
  #welcome(local: ScopeLocal, session: number): ScopeLocal {
    const { current } = local.context;
    const letter = {
      type: 'held',
      generation: current?.generation ?? 0,
      expiresAt: current?.expiresAt ?? null,
    } as const;
    this.#notes.sendings.push({ to: session, message: { type: 'letter', letter } });
    return local;
  }

  #handle(local: ScopeLocal, ask: Ask): ScopeLocal {
    const { session, turn, trigger, renew, heldGeneration } = ask;
    if (local.context.isDisabled) {
      const letter = { type: 'refused', turn, code: 'tenant.disabled' } as const;
      this.#notes.sendings.push({ to: session, message: { type: 'letter', letter } });
      return local;
    }
    const event = {
      type: 'credential.requested',
      at: NOW,
      requestId: `${session}.${turn}`,
      trigger,
      renew,
      heldGeneration,
    } as const;
    const stepped = this.#step(local, event);
    const path = this.stepper.pathOf(local.state);
    checkAsked(path, local.context, event, stepped.requests, this.#settings, this.#notes.broken);
    return this.#perform({ ...local, ...placed(stepped) }, stepped.requests);
  }

  #alarm(local: ScopeLocal, name: Extract<ScopeMessage, { type: 'alarm' }>['name']): ScopeLocal {
    const stepped = this.#step(local, { type: `alarm.${name}`, at: NOW });
    const asked = name === 'issueTimeout' ? givenUp(local) : local;
    return this.#perform({ ...asked, ...placed(stepped) }, stepped.requests);
  }

  #succeed(local: ScopeLocal, { kind, generation, expiresAt }: Call): ScopeLocal {
    switch (kind) {
      case 'intent':
        return this.#send(
          { ...local, journalled: Math.max(local.journalled, generation) },
          { type: 'intent.saved', at: NOW, generation },
        );
      case 'issue':
        return this.#send(local, { type: 'issuer.issued', at: NOW, generation, expiresAt });
      case 'save': {
        const records = withRecord(local.records, { generation, expiresAt });
        return this.#send({ ...local, records }, { type: 'credential.saved', at: NOW, generation });
      }
      case 'revoke': {
        const type = this.#settings.isRevocable ? 'issuer.revoked' : 'issuer.irrevocable';
        return this.#send(local, { type, at: NOW, generation });
      }
      default:
        return kind satisfies never;
    }
  }

  #fail(local: ScopeLocal, index: number, code: ErrorCode): ScopeLocal {
    const { kind, generation } = local.calls[index] as Call;
    const rest = withoutCall(local, index);
    const failed = { at: NOW, generation, code } as const;
    switch (kind) {
      case 'intent':
        return this.#send(rest, { type: 'intent.failed', ...failed });
      case 'issue':
        return this.#send(rest, { type: 'issuer.failed', ...failed });
      case 'save':
        return this.#send(rest, { type: 'credential.saveFailed', ...failed });
      case 'revoke':
        return this.#send(rest, { type: 'issuer.revokeFailed', at: NOW, generation });
      default:
        return kind satisfies never;
    }
  }

  #send(local: ScopeLocal, event: LifecycleEvent): ScopeLocal {
    const stepped = this.#step(local, event);
    return this.#perform({ ...local, ...placed(stepped) }, stepped.requests);
  }

  #step(local: ScopeLocal, event: LifecycleEvent): Stepped<Machine> {
    return this.stepper.take(local.state, local.context, event, this.#notes.broken);
  }

  #perform(local: ScopeLocal, requests: readonly LifecycleRequest[]): ScopeLocal {
    const { broken } = this.#notes;
    let next = local;
    for (const request of requests) next = this.#carryOut(next, request);
    checkSteps(next, this.#settings, broken);
    return next;
  }

  #carryOut(local: ScopeLocal, request: LifecycleRequest): ScopeLocal {
    const call = (kind: CallKind, generation: number, expiresAt: number): ScopeLocal => ({
      ...local,
      calls: [...local.calls, { kind, generation, expiresAt, isLate: false, isVoid: false }],
    });
    switch (request.type) {
      case 'records.recordIntent':
        return call('intent', request.generation, NOW);
      case 'records.dropIntent':
        return local;
      case 'issuer.issue':
        checkIssue(local, request.generation, this.#notes.broken);
        return call('issue', request.generation, NOW + request.lifetimeMs);
      case 'records.save':
        return call('save', request.generation, local.context.issued?.expiresAt ?? NOW);
      case 'issuer.revoke':
        return call('revoke', request.generation, NOW);
      case 'records.mark': {
        const isOther = (one: { readonly generation: number }): boolean =>
          one.generation !== request.generation;
        const calls = local.calls.map((one) =>
          one.kind === 'save' && !isOther(one) ? { ...one, isVoid: true } : one,
        );
        return { ...local, calls, records: local.records.filter(isOther) };
      }
      case 'credential.checked':
        return local;
      case 'credential.deliver': {
        const { generation, expiresAt, degraded } = request;
        checkDelivery(expiresAt, this.#notes.broken);
        return this.#answer(local, request.requestId, (turn) => {
          return { type: 'delivered', turn, generation, expiresAt, degraded };
        });
      }
      case 'credential.refuse':
        return this.#answer(local, request.requestId, (turn) => {
          return { type: 'refused', turn, code: request.code };
        });
      default:
        return request satisfies never;
    }
  }

  #answer(local: ScopeLocal, requestId: string, letterOf: (turn: 0 | 1) => Letter): ScopeLocal {
    if (requestId === NOBODY) return local;
    const [session, turn] = requestId.split('.');
    const letter = letterOf(turn === '1' ? 1 : 0);
    this.#notes.sendings.push({ to: Number(session), message: { type: 'letter', letter } });
    return local;
  }

  choices(local: ScopeLocal): readonly Choice<ScopeMessage>[] {
    const { faults } = this.#settings;
    const { calls, context } = local;
    const choices: Choice<ScopeMessage>[] = [];
    const fault = (message: ScopeMessage): void => {
      choices.push({ message, kind: 'fault', cost: 1 });
    };
    const isHere = (kind: (typeof faults)[number]): boolean => faults.includes(kind);
    for (const [index, { kind, isVoid }] of calls.entries()) {
      if (isVoid) {
        const message = { type: 'fail', index, code: 'records.failed' } as const;
        choices.push({ message, kind: 'answer', cost: 0 });
        continue;
      }
      choices.push({ message: { type: 'succeed', index }, kind: 'answer', cost: 0 });
      if (!isHere('issuer')) continue;
      for (const code of FAILURES[kind]) fault({ type: 'fail', index, code });
    }
    this.#alarms(local, choices);
    if (isHere('crash')) {
      fault({ type: 'crash', landed: false });
      if (calls.some(({ kind }) => kind === 'save' || kind === 'intent')) {
        fault({ type: 'crash', landed: true });
      }
    }
    if (isHere('disable') && !context.isDisabled) fault({ type: 'disable' });
    if (context.isDisabled) choices.push({ message: { type: 'enable' }, kind: 'user', cost: 0 });
    return choices;
  }

  #alarms(local: ScopeLocal, choices: Choice<ScopeMessage>[]): void {
    const { deadlines } = local.context;
    const ring = (name: keyof typeof deadlines, cost: number): void => {
      choices.push({ message: { type: 'alarm', name }, kind: cost > 0 ? 'fault' : 'alarm', cost });
    };
    if (deadlines.renewalLine !== null && deadlines.renewalLine <= NOW) ring('renewalLine', 0);
    if (deadlines.expiry !== null && deadlines.expiry <= NOW) ring('expiry', 0);
    if (deadlines.retry !== null) ring('retry', 0);
    if (deadlines.issueTimeout === null) return;
    const isAwaited = local.calls.some((call) => !call.isLate);
    if (!isAwaited) ring('issueTimeout', 0);
    else if (this.#settings.faults.includes('late')) ring('issueTimeout', 1);
  }

  outlook(local: ScopeLocal): Outlook {
    const { context, calls, records } = local;
    const { deadlines, settings } = context;
    const made = calls.filter(({ kind }) => kind === 'issue' || kind === 'save');
    const handles = [...records, ...context.older, context.current, context.issued, ...made];
    let generations = bitOf(context.lastGeneration) | bitOf(local.journalled);
    for (const { generation } of calls) generations |= bitOf(generation);
    let boundaryMs = Number.POSITIVE_INFINITY;
    for (const handle of handles) {
      if (handle === null) continue;
      generations |= bitOf(handle.generation);
      boundaryMs = Math.min(boundaryMs, this.#line.boundaryOf(handle.expiresAt));
    }
    for (const generation of context.revoking) generations |= bitOf(generation);
    const isDue = (at: number | null): boolean => at !== null && at <= NOW;
    let waitMaxMs = Number.POSITIVE_INFINITY;
    if (deadlines.issueTimeout !== null) waitMaxMs = settings.issueTimeoutMs;
    if (deadlines.retry !== null) waitMaxMs = Math.min(waitMaxMs, settings.retryCapMs);
    if (calls.length > 0) waitMaxMs = Math.min(waitMaxMs, settings.issueTimeoutMs);
    return {
      generations,
      isUrgent: isDue(deadlines.renewalLine) || isDue(deadlines.expiry),
      boundaryMs,
      waitMaxMs,
      isBusy: context.waiters.length > 0,
    };
  }
}

function placed({ state, context }: Stepped<Machine>): Pick<ScopeLocal, 'state' | 'context'> {
  return { state, context };
}
