import type { EpochMs } from '../../../machines/rules/time.ts';
import type { Agenda } from '../model/agenda.ts';
import type { Chance } from '../model/chance.ts';
import type { FleetLog } from '../model/fleet-log.ts';
import type { FaultEffect, FaultSite, FleetFault } from '../types.ts';

interface Armed {
  readonly fault: FleetFault;
  readonly index: number;
  calls: number;
  fired: number;
  /** Once struck, it goes on until then. */
  until: EpochMs;
}

/**
 * Faults as data: counts the calls of every site and says which fault strikes. Outages that begin at
 * an instant are begun by the world (`outages`); they are noted here all the same.
 */
export class FaultBoard {
  readonly #bySite = new Map<FaultSite, Armed[]>();
  readonly #all: readonly Armed[];
  readonly #agenda: Agenda;
  readonly #chance: Chance;
  readonly #log: FleetLog;
  readonly #startAt: EpochMs;
  #isFrozen = false;

  constructor(
    faults: readonly FleetFault[],
    startAt: EpochMs,
    agenda: Agenda,
    chance: Chance,
    log: FleetLog,
  ) {
    this.#agenda = agenda;
    this.#chance = chance;
    this.#log = log;
    this.#startAt = startAt;
    this.#all = faults.map((fault, index) => ({ fault, index, calls: 0, fired: 0, until: 0 }));
    for (const armed of this.#all) {
      const own = this.#bySite.get(armed.fault.site);
      if (own === undefined) this.#bySite.set(armed.fault.site, [armed]);
      else own.push(armed);
    }
  }

  /** The healthy phase: nothing strikes any more. */
  freeze(): void {
    this.#isFrozen = true;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** One call of a site; `name`: whom it concerns (a storage or a group). */
  strike(
    site: FaultSite,
    name: string | null,
    kind: FaultEffect['kind'] | null = null,
  ): FleetFault | null {
    if (!this.#bySite.has(site)) return null;
    return this.#strike(site, (fault) => {
      if (isOutage(fault) || (kind !== null && fault.effect.kind !== kind)) return false;
      return fault.of === null || fault.of === name;
    });
  }

  /** One more hour of a site that can be down: an outage that begins now, or none. */
  strikeOutage(site: FaultSite, of: string | null): FleetFault | null {
    return this.#strike(
      site,
      (fault) => isOutage(fault) && fault.trigger.kind !== 'at' && fault.of === of,
    );
  }

  #strike(site: FaultSite, isMeant: (fault: FleetFault) => boolean): FleetFault | null {
    if (this.#isFrozen) return null;
    const own = this.#bySite.get(site);
    if (own === undefined) return null;
    let found: Armed | null = null;
    for (const armed of own) {
      if (!isMeant(armed.fault)) continue;
      armed.calls += 1;
      if (found === null && this.#isStruck(armed)) found = armed;
    }
    if (found === null) return null;
    this.note(found.fault);
    return found.fault;
  }

  #isStruck(armed: Armed): boolean {
    const { fault, calls, index } = armed;
    const now = this.#agenda.now();
    if (now < armed.until) return !isOutage(fault);
    switch (fault.trigger.kind) {
      case 'at': {
        const from = this.#startAt + fault.trigger.atMs;
        return now >= from && now < from + fault.forMs;
      }
      case 'nth':
        if (calls < fault.trigger.nth || calls >= fault.trigger.nth + fault.trigger.repeat) {
          return false;
        }
        break;
      case 'chance':
        if (this.#chance.below('fault', index, calls, fault.trigger.oneIn) !== 0) return false;
        break;
      default:
        return fault.trigger satisfies never;
    }
    armed.until = now + fault.forMs;
    return true;
  }

  /** Writes down that a fault has struck. */
  note(fault: FleetFault): void {
    const armed = this.#all.find((one) => one.fault === fault);
    if (armed !== undefined) armed.fired += 1;
    const data = { site: fault.site, kind: fault.effect.kind, fault: fault.name };
    this.#log.write(fault.of ?? fault.site, 'fault.fired', null, data);
  }

  /** Outages with an instant of their own. */
  outages(): readonly FleetFault[] {
    return this.#all
      .map(({ fault }) => fault)
      .filter((fault) => isOutage(fault) && fault.trigger.kind === 'at');
  }

  /** Calls that each fault has waited for, in the order of the fleet's faults. */
  calls(): readonly number[] {
    return this.#all.map(({ calls }) => calls);
  }

  /** Scripted faults that never struck: what the run was to show was not shown. */
  unfired(): readonly FleetFault[] {
    return this.#all
      .filter(({ fault, fired }) => fired === 0 && fault.trigger.kind !== 'chance')
      .map(({ fault }) => fault);
  }
}

/** The SP, gateways, storages and the network are down as such; a credential API by its calls. */
function isOutage({ site, effect }: FleetFault): boolean {
  return effect.kind === 'down' && site !== 'issuer';
}
