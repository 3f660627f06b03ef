import type {
  LifecycleEvent,
  LifecycleRequest,
  LifecycleSettings,
} from '../../../machines/credential-lifecycle/index.ts';
import type { ErrorCode } from '../../../machines/rules/errors.ts';
import { issuerMaximumMs } from '../../../machines/rules/issuers.ts';
import {
  effectiveLifetime,
  type RenewalRule,
  renewalRule,
} from '../../../machines/rules/lifetimes.ts';
import { type EpochMs, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { earliest } from './network.ts';
import type { Desk, FleetSession, RepositoryNode, Unit, WorldParts } from './parts.ts';

type Fact = LifecycleEvent extends infer Event
  ? Event extends { at: EpochMs }
    ? Omit<Event, 'at'>
    : never
  : never;

export interface Delivery {
  readonly generation: number;
  readonly expiresAt: EpochMs;
  readonly usableFrom: EpochMs;
  readonly degraded: boolean;
}

/** What becomes of a request for a credential. */
export interface DeskListener {
  onDelivery(session: FleetSession, requestId: string, delivery: Delivery): void;
  onRefusal(session: FleetSession, requestId: string, code: ErrorCode): void;
}

/** What is told of a credential's end: long after, an alarm can wait; the machine is asked again. */
const SLEEP_MS_MAX = 30 * 24 * 60 * MINUTE_MS;

/** The desks of all scopes on the SP: a lifecycle machine each, and what it asks to be done. */
export class CredentialDesks {
  readonly #parts: WorldParts;
  readonly #listener: DeskListener;
  readonly #desks = new Set<Desk>();
  /** Counts the SP's processes: answers to an older one are heard by nobody. */
  #epoch = 0;

  constructor(parts: WorldParts, listener: DeskListener) {
    this.#parts = parts;
    this.#listener = listener;
  }

  /** L7: what was saved before is there again before the first answer. */
  held(unit: Unit): { readonly heldGeneration: number; readonly heldExpiresAt: EpochMs | null } {
    const { current } = this.#open(unit).running?.context ?? { current: null };
    return {
      heldGeneration: current?.generation ?? 0,
      heldExpiresAt: current?.expiresAt ?? null,
    };
  }

  request(
    session: FleetSession,
    asked: Pick<
      Extract<LifecycleEvent, { type: 'credential.requested' }>,
      'requestId' | 'trigger' | 'renew' | 'heldGeneration'
    >,
  ): void {
    const desk = this.#open(session.unit);
    const { requestId, trigger, renew } = asked;
    if (desk.open.has(requestId)) return;
    desk.open.set(requestId, { session, trigger });
    const data = { scope: session.unit.scope, trigger, renew };
    this.#parts.log.write('sp', 'credential.requested', session.id, data);
    this.#step(desk, { type: 'credential.requested', ...asked });
  }

  /** What the storage says to this key now. */
  refusal(unit: Unit, generation: number): ErrorCode | null {
    if (unit.desk === null) return 'access.denied';
    return unit.tenant.repository.storage.refusal(unit.desk, generation);
  }

  disable(unit: Unit): void {
    if (unit.desk !== null) this.#step(this.#open(unit), { type: 'scope.disabled' });
  }

  enable(unit: Unit): void {
    if (unit.desk !== null) this.#step(this.#open(unit), { type: 'scope.enabled' });
  }

  /** The SP's process ends: machines and open requests are gone, records stay. */
  crash(): void {
    this.#epoch += 1;
    for (const desk of this.#desks) {
      desk.running = null;
      desk.armedAt = 0;
      desk.unsaved = null;
      desk.open.clear();
    }
  }

  #open(unit: Unit): Desk {
    let { desk } = unit;
    if (desk === null) {
      desk = {
        unit,
        running: null,
        armedAt: 0,
        lastGeneration: 0,
        records: [],
        keys: [],
        usableFrom: 0,
        unsaved: null,
        open: new Map(),
      };
      unit.desk = desk;
      this.#desks.add(desk);
    }
    if (desk.running === null) this.#restore(desk);
    return desk;
  }

  #restore(desk: Desk): void {
    const now = this.#now();
    const live = desk.records.filter(({ state }) => state === 'live');
    const older = live.slice(0, -1).filter(({ expiresAt }) => expiresAt > now);
    const handle = ({ generation, issuedAt, expiresAt }: (typeof live)[number]) => ({
      generation,
      issuedAt,
      expiresAt,
    });
    const current = live.at(-1);
    const input = {
      settings: lifecycleSettings(desk.unit.scope, desk.unit.tenant.repository),
      current: current === undefined ? null : handle(current),
      older: older.map(handle),
      lastGeneration: desk.lastGeneration,
    };
    desk.running = this.#parts.runners.lifecycle.start(input, () => undefined);
    this.#arm(desk);
  }

  #now(): EpochMs {
    return this.#parts.spClock.read(this.#parts.agenda.now());
  }

  #later(desk: Desk, fact: Fact): void {
    const epoch = this.#epoch;
    this.#parts.inbox.push(() => {
      if (epoch === this.#epoch) this.#step(desk, fact);
    });
  }

  #step(desk: Desk, fact: Fact): void {
    if (desk.running === null) return;
    const { runners, counters } = this.#parts;
    counters.machineSteps += 1;
    const event = { ...fact, at: this.#now() } as LifecycleEvent;
    runners.lifecycle.step(desk.running, event, (request) => this.#perform(desk, request));
    this.#arm(desk);
  }

  #arm(desk: Desk): void {
    if (desk.running === null) return;
    const { agenda, spClock } = this.#parts;
    const dueAt = earliest(desk.running.context.deadlines);
    if (dueAt === null) return;
    const now = agenda.now();
    const wakeAt = Math.min(spClock.wakeAt(dueAt, now), now + SLEEP_MS_MAX);
    if (desk.armedAt > now && desk.armedAt <= wakeAt) return;
    desk.armedAt = wakeAt;
    agenda.at(wakeAt, () => this.#onWake(desk, wakeAt));
  }

  #onWake(desk: Desk, armedAt: EpochMs): void {
    if (desk.armedAt !== armedAt || desk.running === null) return;
    desk.armedAt = 0;
    const now = this.#now();
    const { renewalLine, expiry, retry, issueTimeout } = desk.running.context.deadlines;
    if (issueTimeout !== null && issueTimeout <= now) {
      this.#step(desk, { type: 'alarm.issueTimeout' });
    } else if (expiry !== null && expiry <= now) this.#step(desk, { type: 'alarm.expiry' });
    else if (renewalLine !== null && renewalLine <= now) {
      this.#step(desk, { type: 'alarm.renewalLine' });
    } else if (retry !== null && retry <= now) this.#step(desk, { type: 'alarm.retry' });
    else this.#arm(desk);
  }

  #perform(desk: Desk, request: LifecycleRequest): void {
    const { log, faults } = this.#parts;
    const { scope } = desk.unit;
    switch (request.type) {
      case 'records.recordIntent': {
        const { generation } = request;
        desk.lastGeneration = Math.max(desk.lastGeneration, generation);
        const isFailing = faults.strike('records', 'intent') !== null;
        this.#later(
          desk,
          isFailing
            ? { type: 'intent.failed', generation, code: 'records.failed' }
            : { type: 'intent.saved', generation },
        );
        return;
      }
      case 'records.dropIntent':
        return;
      case 'issuer.issue':
        this.#issue(desk, request.generation, request.lifetimeMs);
        return;
      case 'records.save':
        this.#save(desk, request.generation);
        return;
      case 'issuer.revoke':
        this.#revoke(desk, request.generation);
        return;
      case 'records.mark': {
        const { generation, state } = request;
        const record = desk.records.find((one) => one.generation === generation);
        if (record !== undefined) record.state = state;
        const expiresAt = record?.expiresAt ?? null;
        log.write('sp', 'credential.revoked', null, { scope, generation, state, expiresAt });
        return;
      }
      case 'credential.checked':
        this.#noteCheck(desk, request);
        return;
      case 'credential.deliver': {
        const { requestId, generation, expiresAt, degraded } = request;
        const asked = desk.open.get(requestId);
        desk.open.delete(requestId);
        const { usableFrom } = desk;
        if (asked === undefined) return;
        const delivery = { generation, expiresAt, usableFrom, degraded };
        this.#parts.inbox.push(() => this.#listener.onDelivery(asked.session, requestId, delivery));
        return;
      }
      case 'credential.refuse': {
        const { requestId, code } = request;
        const asked = desk.open.get(requestId);
        desk.open.delete(requestId);
        if (asked === undefined) return;
        log.write('sp', 'credential.refused', asked.session.id, { scope, code });
        this.#parts.inbox.push(() => this.#listener.onRefusal(asked.session, requestId, code));
        return;
      }
      default:
        request satisfies never;
    }
  }

  #noteCheck(desk: Desk, request: Extract<LifecycleRequest, { type: 'credential.checked' }>): void {
    const asked = desk.open.get(request.requestId);
    const { current, settings } = (desk.running as NonNullable<Desk['running']>).context;
    this.#parts.log.write(
      'sp',
      'credential.checked',
      asked?.session.id ?? null,
      {
        by: 'sp',
        trigger: asked?.trigger ?? 'request',
        expiresAt: current?.expiresAt ?? null,
        leftMs: request.leftMs,
        renewBelowMs: settings.renewBelowMs,
        includesLine: settings.includesLine,
        decision: request.decision,
      },
      // On the SP's own clock: that is what it checked by (C11).
      request.at,
    );
  }

  #issue(desk: Desk, generation: number, lifetimeMs: number): void {
    const epoch = this.#epoch;
    const { storage, settings } = desk.unit.tenant.repository;
    storage.issue(desk, generation, lifetimeMs, (answer) => {
      if (epoch !== this.#epoch) return;
      const { scope } = desk.unit;
      const { log, agenda } = this.#parts;
      if (!answer.ok) {
        log.write('sp', 'credential.issueFailed', null, { scope, generation, code: answer.code });
        this.#step(desk, { type: 'issuer.failed', generation, code: answer.code });
        return;
      }
      const { expiresAt } = answer;
      if (generation !== desk.lastGeneration) {
        // The attempt was given up long ago: the machine has it revoked (I74).
        log.write('sp', 'credential.orphaned', null, { scope, generation, expiresAt });
        this.#step(desk, { type: 'issuer.issued', generation, expiresAt });
        return;
      }
      desk.unsaved = { generation, expiresAt };
      desk.usableFrom = answer.usableFrom;
      log.write('sp', 'credential.issued', null, {
        scope,
        generation,
        issuedAt: agenda.now(),
        expiresAt,
        lifetimeMs,
        protocolLifetimeMs: credentialRule(desk.unit.tenant.repository).lifetimeMs,
        keyId: `${scope}#${generation}`,
        issuer: settings.issuer,
        issuerMaximumMs: maximumOf(desk.unit.tenant.repository),
      });
      this.#step(desk, { type: 'issuer.issued', generation, expiresAt });
    });
  }

  #save(desk: Desk, generation: number): void {
    const issued = desk.unsaved;
    if (issued === null || issued.generation !== generation) {
      throw new Error(`generation ${generation} of ${desk.unit.scope} was never issued`);
    }
    if (this.#parts.faults.strike('records', 'save') !== null) {
      this.#later(desk, { type: 'credential.saveFailed', generation, code: 'records.failed' });
      return;
    }
    desk.unsaved = null;
    const now = this.#now();
    desk.records = desk.records.filter(({ expiresAt }) => expiresAt > now);
    const { expiresAt } = issued;
    desk.records.push({ generation, issuedAt: now, expiresAt, state: 'live' });
    const { scope } = desk.unit;
    this.#parts.log.write('sp', 'credential.saved', null, { scope, generation });
    this.#later(desk, { type: 'credential.saved', generation });
  }

  #revoke(desk: Desk, generation: number): void {
    const epoch = this.#epoch;
    desk.unit.tenant.repository.storage.revoke(desk, generation, (isRevoked) => {
      if (epoch !== this.#epoch) return;
      if (isRevoked === null) this.#step(desk, { type: 'issuer.revokeFailed', generation });
      else if (isRevoked) this.#step(desk, { type: 'issuer.revoked', generation });
      else this.#step(desk, { type: 'issuer.irrevocable', generation });
    });
  }
}

