import type { FleetFault } from '../types.ts';
import type { GatewayNode } from './gateway.ts';
import type { Network } from './network.ts';
import type { TenantNode, WorldParts } from './parts.ts';
import type { Sessions } from './sessions.ts';
import type { StorageNode } from './storage.ts';

export interface OutageSites {
  readonly network: Network;
  readonly sessions: Sessions;
  readonly storages: readonly StorageNode[];
  readonly gateways: readonly GatewayNode[];
  readonly tenants: readonly TenantNode[];
}

/** Begins and ends what is down for a while: the SP, gateways, storages, ways through the network. */
export class Outages {
  readonly #parts: WorldParts;
  readonly #sites: OutageSites;
  /** What is down now, with the way back. */
  readonly #standing = new Set<() => void>();
  #provider = 0;
  readonly #counts = new Map<GatewayNode | StorageNode, number>();

  constructor(parts: WorldParts, sites: OutageSites) {
    this.#parts = parts;
    this.#sites = sites;
  }

  plan(): void {
    const { agenda, faults, fleet } = this.#parts;
    for (const fault of faults.outages()) {
      if (fault.trigger.kind !== 'at') continue;
      agenda.at(fleet.startAt + fault.trigger.atMs, () => {
        if (faults.isFrozen) return;
        faults.note(fault);
        this.#begin(fault);
      });
    }
  }

  /** An hour is a call of these sites: outages that come by chance, or in the n-th hour. */
  drawHour(): void {
    const { fleet, faults } = this.#parts;
    for (const site of ['sp', 'gateway', 'network', 'storage'] as const) {
      const names = new Set<string | null>(
        fleet.faults
          .filter((fault) => fault.site === site && fault.effect.kind === 'down')
          .filter((fault) => fault.trigger.kind !== 'at')
          .map(({ of }) => of),
      );
      for (const name of names) {
        const fault = faults.strikeOutage(site, name);
        if (fault !== null) this.#begin(fault);
      }
    }
  }

  healAll(): void {
    for (const heal of [...this.#standing]) heal();
  }

  #begin(fault: FleetFault): void {
    const heal = this.#breakSite(fault);
    if (heal === null) return;
    const healOnce = (): void => {
      if (!this.#standing.delete(healOnce)) return;
      heal();
    };
    this.#standing.add(healOnce);
    this.#parts.agenda.in(fault.forMs, healOnce);
  }

  #breakSite(fault: FleetFault): (() => void) | null {
    switch (fault.site) {
      case 'sp':
        return this.#breakProvider();
      case 'gateway':
        return this.#breakNodes(
          this.#sites.gateways.filter(({ settings }) => isMeant(fault, settings.name)),
        );
      case 'storage':
        return this.#breakNodes(
          this.#sites.storages.filter(({ settings }) => isMeant(fault, settings.name)),
        );
      case 'network':
        return this.#partition(fault);
      default:
        return null;
    }
  }

  #breakProvider(): () => void {
    const { network, sessions, tenants } = this.#sites;
    this.#provider += 1;
    if (this.#provider === 1) {
      network.setProviderDown(true, tenants);
      sessions.provider.crash(sessions.running);
      this.#note('sp.down');
    }
    return () => {
      this.#provider -= 1;
      if (this.#provider > 0) return;
      network.setProviderDown(false, tenants);
      this.#note('sp.up');
    };
  }

  #note(type: string): void {
    this.#parts.log.write('sp', type, null, {});
  }

  #breakNodes(nodes: readonly (GatewayNode | StorageNode)[]): () => void {
    const shift = (by: 1 | -1): void => {
      for (const node of nodes) {
        const count = (this.#counts.get(node) ?? 0) + by;
        this.#counts.set(node, count);
        if (count === (by === 1 ? 1 : 0)) this.#setDown(node, by === 1);
      }
    };
    shift(1);
    return () => shift(-1);
  }

  #setDown(node: GatewayNode | StorageNode, isDown: boolean): void {
    const { sessions, network, tenants } = this.#sites;
    if ('setDown' in node) {
      node.setDown(isDown);
      if (!isDown) return;
      network.breakAll(tenants.filter(({ repository }) => repository.gateway === node));
      for (const session of sessions.running) {
        if (session.unit.tenant.repository.gateway === node) sessions.transfers.breakLink(session);
      }
      return;
    }
    node.isDown = isDown;
    for (const session of sessions.running) {
      if (session.unit.tenant.repository.storage === node) sessions.transfers.relook(session);
    }
  }

  #partition(fault: FleetFault): (() => void) | null {
    if (fault.effect.kind !== 'down') return null;
    const { direction } = fault.effect;
    const { network, tenants } = this.#sites;
    const meant = tenants.filter(({ group }) => isMeant(fault, group.name));
    for (const tenant of meant) network.block(tenant, direction, 1);
    return () => {
      for (const tenant of meant) network.block(tenant, direction, -1);
    };
  }
}

function isMeant(fault: FleetFault, name: string): boolean {
  return fault.of === null || fault.of === name;
}
