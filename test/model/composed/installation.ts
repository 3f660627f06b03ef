import { memoryLinkPair } from '../../../adapters/memory/link.ts';
import { CloudGateway } from '../../../adapters/roles/cloud-gateway.ts';
import { runMover } from '../../../adapters/roles/mover/run-mover.ts';
import { MoverHost } from '../../../adapters/roles/mover-host.ts';
import type { MoverSpawner } from '../../../adapters/roles/mover-spawner.ts';
import { SpServer } from '../../../adapters/roles/sp-server/sp-server.ts';
import { TenantServer } from '../../../adapters/roles/tenant-server/tenant-server.ts';
import type { ConnectionInput } from '../../../machines/control-connection/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { ConfigDatabase } from '../../../machines/ports/config-database.ts';
import type { Dialer, ListenerFactory } from '../../../machines/ports/link.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import type { RunLog } from '../../../sim/kernel/index.ts';
import { type TenantAccount, toSpTenant } from '../../../sim/world/assembly.ts';
import type { RepositoryShelf } from '../../../sim/world/settings.ts';
import { standingDoor } from '../../../sim/world/standing-door.ts';
import type { LocalClock } from './local-clock.ts';
import type { FaultyNetwork } from './network.ts';
import { SimulatedProcess } from './process.ts';
import type { Storages } from './storages.ts';

/** Few heartbeats, so that long waits stay cheap; all else as in the product. */
const CONNECTION: ConnectionInput = {
  handshakeTimeoutMs: 30 * SECOND_MS,
  heartbeatMs: DAY_MS,
  silenceMs: 4 * DAY_MS,
  backoffFirstMs: SECOND_MS,
  backoffCapMs: MINUTE_MS,
};
/** Two blocks: sessions have to ask again and again (Q2). */
const GRANT_CHUNK_BYTES = 32 * 1024;

export interface InstallationOptions {
  readonly clock: Clock;
  readonly providerClock: LocalClock;
  readonly tenantClock: (tenant: string) => LocalClock;
  readonly log: RunLog;
  readonly database: ConfigDatabase;
  readonly network: FaultyNetwork;
  readonly storages: Storages;
  readonly shelf: RepositoryShelf;
  readonly accounts: ReadonlyMap<string, TenantAccount>;
  readonly onError: (error: unknown) => void;
}

interface Running<Role> {
  readonly role: Role;
  readonly process: SimulatedProcess;
}

/**
 * The roles of the product, each in a process of its own on a clock of its own, joined by links
 * only (architecture, decision 10). Any of them may be killed and started again.
 */
export class Installation {
  readonly #options: InstallationOptions;
  readonly #providerDoor;
  readonly #gatewayDoor;
  #provider: Running<SpServer> | null = null;
  #gateway: Running<CloudGateway> | null = null;
  readonly #hosts = new Map<string, Running<MoverHost>>();
  readonly #tenants = new Map<string, Running<TenantServer>>();
  readonly losses = { hasGatewayCrashed: false };
  #isInMaintenance = false;
  /** They stay: a door stands whoever is behind it. */
  #providerAddress = '';
  #gatewayAddress = '';

  constructor(options: InstallationOptions) {
    this.#options = options;
    this.#providerDoor = standingDoor(options.network.inside);
    this.#gatewayDoor = standingDoor(options.network);
  }