/** The rule by which a repository's temporary credentials are made: C1, C3 with C4, C18 or C21. */
export function credentialRule(repository: RepositoryNode): RenewalRule {
  const { sasOverride, entraId } = repository.settings;
  const { kind } = repository.storage.settings;
  const rule = renewalRule(kind, kind === 'azure' ? 'sas' : 'limited', { sasOverride, entraId });
  if (rule === null) throw new Error('a credential that ends has a renewal rule');
  return rule;
}

/** C14: the longest credential that the storage of a repository issues. */
export function maximumOf({ storage, settings }: RepositoryNode): number {
  const { kind, longestSessionMs } = storage.settings;
  return issuerMaximumMs(kind, settings.issuer, longestSessionMs);
}

export function lifetimeOf(repository: RepositoryNode, rule: RenewalRule) {
  const { adaptThreshold, renewalFloorMs } = repository.settings;
  return effectiveLifetime(rule, maximumOf(repository), { adaptThreshold, renewalFloorMs });
}

/** What the lifecycle machine of a scope goes by, as the SP server sets it up. */
function lifecycleSettings(scopeId: string, repository: RepositoryNode): LifecycleSettings {
  const rule = credentialRule(repository);
  const { effectiveLifetimeMs, renewBelowMs, everyConnectRenews } = lifetimeOf(repository, rule);
  return {
    scopeId,
    lifetimeMs: effectiveLifetimeMs,
    renewBelowMs,
    includesLine: rule.includesLine,
    checkedAt: rule.checkedAt,
    checkClock: repository.settings.checkClock,
    strictRenewal: repository.settings.strictRenewal,
    generationsMax: everyConnectRenews
      ? null
      : Math.ceil(effectiveLifetimeMs / (effectiveLifetimeMs - renewBelowMs)),
    issueTimeoutMs: 2 * MINUTE_MS,
    issueAttemptsMax: 5,
    retryFirstMs: SECOND_MS,
    retryCapMs: 15 * MINUTE_MS,
    revokeAttemptsMax: 6,
  };
}
