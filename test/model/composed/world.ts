import { createMemoryConfigDatabase } from '../../../adapters/memory/config-database.ts';
import type {
  SessionJob,
  SessionResult,
} from '../../../adapters/roles/tenant-server/session-job.ts';
import type { CredentialRecord } from '../../../machines/ports/config-database.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import { type CheckReport, type CheckRun, createCheckRun } from '../../../sim/check/index.ts';
import {
  createDriver,
  createEventLog,
  createPrng,
  createSettle,
  createVirtualClock,
  type Driver,
} from '../../../sim/kernel/index.ts';
import type { RepositorySettings, ScenarioFault } from '../../../sim/scenario/types.ts';
import { changeAccount, type TenantAccount } from '../../../sim/world/assembly.ts';
import { bucketOf, RepositoryShelf, storageOf } from '../../../sim/world/settings.ts';
import { EXEMPTIONS, type Exemption, isExempt } from './exemptions.ts';
import { Installation } from './installation.ts';
import { LocalClock } from './local-clock.ts';
import { FaultyNetwork } from './network.ts';
import { SETTING } from './setting.ts';
import { Storages } from './storages.ts';

/** One session that was started, and how it went; `null` as long as it goes on. */
export interface StartedSession {
  readonly job: SessionJob;
  readonly tenant: string;
  result: SessionResult | null;
  /** The tenant server that ran it is gone: nobody is left to end it. */
  isOrphaned: boolean;
}

/** With sessions under way, or somebody missing, so much passes tick by tick, the rest at once. */
const AWAKE_MS = HOUR_MS;
/** A run that needs more has a loop in it. */
const WAKE_UPS_MAX = 400_000;

/**
 * The composed system: SP server, cloud gateway, hosts, tenant servers, movers, storages and all
 * clocks, as they are in the product, on virtual time. The streaming checkers read along.
 */
export class ComposedWorld {
  readonly clock;
  readonly driver: Driver;
  readonly log;
  readonly database = createMemoryConfigDatabase();
  readonly network: FaultyNetwork;
  readonly storages: Storages;
  readonly installation: Installation;
  readonly providerClock: LocalClock;
  readonly sessions: StartedSession[] = [];
  readonly accounts: Map<string, TenantAccount>;
  readonly scenario = SETTING;
  report: CheckReport | null = null;
  readonly #checks: CheckRun = createCheckRun();
  readonly #tenantClocks: ReadonlyMap<string, LocalClock>;
  readonly #shelf: RepositoryShelf;
  readonly #errors: unknown[] = [];