  async startProvider(): Promise<void> {
    if (this.#provider !== null) return;
    const { providerClock, log, database, storages, shelf, accounts, network, onError } =
      this.#options;
    const process = new SimulatedProcess();
    const listeners = { ...network.inside, listen: this.#providerDoor.listen };
    const role = new SpServer({
      clock: process.clock(providerClock),
      log: process.log(log),
      database: process.port(database),
      listeners: process.network(listeners),
      storage: storages.access(process),
      repositories: shelf.all(),
      tenants: [...accounts.values()].map(toSpTenant),
      grantChunkBytes: GRANT_CHUNK_BYTES,
      parallelRequests: 4,
      onError,
    });
    this.#provider = { role, process };
    await role.start();
    this.#providerAddress = role.address;
    role.setMaintenance(this.#isInMaintenance);
  }

  get hasProvider(): boolean {
    return this.#provider !== null;
  }

  /** Every role runs: nobody knocks again and again at a closed door. */
  get isComplete(): boolean {
    return (
      this.#provider !== null &&
      this.#gateway !== null &&
      this.hostNames().every((name) => this.#hosts.has(name))
    );
  }

  killProvider(): void {
    this.#provider?.process.kill();
    this.#provider = null;
  }

  async startGateway(): Promise<void> {
    if (this.#gateway !== null) return;
    const { clock, network, onError } = this.#options;
    const process = new SimulatedProcess();
    const own = process.network({ ...network.inside, listen: this.#gatewayDoor.listen });
    const role = new CloudGateway({
      transportClock: process.clock(clock),
      connection: CONNECTION,
      dialer: own,
      listeners: own,
      spAddress: this.#providerAddress,
      onError,
    });
    this.#gateway = { role, process };
    await role.start();
    this.#gatewayAddress = role.address;
  }

  killGateway(): void {
    this.losses.hasGatewayCrashed ||= this.#gateway !== null;
    this.#gateway?.process.kill();
    this.#gateway = null;
  }

  dropConnections(): void {
    this.#gateway?.role.dropConnections();
  }

  hostNames(): readonly string[] {
    const names = this.#options.shelf
      .all()
      .flatMap(({ gatewayServer, mountServer }) => [gatewayServer, mountServer]);
    return [...new Set(names)].filter((name) => name !== null);
  }

  async startHost(name: string): Promise<void> {
    if (this.#hosts.has(name)) return;
    const { clock, providerClock, network, onError } = this.#options;
    const process = new SimulatedProcess();
    const role = new MoverHost({
      name,
      transportClock: process.clock(clock),
      connection: CONNECTION,
      dialer: process.network(network.inside),
      spAddress: this.#providerAddress,
      spawner: this.#spawner(process, providerClock, network.inside),
      onError,
    });
    this.#hosts.set(name, { role, process });
    await role.start();
  }

  killHost(name: string): void {
    this.#hosts.get(name)?.process.kill();
    this.#hosts.delete(name);
  }

  startTenant(tenant: string): void {
    if (this.#tenants.has(tenant)) return;
    const { clock, log, network, accounts, tenantClock, onError } = this.#options;
    const process = new SimulatedProcess();
    const role = new TenantServer({
      tenant,
      secret: new Secret(accounts.get(tenant)?.secret ?? ''),
      clock: process.clock(tenantClock(tenant)),
      transportClock: process.clock(clock),
      log: process.log(log),
      dialer: process.network(network),
      gatewayAddress: this.#gatewayAddress,
      spawner: this.#spawner(process, tenantClock(tenant), network),
      connection: CONNECTION,
      onError,
    });
    this.#tenants.set(tenant, { role, process });
  }

  killTenant(tenant: string): void {
    this.#tenants.get(tenant)?.process.kill();
    this.#tenants.delete(tenant);
  }

  tenant(name: string): TenantServer | null {
    return this.#tenants.get(name)?.role ?? null;
  }

  /** F1, F2. */
  killMover(session: string, role: 'source' | 'target'): boolean {
    const tenants = [...this.#tenants.values()];
    const isLocal = tenants.some((tenant) => tenant.role.session(session)?.killMover(role));
    if (isLocal || role === 'source') return isLocal;
    return [...this.#hosts.values()].some((host) => host.role.killMover(session));
  }

  repositoryChanged(name: string): void {
    const changed = this.#options.shelf.all().find((one) => one.name === name);
    if (changed !== undefined) this.#provider?.role.setRepository(changed);
  }

  async tenantChanged(name: string): Promise<void> {
    const account = this.#options.accounts.get(name);
    if (account === undefined || this.#provider === null) return;
    const { role, process } = this.#provider;
    await process.answer(role.setTenant(toSpTenant(account)));
  }

  setMaintenance(isOn: boolean): void {
    this.#isInMaintenance = isOn;
    this.#provider?.role.setMaintenance(isOn);
  }

  killAll(): void {
    for (const tenant of [...this.#tenants.keys()]) this.killTenant(tenant);
    for (const host of [...this.#hosts.keys()]) this.killHost(host);
    this.killGateway();
    this.killProvider();
  }

  #spawner(
    parent: SimulatedProcess,
    local: LocalClock,
    network: Dialer & ListenerFactory,
  ): MoverSpawner {
    const { clock, storages } = this.#options;
    return {
      spawn: async () => {
        const process = parent.child();
        const [near, far] = memoryLinkPair(clock, 0);
        const exited = new Promise<void>((resolve) => near.onClose(() => resolve()));
        const kill = (): void => {
          process.kill();
          far.close('its process is gone');
        };
        // A mover does not outlive its parent, nor the pipe to it.
        far.onClose(() => process.kill());
        const own = process.network(network);
        const clockOfMover = process.clock(local);
        runMover(process.link(far), {
          clock: clockOfMover,
          transportClock: process.clock(clock),
          dialer: own,
          listeners: own,
          createStore: storages.storeFactory(process, clockOfMover),
          onStopped: kill,
        });
        return { link: parent.link(near), exited: parent.answer(exited), kill };
      },
    };
  }
}
