import { backupSessionMachine } from '../../../machines/backup-session/index.ts';
import { controlConnectionMachine } from '../../../machines/control-connection/index.ts';
import { credentialLifecycleMachine } from '../../../machines/credential-lifecycle/index.ts';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { scopeId } from '../../../machines/rules/scope.ts';
import { DAY_MS, type EpochMs, HOUR_MS } from '../../../machines/rules/time.ts';
import { Agenda } from '../model/agenda.ts';
import { Chance } from '../model/chance.ts';
import { FleetLog, type FleetSink, type LineSink } from '../model/fleet-log.ts';
import { NodeClock } from '../model/node-clock.ts';
import { createRunner, type RunnerKind } from '../model/runner.ts';
import type { Fleet, FleetEvent, TenantGroup } from '../types.ts';
import { FaultBoard } from './faults.ts';
import { GatewayNode } from './gateway.ts';
import { Inbox } from './inbox.ts';
import { Network } from './network.ts';
import { Outages } from './outages.ts';
import type { RepositoryNode, TenantNode, Unit, WorldParts } from './parts.ts';
import { explainPending } from './pending.ts';
import { nextRun } from './schedule.ts';
import { Sessions } from './sessions.ts';
import { StorageNode } from './storage.ts';

export interface FleetWorldOptions {
  readonly fleet: Fleet;
  readonly seed?: number | string;
  readonly sinks?: readonly FleetSink[];
  /** Each takes every event as a normalised line, without its line end. */
  readonly lines?: readonly LineSink[];
  readonly runner?: RunnerKind;
  /** A planted bug: what a broken part would have written instead. */
  readonly tamper?: (event: LogEvent) => readonly LogEvent[];
}

export type Phase = 'safety' | 'liveness' | 'over';

/** What runs the clocks of nodes that share one. */
const SP_NODE = 0x7fff_ffff;

/**
 * A fleet under a simulated clock: the machines of the product decide, this world plays everything
 * around them. One agenda, no promises, no chance but the seed's.
 */
export class FleetWorld {
  readonly parts: WorldParts;
  readonly tenants: readonly TenantNode[];
  readonly #network: Network;
  readonly #sessions: Sessions;
  readonly #outages: Outages;
  readonly #repositories: ReadonlyMap<string, RepositoryNode>;
  readonly #storages: readonly StorageNode[];
  readonly #gateways: readonly GatewayNode[];
  readonly #endAt: EpochMs;
  readonly #onboardedAt: Float64Array;
  #phase: Phase = 'safety';

