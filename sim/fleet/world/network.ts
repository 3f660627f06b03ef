import type {
  ConnectionEvent,
  ConnectionRequest,
} from '../../../machines/control-connection/index.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import type { FleetSession, TenantNode, WorldParts } from './parts.ts';

type Fact = ConnectionEvent extends infer Event
  ? Event extends { at: EpochMs }
    ? Omit<Event, 'at'>
    : never
  : never;

/** Who hears that a tenant's connection has come up or gone down. */
export interface ConnectionListener {
  onUp(tenant: TenantNode): void;
  onDown(tenant: TenantNode): void;
}

/**
 * The tenants' persistent connections to the SP through the cloud gateway (P5), run by their
 * machines, and the control messages over them. As on a TCP connection, messages of one direction
 * keep their order and wait out a partition; what is lost breaks the connection.
 *
 * Heartbeats that would be answered are left out: they only move the machine's own deadlines. So an
 * idle tenant costs nothing; as soon as its way is blocked, its deadlines run as they are.
 */
export class Network {
  readonly #parts: WorldParts;
  readonly #listener: ConnectionListener;
  #isProviderDown = false;
  #messages = 0;

  constructor(parts: WorldParts, listener: ConnectionListener) {
    this.#parts = parts;
    this.#listener = listener;
  }

  get isProviderDown(): boolean {
    return this.#isProviderDown;
  }

  /** From the tenant's host to the SP. */
  toProvider(tenant: TenantNode, task: () => void): void {
    this.#send(tenant, true, task);
  }

  toTenant(tenant: TenantNode, task: () => void): void {
    if (!this.#isProviderDown) this.#send(tenant, false, task);
  }

  connect(tenant: TenantNode): void {
    this.#step(tenant, { type: 'connection.required' });
  }

  /** The SP's process has ended (its connections break) or is there again. */
  setProviderDown(isDown: boolean, tenants: readonly TenantNode[]): void {
    this.#isProviderDown = isDown;
    if (isDown) for (const tenant of tenants) this.#break(tenant);
  }

  /** The cloud gateways of some tenants are gone. */
  breakAll(tenants: readonly TenantNode[]): void {
    for (const tenant of tenants) this.#break(tenant);
  }

  /** A partition begins (+1) or ends (-1) for one tenant. */
  block(tenant: TenantNode, direction: 'both' | 'up' | 'down', by: 1 | -1): void {
    const wasHealthy = this.#isHealthy(tenant);
    if (direction !== 'down') tenant.blockedUp += by;
    if (direction !== 'up') tenant.blockedDown += by;
    if (this.#stateOf(tenant) !== 'connected') return;
    const isHealthy = this.#isHealthy(tenant);
    // The last sign of life before the partition, or the first one after it.
    if (wasHealthy !== isHealthy) this.#step(tenant, { type: 'peer.heard' });
    this.#releaseHeld(tenant);
  }

  #break(tenant: TenantNode): void {
    if (tenant.isOnboarded) this.#parts.inbox.push(() => this.#step(tenant, { type: 'link.lost' }));
  }

  #isHealthy(tenant: TenantNode): boolean {
    return this.#isThere(tenant) && tenant.blockedUp === 0 && tenant.blockedDown === 0;
  }

