import {
  credentialLifecycleMachine,
  type LifecycleEvent,
  type LifecycleRequest,
  type LifecycleSettings,
  lifecycleInvariants,
} from '../../machines/credential-lifecycle/index.ts';
import { brokenInvariants, statePath } from '../../machines/ports/invariant.ts';
import { type HostedMachine, hostMachine } from '../../machines/ports/machine-host.ts';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import { checkRenewal } from '../../machines/rules/renewal.ts';
import { createVirtualClock } from '../../sim/kernel/virtual-clock.ts';
import { describeStep, type Step } from '../support/trace-recorder.ts';
import { LifecycleRecords } from './lifecycle-records.ts';
import { LifecycleWatch } from './lifecycle-watch.ts';
import { START } from './start.ts';

export type LifecycleMachine = typeof credentialLifecycleMachine;
type Trigger = Extract<LifecycleEvent, { type: 'credential.requested' }>['trigger'];
type Answer = LifecycleEvent extends infer Event
  ? Event extends { at: number }
    ? Omit<Event, 'at'>
    : never
  : never;

/** A call of the machine that has not been answered yet. */
interface PendingCall {
  readonly request: LifecycleRequest;
  /** For an issue: when the storage made the credential, and until when it lives. */
  readonly expiresAt: number;
}

export interface WorldOptions {
  readonly settings: LifecycleSettings;
  readonly machine?: LifecycleMachine;
  readonly isRevocable: boolean;
  readonly onStep?: Step;
}

/**
 * The world of one credential scope: the SP's process around the machine, its database, the
 * storage's issuer, and tenants with clocks of their own. Every call waits in `pending` until a
 * command answers it, so that the order, the loss and the repetition of answers are drawn.
 */
