import type { SessionEvent, SessionRequest } from '../../../machines/backup-session/index.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import type { Delivery } from './desk.ts';
import { earliest, type Network, sessionsOf } from './network.ts';
import type { FleetSession, TenantNode, Unit, WorldParts } from './parts.ts';
import { Provider, type SessionFact, type TenantSide } from './provider.ts';
import { newSession, noteEnd, sessionId, TOLD_STATES } from './session-record.ts';
import { Transfers } from './transfers.ts';

/** An alarm far away is looked at again after this long, so that a session that ends is let go. */
const SLEEP_MS_MAX = 6 * HOUR_MS;

/** The tenant servers: a session machine for every session, and what it asks to be done. */
export class Sessions implements TenantSide {
  readonly provider: Provider;
  readonly transfers: Transfers;
  readonly running = new Set<FleetSession>();
  readonly #parts: WorldParts;
  readonly #network: Network;

  constructor(parts: WorldParts, network: Network) {
    this.#parts = parts;
    this.#network = network;
    this.provider = new Provider(parts, network, this);
    this.transfers = new Transfers(parts, network, this.provider, this);
  }

  begin(unit: Unit): FleetSession {
    const { chance, runners, log, fleet, agenda, counters, inbox } = this.#parts;
    const { tenant } = unit;
    const { group } = tenant;
    unit.runs += 1;
    const isFull = !unit.hasFull;
    const sizeBytes = chance.spread(
      isFull ? 'first' : 'incremental',
      unit.index,
      unit.runs,
      isFull ? group.first : group.incremental,
    );
    const id = sessionId(unit);
    const { inSession, marginMs } = tenant.repository.settings;
    const requests: SessionRequest[] = [];
    log.write(`tenant:${tenant.name}`, 'session.started', id, {
      tenant: tenant.name,
      subtenant: unit.subtenant,
      repository: tenant.repository.settings.name,
      operation: 'backup',
      jobKind: group.jobKind,
      backup: 'main',
      isFull,
      sizeBytes,
    });
    const running = runners.session.start(
      {
        sessionId: id,
        startedAt: tenant.clock.read(agenda.now()),
        operation: 'backup',
        inSession,
        marginMs,
        reconnectBudgetMs: fleet.session.reconnectBudgetMs,
        answerTimeoutMs: fleet.session.answerTimeoutMs,
        restartsMax: fleet.session.restartsMax,
        heartbeatMs: fleet.session.heartbeatMs,
        quotaWaitMs: fleet.session.quotaWaitMs,
      },
      (request) => requests.push(request),
    );
    const session = newSession({ id, unit, sizeBytes, isFull, running });
    unit.isRunning = true;
    tenant.sessions.push(session);
    this.running.add(session);
    counters.sessionsStarted += 1;
    inbox.push(() => {
      for (const request of requests) this.#perform(session, request);
    });
    this.#arm(session);
    return session;
  }

  /** What the tenant's connection tells its sessions. */
  channelUp(tenant: TenantNode): void {
    for (const session of sessionsOf(tenant)) {
      this.tell(session, { type: 'channel.up' });
      // The target mover's own conversation is taken up again by itself (P4).
      if (session.wantsContact) this.#contact(session);
      if (session.isStoppingRemote) this.#stopRemote(session);
    }
  }

  channelDown(tenant: TenantNode): void {
    for (const session of sessionsOf(tenant)) {
      this.tell(session, { type: 'channel.down' });
      if (!session.hasContact) continue;
      session.hasContact = false;
      this.tell(session, { type: 'contact.lost' });
    }
  }