  private constructor() {
    const { scenario } = this;
    this.clock = createVirtualClock(scenario.startAt);
    this.driver = createDriver(this.clock, { wakeUpCountMax: WAKE_UPS_MAX });
    this.log = createEventLog({
      clock: this.clock,
      sinks: [(event) => this.#checks.see(event)],
    });
    this.network = new FaultyNetwork(this.clock);
    this.providerClock = new LocalClock(this.clock);
    this.accounts = new Map(
      scenario.tenants.map((tenant) => [
        tenant.name,
        { ...tenant, secret: `canary-secret-of-${tenant.name}` },
      ]),
    );
    for (const { name, secret } of this.accounts.values()) this.log.registerSecret(name, secret);
    this.#tenantClocks = new Map(
      scenario.tenants.map(({ name }) => [name, new LocalClock(this.clock)]),
    );
    this.#shelf = new RepositoryShelf(scenario.repositories, (repository) => ({
      storage: storageOf(scenario, repository).kind,
      endpoint: null,
      region: 'memory',
      bucket: bucketOf(repository.name),
    }));
    this.storages = new Storages({
      scenario,
      clock: this.clock,
      log: this.log,
      prng: createPrng(scenario.seed),
    });
    this.installation = new Installation({
      clock: this.clock,
      providerClock: this.providerClock,
      tenantClock: (tenant) => this.tenantClock(tenant),
      log: this.log,
      database: this.database,
      network: this.network,
      storages: this.storages,
      shelf: this.#shelf,
      accounts: this.accounts,
      onError: (error) => this.#errors.push(error),
    });
  }

  /** All roles are up, and nothing has happened yet. */
  static async start(): Promise<ComposedWorld> {
    const world = new ComposedWorld();
    for (const { name } of world.scenario.repositories) {
      await world.database.saveRepositoryCredential(name, world.storages.owner(name));
    }
    const { installation } = world;
    await world.#inTime(installation.startProvider());
    await world.#inTime(installation.startGateway());
    for (const name of installation.hostNames()) await world.#inTime(installation.startHost(name));
    for (const name of world.accounts.keys()) installation.startTenant(name);
    return world;
  }

  tenantClock(tenant: string): LocalClock {
    const clock = this.#tenantClocks.get(tenant);
    if (clock === undefined) throw new Error(`unknown tenant ${tenant}`);
    return clock;
  }

  get running(): readonly StartedSession[] {
    return this.sessions.filter(({ result, isOrphaned }) => result === null && !isOrphaned);
  }

  /** `false`: its tenant server does not run. */
  startSession(tenant: string, job: SessionJob): boolean {
    const server = this.installation.tenant(tenant);
    if (server === null) return false;
    const session: StartedSession = { job, tenant, result: null, isOrphaned: false };
    this.sessions.push(session);
    void server.run(job).then((result) => {
      session.result = result;
    });
    return true;
  }

  /** F3, F4. */
  crashProvider(): void {
    this.installation.killProvider();
  }

  crashTenant(tenant: string): void {
    for (const session of this.running) if (session.tenant === tenant) session.isOrphaned = true;
    this.installation.killTenant(tenant);
  }

  /** What runs already is left alone. */
  restart(what: 'sp' | 'gateway' | 'hosts' | 'tenants' | 'all'): void {
    const { installation } = this;
    const isMeant = (name: typeof what): boolean => what === name || what === 'all';
    if (isMeant('sp')) this.begin(installation.startProvider());
    if (isMeant('gateway')) this.begin(installation.startGateway());
    for (const name of isMeant('hosts') ? installation.hostNames() : []) {
      this.begin(installation.startHost(name));
    }
    for (const name of isMeant('tenants') ? this.accounts.keys() : []) {
      installation.startTenant(name);
    }
  }

  /** Something that takes time: it goes on while the commands after it run. */
  begin(work: Promise<unknown>): void {
    work.catch((error) => this.#errors.push(error));
  }

  /** Fires the next wake-ups, one after the other; a place between two messages. */
  async step(count: number): Promise<void> {
    await this.rest();
    for (let done = 0; done < count; done += 1) {
      const dueAt = this.clock.nextDueAt();
      // Far away: an alarm or a heartbeat; time moves by commands only.
      if (dueAt === null || dueAt > this.clock.now() + 1_000) break;
      this.clock.fireNext();
      await this.rest();
    }
  }

  /** What goes on without a wake-up comes to rest; messages on their way stay on it. */
  readonly rest = createSettle();

  /** As `rest`, and all that is due now: whatever takes no time has happened. */
  async settle(): Promise<void> {
    await this.driver.advanceTo(this.clock.now());
  }

  async moveTo(at: number): Promise<void> {
    if (at < this.clock.now()) return;
    const isQuiet = (): boolean => this.running.length === 0 && this.installation.isComplete;
    if (!isQuiet()) await this.driver.advanceTo(Math.min(at, this.clock.now() + AWAKE_MS));
    if (isQuiet()) await this.driver.advanceTo(Math.max(at, this.clock.now()));
    else this.jumpTo(at);
    await this.settle();
  }

  /**
   * F7: all hosts are suspended; what was due comes late. Not between a call for a credential and
   * its answer, which tells the instant of its arrival as the one of the issue.
   */
  jumpTo(at: number): void {
    if (at > this.clock.now() && !this.storages.isIssuing) this.clock.skipTo(at);
  }

  async newestCredential(scope: {
    readonly tenant: string;
    readonly subtenant: string | null;
    readonly repository: string;
  }): Promise<CredentialRecord | null> {
    const records = await this.database.listCredentials(scope);
    return records.filter(({ state }) => state !== 'intent').at(-1) ?? null;
  }

  setRepository(name: string, changes: Partial<RepositorySettings>): void {
    if (!this.installation.hasProvider) return;
    this.#shelf.change(name, changes);
    this.repositoryChanged(name);
  }

  repositoryChanged(name: string): void {
    this.installation.repositoryChanged(name);
  }

  setTenant(
    name: string,
    subtenant: string | null,
    changes: { readonly quotaBytes?: number; readonly disabled?: boolean },
  ): void {
    const account = this.accounts.get(name);
    if (account === undefined) throw new Error(`unknown tenant ${name}`);
    // Settings are made at the SP: there is nobody to make them when it is down.
    if (!this.installation.hasProvider) return;
    this.accounts.set(name, changeAccount(account, subtenant, changes));
    this.begin(this.installation.tenantChanged(name));
  }

  armFault(fault: ScenarioFault): void {
    this.storages.arm(fault);
  }

  /** Throws what the checkers, or the roles themselves, have found so far. */
  assertSilent(exemptions: readonly Exemption[] = EXEMPTIONS): void {
    if (this.#errors.length > 0) throw this.#errors[0];
    const clocks = [this.providerClock, ...this.#tenantClocks.values()];
    const hadWrongClock = clocks.some(({ wasWrong }) => wasWrong);
    const losses = { ...this.installation.losses, hadWrongClock };
    const violations = this.#checks.violations.filter((one) => !isExempt(one, losses, exemptions));
    if (violations.length === 0) return;
    throw new Error(violations.map(({ invariant, text }) => `${invariant}: ${text}`).join('\n'));
  }

  /** Once, when nothing more comes. */
  endChecks(): void {
    this.report = this.#checks.end();
    this.assertSilent();
  }

  async #inTime(work: Promise<unknown>): Promise<void> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    work.then(settle, settle);
    await this.driver.runUntil(() => isSettled || this.#errors.length > 0);
    this.assertSilent();
    await work;
  }
}