  #isThere(tenant: TenantNode): boolean {
    return !this.#isProviderDown && !tenant.repository.gateway.isDown;
  }

  #stateOf(tenant: TenantNode): string {
    return this.#parts.runners.connection.stateOf(tenant.connection);
  }

  #latency(tenant: TenantNode): number {
    this.#messages += 1;
    const { chance, fleet } = this.#parts;
    return chance.spread('network', tenant.index, this.#messages, fleet.network.latency);
  }

  #send(tenant: TenantNode, isUp: boolean, task: () => void): void {
    if (!tenant.isUp) return;
    const { agenda, chance, faults, fleet, counters } = this.#parts;
    const { network } = fleet;
    counters.messages += 1;
    let delayMs = this.#latency(tenant);
    const number = this.#messages;
    const fault = faults.strike('message', tenant.group.name);
    const isCalm = faults.isFrozen;
    if (
      fault?.effect.kind === 'lost' ||
      (!isCalm && chance.isHit('loss', tenant.index, number, network.lossPpm))
    ) {
      this.#break(tenant);
      return;
    }
    if (fault?.effect.kind === 'delay') delayMs += fault.effect.byMs;
    const { epoch } = tenant;
    const isOvertaken =
      !isCalm &&
      fault === null &&
      chance.isHit('reorder', tenant.index, number, network.reorderPpm);
    const arrive = (): void => this.#arrive(tenant, isUp, epoch, task);
    if (isOvertaken) {
      // As a relay may do it; a slow connection delays what comes behind, too.
      agenda.in(delayMs + network.reorderMs, arrive);
    } else {
      const last = isUp ? tenant.lastUpAt : tenant.lastDownAt;
      const dueAt = Math.max(last, agenda.now() + delayMs);
      if (isUp) tenant.lastUpAt = dueAt;
      else tenant.lastDownAt = dueAt;
      agenda.at(dueAt, arrive);
    }
    const isTwice =
      fault?.effect.kind === 'duplicate' ||
      (!isCalm && chance.isHit('duplicate', tenant.index, number, network.duplicatePpm));
    if (isTwice) agenda.in(delayMs + this.#latency(tenant), arrive);
  }

  #arrive(tenant: TenantNode, isUp: boolean, epoch: number, task: () => void): void {
    if (tenant.epoch !== epoch || !tenant.isUp || !this.#isThere(tenant)) return;
    const isBlocked = (isUp ? tenant.blockedUp : tenant.blockedDown) > 0;
    if (!isBlocked) {
      this.#parts.inbox.push(task);
      return;
    }
    tenant.held ??= [];
    tenant.held.push({ isUp, epoch, task });
  }

  #releaseHeld(tenant: TenantNode): void {
    const held = tenant.held;
    if (held === null) return;
    tenant.held = null;
    for (const { isUp, epoch, task } of held) this.#arrive(tenant, isUp, epoch, task);
  }

  #step(tenant: TenantNode, fact: Fact): void {
    const { runners, agenda, counters } = this.#parts;
    counters.machineSteps += 1;
    const event = { ...fact, at: agenda.now() } as ConnectionEvent;
    runners.connection.step(tenant.connection, event, (request) => this.#perform(tenant, request));
    this.#arm(tenant);
  }

  #arm(tenant: TenantNode): void {
    if (this.#stateOf(tenant) === 'connected' && this.#isHealthy(tenant)) return;
    const { agenda } = this.#parts;
    const dueAt = earliest(tenant.connection.context.deadlines);
    if (dueAt === null) return;
    // An entry in the past is used up; a later one is passed over when it comes.
    if (tenant.connectionArmedAt > agenda.now() && tenant.connectionArmedAt <= dueAt) return;
    tenant.connectionArmedAt = dueAt;
    agenda.at(dueAt, () => this.#onWake(tenant, dueAt));
  }

  #onWake(tenant: TenantNode, armedAt: EpochMs): void {
    if (tenant.connectionArmedAt !== armedAt) return;
    tenant.connectionArmedAt = 0;
    if (this.#stateOf(tenant) === 'connected' && this.#isHealthy(tenant)) return;
    const now = this.#parts.agenda.now();
    const { handshake, heartbeat, silence, backoff } = tenant.connection.context.deadlines;
    if (handshake !== null && handshake <= now) this.#step(tenant, { type: 'alarm.handshake' });
    else if (silence !== null && silence <= now) this.#step(tenant, { type: 'alarm.silence' });
    else if (heartbeat !== null && heartbeat <= now)
      this.#step(tenant, { type: 'alarm.heartbeat' });
    else if (backoff !== null && backoff <= now) this.#step(tenant, { type: 'alarm.backoff' });
    else this.#arm(tenant);
  }

  #perform(tenant: TenantNode, request: ConnectionRequest): void {
    switch (request.type) {
      case 'link.open':
        this.#dial(tenant);
        return;
      case 'hello.send':
        this.#roundTrip(tenant, { type: 'hello.accepted' });
        return;
      case 'heartbeat.send':
        this.#roundTrip(tenant, { type: 'peer.heard' });
        return;
      case 'connection.up':
        if (tenant.isUp) return;
        tenant.isUp = true;
        tenant.epoch += 1;
        tenant.lastUpAt = 0;
        tenant.lastDownAt = 0;
        this.#parts.log.write(`tenant:${tenant.name}`, 'channel.up', null, { role: 'tenant' });
        this.#parts.inbox.push(() => this.#listener.onUp(tenant));
        return;
      case 'connection.down':
        if (!tenant.isUp) return;
        tenant.isUp = false;
        tenant.held = null;
        this.#parts.log.write(`tenant:${tenant.name}`, 'channel.down', null, { role: 'tenant' });
        this.#parts.inbox.push(() => this.#listener.onDown(tenant));
        return;
      case 'link.close':
      case 'connection.refused':
        return;
      default:
        request satisfies never;
    }
  }

  /** A handshake with nobody there is refused at once; through a partition nothing comes back. */
  #dial(tenant: TenantNode): void {
    const { agenda } = this.#parts;
    const waitMs = this.#latency(tenant) + this.#latency(tenant);
    if (!this.#isThere(tenant)) {
      agenda.in(waitMs, () => this.#step(tenant, { type: 'link.failed', code: 'channel.lost' }));
    } else {
      this.#roundTrip(tenant, { type: 'link.opened' });
    }
  }

  #roundTrip(tenant: TenantNode, fact: Fact): void {
    const waitMs = this.#latency(tenant) + this.#latency(tenant);
    this.#parts.agenda.in(waitMs, () => {
      if (this.#isHealthy(tenant)) this.#step(tenant, fact);
    });
  }
}

/** The earliest of a machine's deadlines; null when none is set. */
export function earliest(deadlines: { readonly [name: string]: EpochMs | null }): EpochMs | null {
  let found: EpochMs | null = null;
  for (const name in deadlines) {
    const dueAt = deadlines[name] as EpochMs | null;
    if (dueAt !== null && (found === null || dueAt < found)) found = dueAt;
  }
  return found;
}

/** Sessions of a tenant in the order in which they began. */
export function sessionsOf(tenant: TenantNode): readonly FleetSession[] {
  return [...tenant.sessions];
}
