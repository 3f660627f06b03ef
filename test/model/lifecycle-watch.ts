import type {
  GenerationHandle,
  LifecycleContext,
  LifecycleEvent,
  LifecycleRequest,
  LifecycleSettings,
} from '../../machines/credential-lifecycle/index.ts';
import { statePath } from '../../machines/ports/invariant.ts';
import { checkRenewal, isExpired } from '../../machines/rules/renewal.ts';
import type { LifecycleRecords } from './lifecycle-records.ts';

type Deliver = Extract<LifecycleRequest, { type: 'credential.deliver' }>;

/** Sees every event and request of a run and throws, with the rule's id, when one is broken. */
export class LifecycleWatch {
  readonly #settings: LifecycleSettings;
  readonly #records: LifecycleRecords;
  readonly #issuedUntil = new Map<number, number>();
  readonly #revokeAsked = new Set<number>();
  readonly #asked = new Map<string, { skewMs: number; trigger: string }>();
  #issueCount = 0;
  #lastIssuedGeneration = 0;
  #issueInFlightSince: number | null = null;
  #lastDelivered = 0;
  #isDisabled = false;
  #wasEverDisabled = false;
  /** A request that must not lead to an issue, while it is handled (I21). */
  #mustKeep: string | null = null;

  constructor(settings: LifecycleSettings, records: LifecycleRecords) {
    this.#settings = settings;
    this.#records = records;
  }

  get issueCount(): number {
    return this.#issueCount;
  }

  onAsked(requestId: string, skewMs: number, trigger: string): void {
    this.#asked.set(requestId, { skewMs, trigger });
  }

  onEvent(event: LifecycleEvent, before: { value: unknown; context: LifecycleContext }): void {
    this.#mustKeep = null;
    switch (event.type) {
      case 'credential.requested': {
        const skewMs = this.#asked.get(event.requestId)?.skewMs ?? 0;
        const { current } = before.context;
        const check = checkRenewal(current?.expiresAt ?? null, event.at, this.#settings);
        const isFresh = statePath(before.value).startsWith('live.') && check.decision === 'keep';
        if (isFresh && skewMs === 0 && !event.renew) this.#mustKeep = event.requestId;
        return;
      }
      case 'scope.disabled':
        this.#isDisabled = true;
        this.#wasEverDisabled = true;
        this.#issueInFlightSince = null;
        return;
      case 'scope.enabled':
        this.#isDisabled = false;
        return;
      case 'issuer.issued':
      case 'issuer.failed':
        if (event.generation === this.#lastIssuedGeneration) this.#issueInFlightSince = null;
        return;
      default:
        return;
    }
  }

  onIssued(generation: number, expiresAt: number): void {
    this.#issuedUntil.set(generation, expiresAt);
  }

  handleOf(generation: number, issuedAt: number): GenerationHandle {
    const expiresAt = this.#issuedUntil.get(generation);
    if (expiresAt === undefined) throw new Error(`generation ${generation} was never issued`);
    return { generation, issuedAt, expiresAt };
  }

  onRestart(): void {
    this.#issueInFlightSince = null;
  }
  onCrash(): void {
    this.#issueInFlightSince = null;
  }

  onRequest(request: LifecycleRequest, now: number): void {
    switch (request.type) {
      case 'issuer.issue':
        this.#onIssue(request.generation, request.lifetimeMs, now);
        return;
      case 'credential.deliver':
        this.#onDeliver(request, now);
        return;
      case 'credential.refuse':
        if ((request.code === 'tenant.disabled') !== this.#isDisabled) {
          throw new Error(`C22: refused with ${request.code}, disabled: ${this.#isDisabled}`);
        }
        return;
      case 'issuer.revoke':
        this.#revokeAsked.add(request.generation);
        return;
      case 'records.recordIntent':
        if (this.#mustKeep !== null) throw new Error('I21: above the line, yet one is issued');
        return;
      default:
        return;
    }
  }

  #onIssue(generation: number, lifetimeMs: number, now: number): void {
    this.#issueCount += 1;
    if (lifetimeMs !== this.#settings.lifetimeMs) throw new Error('I19: another lifetime');
    if (generation <= this.#lastIssuedGeneration) throw new Error('C12: generations only rise');
    if (this.#records.stateOf(generation) !== 'intent') {
      throw new Error('I74: the issuer is called before the intent is journalled');
    }
    const since = this.#issueInFlightSince;
    if (since !== null && now < since + this.#settings.issueTimeoutMs) {
      throw new Error('I31: two issues in flight');
    }
    if (this.#isDisabled) throw new Error('C22: an issue for a disabled scope');
    this.#lastIssuedGeneration = generation;
    this.#issueInFlightSince = now;
  }

  #onDeliver({ requestId, generation, expiresAt, degraded }: Deliver, now: number): void {
    if (this.#isDisabled) throw new Error('C22: delivered for a disabled scope');
    if (this.#records.stateOf(generation) !== 'live') {
      throw new Error(`C5: delivered, but ${this.#records.stateOf(generation)} in the database`);
    }
    if (this.#issuedUntil.get(generation) !== expiresAt) throw new Error('C2: a wrong expiry');
    if (isExpired(expiresAt, now)) throw new Error('C11: an expired credential is delivered');
    if (generation < this.#lastDelivered) throw new Error('I32: an older generation is delivered');
    if (this.#revokeAsked.has(generation)) throw new Error('C22: a revoked one is delivered');
    this.#lastDelivered = generation;
    if (degraded) return;
    const skewMs = this.#asked.get(requestId)?.skewMs ?? 0;
    const check = checkRenewal(expiresAt, now, this.#settings);
    const isLineReachable = this.#settings.renewBelowMs < this.#settings.lifetimeMs;
    if (skewMs === 0 && check.decision === 'renew' && isLineReachable) {
      throw new Error(`I25/I26: ${check.leftMs} ms left at delivery, not flagged as degraded`);
    }
  }

  /** I33, for scopes that were never disabled: irrevocable ones of before live on (C22). */
  onContext({ current, older }: LifecycleContext, now: number): void {
    const { generationsMax } = this.#settings;
    if (generationsMax === null || this.#wasEverDisabled) return;
    const alive = [current, ...older].filter(
      (one) => one !== null && !isExpired(one.expiresAt, now),
    );
    if (alive.length > generationsMax) throw new Error(`I33: ${alive.length} generations alive`);
  }
}