  tell(session: FleetSession, fact: SessionFact): void {
    if (session.isOver) return;
    this.#parts.inbox.push(() => {
      if (fact.type === 'contact.made') {
        if (!session.wantsContact || !session.isTargetUp) return;
        session.hasContact = true;
      }
      this.#step(session, fact);
      if (fact.type === 'contact.made') this.transfers.contactMade(session);
    });
  }

  startRemoteTarget(session: FleetSession): void {
    const { pair } = session;
    const { agenda, chance, fleet, log } = this.#parts;
    const { tenant } = session.unit;
    if (session.isTargetUp || session.isOver) return;
    const waitMs = chance.spread(
      'mover',
      session.unit.index,
      -session.number,
      fleet.session.moverStart,
    );
    agenda.in(waitMs, () => {
      if (session.pair !== pair || session.isTargetUp || session.isOver) return;
      if (this.#isCrashing(session, 'target')) return;
      session.isTargetUp = true;
      session.receivedBytes = session.grantedBytes;
      const host = session.opening?.route.targetHost ?? 'gatewayServer';
      log.write('sp', 'mover.started', session.id, { role: 'target', host });
      this.#network.toTenant(tenant, () =>
        this.tell(session, { type: 'mover.ready', role: 'target' }),
      );
    });
  }

  credentialArrived(session: FleetSession, delivery: Delivery | null): void {
    if (session.isOver || !session.isTargetUp) return;
    const { generation, expiresAt, usableFrom, degraded } = delivery ?? OWN_CREDENTIAL;
    const held = session.credential;
    // F25: an older generation that arrives late is ignored.
    if (held === null || generation >= held.generation) {
      this.transfers.holdCredential(session, { generation, expiresAt, usableFrom });
    }
    session.receivedBytes = session.grantedBytes;
    this.tell(session, { type: 'credential.delivered', generation, expiresAt, degraded });
  }

  grantArrived(session: FleetSession, isGranted: boolean): void {
    this.transfers.grantArrived(session, isGranted);
  }

  /** A mover process is gone (F1, F2). */
  crashMover(session: FleetSession, role: 'source' | 'target'): void {
    this.transfers.stop(session);
    if (role === 'source') session.isSourceUp = false;
    else {
      session.isTargetUp = false;
      session.wantsContact = false;
      session.hasContact = false;
      session.credential = null;
    }
    this.#noteExit(session, role);
    this.tell(session, { type: 'mover.failed', role, code: 'mover.exited' });
  }

  #step(session: FleetSession, fact: SessionFact): void {
    if (session.isOver) return;
    const { runners, agenda, counters } = this.#parts;
    counters.machineSteps += 1;
    const at = session.unit.tenant.clock.read(agenda.now());
    const event = { ...fact, at } as SessionEvent;
    runners.session.step(session.running, event, (request) => this.#perform(session, request));
    if (runners.session.isOver(session.running)) this.#end(session);
    else {
      this.#noteState(session);
      this.#arm(session);
    }
  }

  #noteState(session: FleetSession): void {
    const state = this.#parts.runners.session.stateOf(session.running);
    if (state === session.lastState) return;
    session.lastState = state;
    if (!TOLD_STATES.has(state)) return;
    const { name } = session.unit.tenant;
    this.#parts.log.write(`tenant:${name}`, 'session.state', session.id, { state });
  }

  #arm(session: FleetSession): void {
    const { agenda } = this.#parts;
    const dueAt = earliest(session.running.context.deadlines);
    if (dueAt === null) return;
    const now = agenda.now();
    const wakeAt = Math.min(session.unit.tenant.clock.wakeAt(dueAt, now), now + SLEEP_MS_MAX);
    if (session.armedAt > now && session.armedAt <= wakeAt) return;
    session.armedAt = wakeAt;
    agenda.at(wakeAt, () => this.#onWake(session, wakeAt));
  }

  #onWake(session: FleetSession, armedAt: EpochMs): void {
    if (session.isOver || session.armedAt !== armedAt) return;
    session.armedAt = 0;
    const now = session.unit.tenant.clock.read(this.#parts.agenda.now());
    const { budget, expiry, stopStarting, heartbeat } = session.running.context.deadlines;
    if (expiry !== null && expiry <= now) this.#step(session, { type: 'alarm.expiry' });
    else if (stopStarting !== null && stopStarting <= now) {
      this.#step(session, { type: 'alarm.stopStarting' });
    } else if (budget !== null && budget <= now) this.#step(session, { type: 'alarm.budget' });
    else if (heartbeat !== null && heartbeat <= now)
      this.#step(session, { type: 'alarm.heartbeat' });
    else this.#arm(session);
  }

  #perform(session: FleetSession, request: SessionRequest): void {
    const { tenant } = session.unit;
    switch (request.type) {
      case 'channel.require':
        if (tenant.isUp) this.tell(session, { type: 'channel.up' });
        return;
      case 'session.open':
        this.#network.toProvider(tenant, () => this.provider.open(session));
        return;
      case 'mover.start':
        this.#startMover(session, request.role, request.host);
        return;
      case 'mover.contact':
        session.wantsContact = true;
        this.#contact(session);
        return;
      case 'credential.request':
        this.#requestCredential(session, request);
        return;
      case 'credential.checked': {
        const { type, at, ...facts } = request;
        const data = { by: 'tenant', ...facts };
        this.#parts.log.write(`tenant:${tenant.name}`, type, session.id, data, at);
        return;
      }
      case 'transfer.start':
      case 'transfer.resume':
        this.transfers.go(session);
        return;
      case 'transfer.pause':
        this.transfers.pause(session);
        return;
      case 'transfer.abort':
        this.transfers.abort(session, request.code);
        return;
      case 'transfer.cleanUp':
        this.transfers.cleanUp(session);
        return;
      case 'quota.ask':
        return; // The mover has asked; the SP says `quota.raised` by itself.
      case 'movers.stop':
        this.#stopMovers(session);
        return;
      case 'session.close': {
        const { state } = request;
        this.#network.toProvider(tenant, () =>
          this.provider.close(session, state, session.storedBytes),
        );
        return;
      }
      default:
        request satisfies never;
    }
  }

  #startMover(session: FleetSession, role: 'source' | 'target', host: string): void {
    const { agenda, chance, fleet, log } = this.#parts;
    const { unit } = session;
    const { tenant } = unit;
    if (role === 'source') session.pair += 1;
    const { pair } = session;
    if (role === 'target' && session.opening?.route.dataPath === 'gateway') {
      this.#network.toProvider(tenant, () => this.provider.startTarget(session));
      return;
    }
    const which = role === 'source' ? session.number : -session.number;
    const waitMs = chance.spread('mover', unit.index, which, fleet.session.moverStart);
    agenda.in(waitMs, () => {
      if (session.isOver || session.pair !== pair) return;
      if (this.#isCrashing(session, role)) return;
      if (role === 'source') session.isSourceUp = true;
      else session.isTargetUp = true;
      log.write(`tenant:${tenant.name}`, 'mover.started', session.id, { role, host });
      this.tell(session, { type: 'mover.ready', role });
    });
  }

  /** A fault may strike a process that starts: it fails with a code. */
  #isCrashing(session: FleetSession, role: 'source' | 'target'): boolean {
    const { faults } = this.#parts;
    const { group } = session.unit.tenant;
    const fault = faults.strike('mover', group.name, 'error');
    if (fault?.effect.kind !== 'error') return false;
    const { code } = fault.effect;
    this.tell(session, { type: 'mover.failed', role, code });
    return true;
  }

  #contact(session: FleetSession): void {
    this.#network.toProvider(session.unit.tenant, () => this.provider.contact(session));
  }

  #requestCredential(
    session: FleetSession,
    request: Extract<SessionRequest, { type: 'credential.request' }>,
  ): void {
    session.requests += 1;
    const { trigger, renew, heldGeneration } = request;
    const number = session.requests;
    const requestId = `${session.id}:${number}`;
    this.#network.toProvider(session.unit.tenant, () => {
      if (number <= session.heardRequest) return;
      session.heardRequest = number;
      this.provider.requestCredential(session, { requestId, trigger, renew, heldGeneration });
    });
  }

  #stopMovers(session: FleetSession): void {
    this.transfers.stop(session);
    const isRemote = session.opening?.route.dataPath === 'gateway' && session.isTargetUp;
    session.pair += 1;
    session.wantsContact = false;
    session.hasContact = false;
    if (session.isSourceUp) {
      session.isSourceUp = false;
      this.#noteExit(session, 'source');
    }
    if (isRemote) {
      session.isStoppingRemote = true;
      this.#stopRemote(session);
      return;
    }
    if (session.isTargetUp) {
      session.isTargetUp = false;
      session.credential = null;
      this.#noteExit(session, 'target');
    }
    this.tell(session, { type: 'movers.stopped' });
  }

  #stopRemote(session: FleetSession): void {
    const { tenant } = session.unit;
    this.#network.toProvider(tenant, () => {
      if (session.isTargetUp) {
        session.isTargetUp = false;
        this.#noteExit(session, 'target');
      }
      this.#network.toTenant(tenant, () => {
        session.isStoppingRemote = false;
        this.tell(session, { type: 'movers.stopped' });
      });
    });
  }

  #noteExit(session: FleetSession, role: 'source' | 'target'): void {
    const route = session.opening?.route;
    const host = role === 'source' ? route?.sourceHost : route?.targetHost;
    const { name } = session.unit.tenant;
    const data = { role, host: host ?? null };
    this.#parts.log.write(`tenant:${name}`, 'mover.exited', session.id, data);
  }

  #end(session: FleetSession): void {
    const { log, counters } = this.#parts;
    const { tenant } = session.unit;
    this.transfers.stop(session);
    session.isOver = true;
    const outcome = session.running.context.outcome ?? { state: 'failed', code: 'unknown' };
    const { state, code } = outcome;
    const stored = session.storedBytes;
    noteEnd(log, session, state, code);
    if (session.isForgotten) this.provider.settleForgotten(session, state === 'done');
    // The tenant gave up without a word (its budget was spent): the SP ends it by itself (Q2).
    if (session.isKnown) this.provider.close(session, state, stored);
    tenant.sessions.splice(tenant.sessions.indexOf(session), 1);
    this.running.delete(session);
    session.unit.isRunning = false;
    counters.sessionsEnded += 1;
  }
}

const OWN_CREDENTIAL: Delivery = {
  generation: 0,
  expiresAt: null as never,
  usableFrom: 0,
  degraded: false,
};