  constructor(options: FleetWorldOptions) {
    const { fleet } = options;
    const agenda = new Agenda(fleet.startAt);
    const log = new FleetLog(
      agenda,
      options.sinks ?? [],
      options.lines ?? [],
      options.tamper ?? null,
    );
    const chance = new Chance(options.seed ?? fleet.seed);
    const kind = options.runner ?? 'compiled';
    this.parts = {
      fleet,
      agenda,
      inbox: new Inbox(),
      log,
      chance,
      faults: new FaultBoard(fleet.faults, fleet.startAt, agenda, chance, log),
      spClock: clockOf(fleet.startAt, fleet.spClock, chance, SP_NODE),
      runners: {
        session: createRunner(backupSessionMachine, kind),
        lifecycle: createRunner(credentialLifecycleMachine, kind),
        connection: createRunner(controlConnectionMachine, kind),
      },
      counters: { sessionsStarted: 0, sessionsEnded: 0, machineSteps: 0, messages: 0 },
    };
    this.#endAt = fleet.startAt + fleet.days * DAY_MS;
    this.#network = new Network(this.parts, {
      onUp: (tenant) => this.#sessions.channelUp(tenant),
      onDown: (tenant) => this.#sessions.channelDown(tenant),
    });
    this.#sessions = new Sessions(this.parts, this.#network);
    this.#storages = fleet.storages.map((settings) => new StorageNode(settings, this.parts));
    this.#gateways = fleet.gateways.map((settings) => new GatewayNode(settings, this.parts));
    this.#repositories = this.#buildRepositories();
    this.tenants = fleet.groups.flatMap((group) => this.#buildGroup(group));
    this.#numberAll();
    this.#onboardedAt = new Float64Array(this.tenants.length);
    this.#outages = new Outages(this.parts, {
      network: this.#network,
      sessions: this.#sessions,
      storages: this.#storages,
      gateways: this.#gateways,
      tenants: this.tenants,
    });
    this.#plan();
  }

  get phase(): Phase {
    return this.#phase;
  }

  get now(): EpochMs {
    return this.parts.agenda.now();
  }

  /** Share of the days that have passed, from 0 to 1. */
  get progress(): number {
    const { startAt } = this.parts.fleet;
    return Math.min(1, (this.now - startAt) / (this.#endAt - startAt));
  }

  /** Works off up to so many tasks; `false` when the run is over. */
  advance(tasksMax: number): boolean {
    const { agenda, inbox } = this.parts;
    inbox.drain();
    for (let count = 0; count < tasksMax; count += 1) {
      if (this.#phase === 'safety' && (agenda.nextDueAt() ?? this.#endAt) >= this.#endAt) {
        this.#beginLiveness();
        inbox.drain();
      }
      if (this.#phase !== 'safety' && this.#isSettled()) {
        this.#phase = 'over';
        return false;
      }
      if (!agenda.fireNext(Number.MAX_SAFE_INTEGER)) return this.#finish();
      inbox.drain();
    }
    return true;
  }

  /** L1: what is still going on although the healthy phase is over, each with its reason. */
  pending(): readonly string[] {
    return [...this.#sessions.running].map((session) => explainPending(session, this.parts));
  }

  #finish(): boolean {
    this.#phase = 'over';
    return false;
  }

  #isSettled(): boolean {
    if (this.#sessions.running.size === 0) {
      this.#noteLoads();
      return true;
    }
    return this.now >= this.#endAt + this.parts.fleet.settleMs;
  }

  /** Faults are frozen, nothing new begins: what runs must come to its end (L1). */
  #beginLiveness(): void {
    this.#phase = 'liveness';
    this.parts.agenda.moveTo(this.#endAt);
    this.parts.faults.freeze();
    this.#outages.healAll();
    this.parts.log.write('fleet', 'phase.began', null, { phase: 'liveness' });
  }

  #buildRepositories(): ReadonlyMap<string, RepositoryNode> {
    return new Map(
      this.parts.fleet.repositories.map((settings) => {
        const storage = this.#storages.find((one) => one.settings.name === settings.storage);
        const gateway = this.#gateways.find((one) => one.settings.name === settings.gateway);
        if (storage === undefined || gateway === undefined) {
          throw new Error(`the repository ${settings.name} points nowhere`);
        }
        const node = {
          settings,
          storage,
          gateway,
          modeVersion: 0,
          openings: new Map(),
          usedBytes: 0,
        };
        return [settings.name, node];
      }),
    );
  }

  #buildGroup(group: TenantGroup): TenantNode[] {
    const repository = this.#repositories.get(group.repository);
    if (repository === undefined) throw new Error(`no repository ${group.repository}`);
    const digits = String(group.count).length;
    return Array.from({ length: group.count }, (_, at) => {
      const name = `${group.name}-${String(at + 1).padStart(digits, '0')}`;
      const tenant: TenantNode = {
        index: 0,
        name,
        group,
        repository,
        clock: undefined as unknown as NodeClock,
        connection: this.parts.runners.connection.start(
          this.parts.fleet.connection,
          () => undefined,
        ),
        units: [],
        sessions: [],
        ledger: { quotaBytes: group.quotaBytes, usedBytes: 0, reserved: {} },
        quotaBytes: group.quotaBytes,
        isOnboarded: false,
        isDisabled: false,
        modeVersionSeen: 0,
        strayBytes: 0,
        isUp: false,
        epoch: 0,
        blockedUp: 0,
        blockedDown: 0,
        connectionArmedAt: 0,
        lastUpAt: 0,
        lastDownAt: 0,
        held: null,
      };
      const subtenants = Array.from({ length: group.subtenants }, (_one, index) => `s${index + 1}`);
      for (const subtenant of subtenants.length === 0 ? [null] : subtenants) {
        tenant.units.push(newUnit(tenant, subtenant));
      }
      return tenant;
    });
  }

  /** Numbers are what chance goes by: given once all are known. */
  #numberAll(): void {
    const { fleet, chance } = this.parts;
    let unitIndex = 0;
    for (const [index, tenant] of this.tenants.entries()) {
      const writable = tenant as { -readonly [Key in keyof TenantNode]: TenantNode[Key] };
      writable.index = index;
      writable.clock = clockOf(fleet.startAt, tenant.group.clock, chance, index);
      for (const unit of tenant.units) {
        (unit as { index: number }).index = unitIndex;
        unitIndex += 1;
      }
    }
  }

  #plan(): void {
    const { fleet, agenda, chance } = this.parts;
    for (const tenant of this.tenants) {
      const { fromMs, overMs } = tenant.group.onboarding;
      const waitMs = overMs === 0 ? 0 : chance.below('onboarding', tenant.index, 0, overMs);
      const at = fleet.startAt + fromMs + waitMs;
      this.#onboardedAt[tenant.index] = at;
      if (at < this.#endAt) agenda.at(at, () => this.#onboard(tenant));
    }
    for (const event of fleet.events) {
      agenda.at(fleet.startAt + event.atMs, () => this.#carryOut(event));
    }
    this.#outages.plan();
    this.#planHour(fleet.startAt + HOUR_MS);
  }

  /** Every hour the links tell what they carried; outages by chance are drawn. */
  #planHour(at: EpochMs): void {
    this.parts.agenda.at(at, () => {
      this.#noteLoads();
      if (this.#phase === 'safety') this.#outages.drawHour();
      if (this.#phase !== 'over') this.#planHour(at + HOUR_MS);
    });
  }

  #noteLoads(): void {
    const { log } = this.parts;
    for (const gateway of this.#gateways) {
      const load = gateway.link.takeLoad();
      if (load.bytes === 0 && load.saturatedMs === 0) continue;
      const capacityBytes = Math.floor((gateway.capacity * HOUR_MS) / 1_000);
      log.write(gateway.settings.name, 'gateway.load', null, { ...load, capacityBytes });
    }
    for (const storage of this.#storages) {
      const load = storage.link.takeLoad();
      if (load.bytes > 0) log.write(storage.settings.name, 'direct.load', null, { ...load });
    }
  }

  #onboard(tenant: TenantNode): void {
    tenant.isOnboarded = true;
    tenant.modeVersionSeen = tenant.repository.modeVersion;
    const { name, group } = tenant;
    const data = { tenant: name, group: group.name, quotaBytes: tenant.quotaBytes };
    this.parts.log.write('sp', 'tenant.onboarded', null, data);
    this.#network.connect(tenant);
    for (const unit of tenant.units) this.#planRun(unit);
  }

  #planRun(unit: Unit): void {
    const { agenda, chance } = this.parts;
    const { tenant } = unit;
    const onboardedAt = this.#onboardedAt[tenant.index] as number;
    const next = nextRun(
      tenant.group,
      chance,
      unit.index,
      onboardedAt,
      unit.occurrence,
      this.#endAt,
    );
    if (next === null) return;
    unit.occurrence = next.occurrence + 1;
    agenda.at(next.at, () => {
      this.#planRun(unit);
      if (!unit.isRunning) this.#sessions.begin(unit);
      else {
        const data = { scope: unit.scope, because: 'stillRunning' };
        this.parts.log.write(`tenant:${tenant.name}`, 'session.skipped', null, data);
      }
    });
  }

  #carryOut(event: FleetEvent): void {
    const { log } = this.parts;
    if (event.kind === 'repository') {
      const node = this.#repositories.get(event.repository) as RepositoryNode;
      const isModeNew =
        event.changes.mode !== undefined && event.changes.mode !== node.settings.mode;
      node.settings = { ...node.settings, ...event.changes };
      node.openings.clear();
      if (isModeNew) node.modeVersion += 1;
      const data = { repository: event.repository, changes: Object.keys(event.changes).sort() };
      log.write('sp', 'settings.changed', null, data);
      return;
    }
    const { provider } = this.#sessions;
    if (event.kind === 'maintenance') {
      provider.isInMaintenance = event.isOn;
      log.write('sp', 'settings.changed', null, { changes: ['maintenance'] });
      return;
    }
    const own = this.tenants.filter(({ group }) => group.name === event.group);
    if (event.kind === 'quota') {
      for (const tenant of own) provider.raiseQuota(tenant, event.quotaBytes);
      return;
    }
    const count = Math.ceil((own.length * event.sharePpm) / 1_000_000);
    for (const tenant of own.slice(0, count)) {
      if (event.kind === 'disable') provider.disable(tenant);
      else provider.enable(tenant);
    }
  }
}

const ALIKE = new WeakMap<object, NodeClock>();

function clockOf(
  startAt: EpochMs,
  settings: Fleet['spClock'],
  chance: Chance,
  index: number,
): NodeClock {
  const { min, max } = settings.offset;
  // Tenants whose clocks are alike share one.
  const known = min === max ? ALIKE.get(settings) : undefined;
  if (known !== undefined) return known;
  const offsetMs = chance.spread('clock', index, 0, settings.offset);
  const clock = new NodeClock(startAt, offsetMs, settings.driftPpm, settings.jumps);
  if (min === max) ALIKE.set(settings, clock);
  return clock;
}

function newUnit(tenant: TenantNode, subtenant: string | null): Unit {
  const { group, name } = tenant;
  const quotaBytes = subtenant === null ? null : group.subtenantQuotaBytes;
  return {
    index: 0,
    tenant,
    subtenant,
    scope: scopeId({ tenant: name, subtenant, repository: group.repository }),
    ledger: quotaBytes === null ? null : { quotaBytes, usedBytes: 0, reserved: {} },
    desk: null,
    occurrence: 0,
    runs: 0,
    isRunning: false,
    increments: [],
    hasFull: false,
  };
}