export class LifecycleWorld {
  readonly clock = createVirtualClock(START);
  readonly records = new LifecycleRecords();
  readonly watch: LifecycleWatch;
  pending: PendingCall[] = [];
  readonly answered: { request: LifecycleRequest; answer: Answer }[] = [];
  /** Requests that no answer has been seen for. */
  readonly open = new Set<string>();
  readonly statesSeen = new Set<string>();
  isDisabled = false;
  /** Set in the healthy phase and for directed runs: every call is answered at once. */
  isPrompt = false;
  readonly #options: WorldOptions;
  #host: HostedMachine<LifecycleMachine>;
  #requestCount = 0;
  #isAnswering = false;
  #violation: unknown = null;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.watch = new LifecycleWatch(options.settings, this.records);
    this.#host = this.#start();
  }

  get state(): string {
    return statePath(this.#host.snapshot().value);
  }
  get context() {
    return this.#host.snapshot().context;
  }
  get settings(): LifecycleSettings {
    return this.#options.settings;
  }

  #start(snapshot?: unknown): HostedMachine<LifecycleMachine> {
    const { settings, machine = credentialLifecycleMachine } = this.#options;
    const host = hostMachine<LifecycleMachine>({
      machine,
      clock: this.clock,
      input: { settings, ...this.records.read() },
      ...(snapshot === undefined ? {} : { snapshot: snapshot as never }),
      onTransition: ({ value }) => this.statesSeen.add(statePath(value)),
      onRequest: (request) => {
        // XState reports what a listener throws later and elsewhere: kept here until `check`.
        try {
          this.#onRequest(request);
        } catch (error) {
          this.#violation ??= error;
        }
      },
      onError: (error) => {
        this.#violation ??= error;
      },
    });
    return host;
  }

  #onRequest(request: LifecycleRequest): void {
    const now = this.clock.now();
    this.#options.onStep?.(now, 'request', describeStep(request), '');
    this.watch.onRequest(request, now);
    switch (request.type) {
      case 'credential.deliver':
      case 'credential.refuse':
        if (!this.open.delete(request.requestId)) {
          throw new Error(`I70: ${request.requestId} is answered twice`);
        }
        return;
      case 'credential.checked':
        return;
      case 'records.dropIntent':
        this.records.dropIntent(request.generation);
        return;
      case 'records.mark':
        this.records.mark(request.generation, request.state);
        return;
      case 'records.recordIntent':
      case 'records.save':
      case 'issuer.issue':
      case 'issuer.revoke': {
        const lifetimeMs = request.type === 'issuer.issue' ? request.lifetimeMs : 0;
        this.pending.push({ request, expiresAt: now + lifetimeMs });
        return;
      }
      default:
        request satisfies never;
    }
  }

  #send(fact: Answer): void {
    this.#options.onStep?.(this.clock.now(), 'event', describeStep(fact), this.state);
    const before = this.#host.snapshot();
    this.watch.onEvent({ ...fact, at: this.clock.now() } as LifecycleEvent, before);
    this.#host.send(fact);
    this.check();
    if (this.isPrompt) this.answerAll();
  }

  /** Everything that must hold between two steps. */
  check(): void {
    if (this.#violation !== null) throw this.#violation;
    const { context } = this.#host.snapshot();
    const broken = brokenInvariants(lifecycleInvariants, this.state, context);
    if (broken.length > 0) throw new Error(broken.join('\n'));
    if (JSON.stringify(JSON.parse(JSON.stringify(context))) !== JSON.stringify(context)) {
      throw new Error('I65: the context does not survive JSON');
    }
    const armed = Object.values(context.deadlines).filter((dueAt) => dueAt !== null).length;
    if (this.clock.pendingCount !== armed) {
      throw new Error(`${this.clock.pendingCount} wake-ups for ${armed} deadlines`);
    }
    this.watch.onContext(context, this.clock.now());
  }

  /** A tenant asks; its clock runs `skewMs` ahead of the SP's (C11). Returns the request's id. */
  request(trigger: Trigger, skewMs = 0): string {
    this.#requestCount += 1;
    const requestId = `r${this.#requestCount}`;
    const current = this.context.current;
    const { checkedAt, checkClock } = this.settings;
    const isByTenant = checkedAt === 'connect' && checkClock === 'tenant' && trigger !== 'forced';
    const tenantNow = this.clock.now() + skewMs;
    const check = checkRenewal(current?.expiresAt ?? null, tenantNow, this.settings);
    this.open.add(requestId);
    this.watch.onAsked(requestId, skewMs, trigger);
    this.#send({
      type: 'credential.requested',
      requestId,
      trigger,
      renew: isByTenant && check.decision === 'renew',
      heldGeneration: current?.generation ?? 0,
    });
    return requestId;
  }

  /** The same message once more, while its answer is still awaited (F24). */
  repeatRequest(): void {
    const [requestId] = this.open;
    if (requestId === undefined) return;
    this.#send({
      type: 'credential.requested',
      requestId,
      trigger: 'connect',
      renew: true,
      heldGeneration: this.context.current?.generation ?? 0,
    });
  }

  /** Answers one pending call; `null` means that all goes well. */
  answer(index: number, failure: ErrorCode | null): void {
    const [call] = this.pending.splice(index % Math.max(1, this.pending.length), 1);
    if (call === undefined) return;
    const answer = this.#answerTo(call, failure);
    if (answer === null) return;
    this.answered.push({ request: call.request, answer });
    this.#send(answer);
  }

  #answerTo({ request, expiresAt }: PendingCall, code: ErrorCode | null): Answer | null {
    switch (request.type) {
      case 'records.recordIntent': {
        const { generation } = request;
        if (code !== null) return { type: 'intent.failed', generation, code: 'records.failed' };
        if (this.records.stateOf(generation) === null) this.records.recordIntent(generation);
        return { type: 'intent.saved', generation };
      }
      case 'issuer.issue': {
        const { generation } = request;
        if (code !== null) return { type: 'issuer.failed', generation, code };
        this.watch.onIssued(generation, expiresAt);
        return { type: 'issuer.issued', generation, expiresAt };
      }
      case 'records.save': {
        const { generation } = request;
        if (code !== null) {
          return { type: 'credential.saveFailed', generation, code: 'records.failed' };
        }
        const handle = this.watch.handleOf(generation, this.clock.now());
        if (!['revoked', 'irrevocable'].includes(this.records.stateOf(generation) ?? '')) {
          this.records.save(handle);
        }
        return { type: 'credential.saved', generation };
      }
      case 'issuer.revoke': {
        const { generation } = request;
        if (code !== null) return { type: 'issuer.revokeFailed', generation };
        const type = this.#options.isRevocable ? 'issuer.revoked' : 'issuer.irrevocable';
        return { type, generation };
      }
      default:
        return null;
    }
  }

  /** The answer never comes, although what was asked for may have happened (`hasLanded`). */
  loseAnswer(index: number, hasLanded: boolean): void {
    const [call] = this.pending.splice(index % Math.max(1, this.pending.length), 1);
    if (call !== undefined && hasLanded) this.#answerTo(call, null);
  }

  /** An old answer comes once more (I70). */
  repeatAnswer(index: number): void {
    const again = this.answered[index % Math.max(1, this.answered.length)];
    if (again !== undefined) this.#send(again.answer);
  }

  answerAll(): void {
    if (this.#isAnswering) return;
    this.#isAnswering = true;
    while (this.pending.length > 0) this.answer(0, null);
    this.#isAnswering = false;
  }

  moveTo(at: number): void {
    // After a downtime deadlines have passed: they fire now, before anything else.
    const endAt = Math.max(at, this.clock.now());
    for (let dueAt = this.clock.nextDueAt(); dueAt !== null && dueAt <= endAt; ) {
      const alarm = Object.entries(this.context.deadlines).find(([, due]) => due === dueAt);
      const what = `alarm.${alarm?.[0] ?? 'unknown'}`;
      this.#options.onStep?.(dueAt, 'event', what, this.state);
      this.clock.fireNext();
      this.check();
      if (this.isPrompt) this.answerAll();
      dueAt = this.clock.nextDueAt();
    }
    this.clock.moveTo(endAt);
  }

  disable(): void {
    this.isDisabled = true;
    this.#send({ type: 'scope.disabled' });
  }
  enable(): void {
    this.isDisabled = false;
    this.#send({ type: 'scope.enabled' });
  }

  /** F3, F4: the process dies and comes back from the snapshot; what was under way may be lost, deadlines pass. */
  crashAndRestore(isPendingLost: boolean, downMs = 0): void {
    const snapshot = JSON.parse(JSON.stringify(this.#host.persist()));
    this.#host.stop();
    if (isPendingLost) this.#losePending();
    this.clock.moveTo(this.clock.now() + downMs);
    this.#options.onStep?.(this.clock.now(), 'crash', 'restored from its snapshot', '');
    this.#host = this.#start(snapshot);
    this.check();
  }

  /** L7: only the database is left. Tenants lose their connection and will ask again. */
  restartFromRecords(): void {
    this.#host.stop();
    this.#losePending();
    this.open.clear();
    this.watch.onRestart();
    this.#options.onStep?.(this.clock.now(), 'crash', 'restarted from the records', '');
    this.#host = this.#start();
    this.check();
    if (this.isDisabled) this.#send({ type: 'scope.disabled' });
  }

  /** A call that was made has landed or not; here every second one has. */
  #losePending(): void {
    for (const [index, call] of this.pending.entries()) {
      if (index % 2 === 0) this.#answerTo(call, null);
    }
    this.pending = [];
    this.watch.onCrash();
  }

  /** The liveness phase: no fault any more. Returns how long the last answer took. */
  heal(boundMs: number): void {
    this.isPrompt = true;
    this.answerAll();
    const endAt = this.clock.now() + boundMs;
    while (this.open.size > 0) {
      const dueAt = this.clock.nextDueAt();
      if (dueAt === null || dueAt > endAt) {
        throw new Error(`L3: ${[...this.open].join(', ')} unanswered in ${this.state}`);
      }
      this.moveTo(dueAt);
    }
  }

  stop(): void {
    this.#host.stop();
    if (this.clock.pendingCount !== 0) throw new Error('a stopped machine left an alarm behind');
  }
}
