import { MemoryBucket } from '../../adapters/memory/bucket.ts';
import { createMemoryConfigDatabase } from '../../adapters/memory/config-database.ts';
import { createMemoryIssuer } from '../../adapters/memory/issuer.ts';
import { memoryLinkPair, memoryNetwork } from '../../adapters/memory/link.ts';
import { createMemoryObjectStore } from '../../adapters/memory/object-store.ts';
import type { MoverEnvironment } from '../../adapters/roles/mover/config.ts';
import { runMover } from '../../adapters/roles/mover/run-mover.ts';
import type { MoverSpawner } from '../../adapters/roles/mover-spawner.ts';
import { withExpiryGate } from '../../adapters/wrap/expiry-gate.ts';
import { withRetry } from '../../adapters/wrap/retry.ts';
import { withTrace } from '../../adapters/wrap/trace.ts';
import type { ConnectionInput } from '../../machines/control-connection/index.ts';
import type {
  CredentialIssuer,
  IssuerCapabilities,
} from '../../machines/ports/credential-issuer.ts';
import { Secret } from '../../machines/ports/secret.ts';
import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import { ISSUERS, issuerMaximumMs } from '../../machines/rules/issuers.ts';
import type { QuotaLedger } from '../../machines/rules/quota.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import {
  createDriver,
  createEventLog,
  createPrng,
  createVirtualClock,
  type EventSink,
} from '../kernel/index.ts';
import type { Scenario, ScenarioRepository, ScenarioStorage } from '../scenario/types.ts';
import { assemble, changeAccount, type ProgressListener, type TenantAccount } from './assembly.ts';
import { FaultBoard, faultName } from './fault-board.ts';
import { faultyIssuer, faultyStore } from './memory-faults.ts';
import { bucketOf, RepositoryShelf, storageOf } from './settings.ts';
import type { World } from './world.ts';

/** A message between two roles takes no time here, so that a session checks when it starts (C2). */
const LINK_LATENCY_MS = 0;
/** Links in memory die only on purpose: few heartbeats, so that long warps stay cheap. */
const CONNECTION: ConnectionInput = {
  handshakeTimeoutMs: MINUTE_MS,
  heartbeatMs: DAY_MS,
  silenceMs: 4 * DAY_MS,
  backoffFirstMs: SECOND_MS,
  backoffCapMs: MINUTE_MS,
};
/** What a request to the storage takes on the virtual clock. */
const STORAGE_LATENCY_MS = 5;

export interface MemoryWorldOptions {
  readonly scenario: Scenario;
  readonly sinks?: readonly EventSink[];
  readonly onProgress?: ProgressListener;
}

/** What only this world can show: both sides of the storage and of the ledger. */
export interface MemoryWorld extends World {
  /** Keys of all objects of a repository, in order. */
  storedKeys(repository: string): readonly string[];
  ledger(quotaId: string): Promise<QuotaLedger | null>;
  /** C22, without waiting: for the middle of a session. */
  disableTenant(name: string): Promise<void>;
}

interface SimulatedRepository {
  readonly owner: StorageCredential;
  readonly bucket: MemoryBucket;
  readonly issuer: CredentialIssuer;
}

/**
 * The world on the virtual clock: the same roles, engines and bytes as the lab, joined by links in
 * memory to storages in memory. Nothing runs in real time and nothing is random but the seed, so
 * that the same scenario gives the same log, byte for byte.
 */
export async function createMemoryWorld(options: MemoryWorldOptions): Promise<MemoryWorld> {
  const { scenario } = options;
  const clock = createVirtualClock(scenario.startAt);
  const driver = createDriver(clock);
  const prng = createPrng(scenario.seed);
  const retryPrng = prng.stream('retry');
  const log = createEventLog({ clock, keepsEvents: true, sinks: options.sinks ?? [] });
  const network = memoryNetwork(clock, LINK_LATENCY_MS);
  const database = createMemoryConfigDatabase();
  const failures: unknown[] = [];
  const board = new FaultBoard((fault) =>
    log.write({
      node: fault.site,
      type: 'fault.fired',
      session: null,
      data: { site: fault.site, kind: fault.effect.kind, fault: faultName(fault) },
    }),
  );

  const repositories = new Map<string, SimulatedRepository>();
  const byBucket = new Map<string, ScenarioRepository>();
  for (const repository of scenario.repositories) {
    const storage = storageOf(scenario, repository);
    const owner = ownerCredential(repository.name);
    const bucket = new MemoryBucket(owner);
    const plain = createMemoryIssuer({
      bucket,
      clock,
      capabilities: simulatedCapabilities(storage, repository),
      latencyMs: STORAGE_LATENCY_MS,
    });
    const issuer = faultyIssuer(plain, board, storage.name, clock);
    repositories.set(repository.name, { owner, bucket, issuer });
    byBucket.set(bucketOf(repository.name), repository);
    await database.saveRepositoryCredential(repository.name, owner);
  }
  const simulated = (name: string): SimulatedRepository => {
    const found = repositories.get(name);
    if (found === undefined) throw new Error(`unknown repository ${name}`);
    return found;
  };

  const repositoryIn = (bucket: string): ScenarioRepository => {
    const found = byBucket.get(bucket);
    if (found === undefined) throw new Error(`unknown bucket ${bucket}`);
    return found;
  };
  const bucketNamed = (bucket: string): MemoryBucket => simulated(repositoryIn(bucket).name).bucket;

  const environment: Omit<MoverEnvironment, 'onStopped'> = {
    clock,
    transportClock: clock,
    dialer: network,
    listeners: network,
    createStore: (location, credential, onUse) => {
      const repository = repositoryIn(location.bucket);
      const { bucket } = simulated(repository.name);
      const store = createMemoryObjectStore({
        bucket,
        credential,
        clock,
        latencyMs: STORAGE_LATENCY_MS,
      });
      const faulty = faultyStore(store, board, repository.storage, clock);
      const onRecord = ({
        generation: _generation,
        ...use
      }: Parameters<typeof onUse>[0] & {
        generation: number;
      }): void => onUse(use);
      const traced = withTrace(faulty, { clock, generation: credential.generation, onRecord });
      const gated = withExpiryGate(traced, { clock, expiresAt: credential.expiresAt });
      return withRetry(gated, {
        clock,
        random: () => retryPrng.fraction(),
        propagatesUntil: credential.generation > 0 ? clock.now() + 60 * SECOND_MS : null,
      });
    },
  };
  const spawner: MoverSpawner = {
    spawn: async () => {
      const [near, far] = memoryLinkPair(clock, LINK_LATENCY_MS);
      const exited = new Promise<void>((resolve) => near.onClose(() => resolve()));
      runMover(far, { ...environment, onStopped: () => far.close('the mover has stopped') });
      return { link: near, exited, kill: () => far.close('killed') };
    },
  };

  const shelf = new RepositoryShelf(scenario.repositories, (repository) => ({
    storage: storageOf(scenario, repository).kind,
    endpoint: null,
    region: 'memory',
    bucket: bucketOf(repository.name),
  }));
  const accounts = new Map<string, TenantAccount>(
    scenario.tenants.map((tenant) => [
      tenant.name,
      { ...tenant, secret: `memory-secret-of-${tenant.name}` },
    ]),
  );
  const opening = assemble({
    clock,
    transportClock: clock,
    log,
    database,
    dialer: network,
    listeners: network,
    storage: {
      issuerFor: (repository) => simulated(repository.name).issuer,
      locate: async ({ location }) => location,
      storeFor: ({ bucket }, credential) =>
        createMemoryObjectStore({ bucket: bucketNamed(bucket), credential, clock }),
    },
    spawner,
    connection: CONNECTION,
    repositories: shelf.all(),
    tenants: [...accounts.values()],
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    onControlMessage: () => strikeChannel(),
    onError: (error) => failures.push(error),
  });
  const assembly = await inTime(opening);

  function strikeChannel(): void {
    const effect = board.strike({ site: 'channel', storage: null, operation: null });
    if (effect === null) return;
    if (effect.kind === 'jump') clock.skipTo(clock.now() + effect.byMs);
    else assembly.gateway.dropConnections();
  }

  /** Moves the virtual clock until the promise has settled. */
  async function inTime<Result>(work: Promise<Result>): Promise<Result> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    work.then(settle, settle);
    await driver.runUntil(() => isSettled || failures.length > 0);
    if (failures.length > 0) throw failures[0];
    return work;
  }

  return {
    name: 'memory',
    log,
    now: () => clock.now(),
    run: (tenant, job) => inTime(assembly.run(tenant, job)),
    warpTo: async (at) => {
      await driver.advanceTo(at);
    },
    setRepository: (name, changes) => assembly.setRepository(shelf.change(name, changes)),
    setTenant: async (name, subtenant, changes) => {
      const account = accounts.get(name);
      if (account === undefined) throw new Error(`unknown tenant ${name}`);
      const changed = changeAccount(account, subtenant, changes);
      accounts.set(name, changed);
      await inTime(assembly.setTenant(changed));
    },
    storedKeys: (repository) =>
      simulated(repository)
        .bucket.infosBelow('')
        .map(({ key }) => key),
    ledger: (quotaId) => database.loadLedger(quotaId),
    disableTenant: (name) => {
      const account = accounts.get(name);
      if (account === undefined) throw new Error(`unknown tenant ${name}`);
      return assembly.setTenant({ ...account, disabled: true });
    },
    setMaintenance: (isOn) => assembly.setMaintenance(isOn),
    armFault: (fault) => board.arm(fault),
    unfiredFaults: () => board.unfired(),
    credentials: () => database.listCredentials(),
    killMover: (sessionId, role) => assembly.killMover(sessionId, role),
    dropConnections: () => assembly.gateway.dropConnections(),
    restartHost: (name) => assembly.restartHost(name),
    restartProvider: () => assembly.restartProvider(),
    cancel: (sessionId) => assembly.cancel(sessionId),
    cancelAll: () => assembly.cancelAll(),
    close: () => inTime(assembly.close()),
  };
}

/** What the real issuer of these settings can do; only the lifetime may be set to less (C14). */
function simulatedCapabilities(
  { kind, longestSessionMs }: ScenarioStorage,
  { issuer }: ScenarioRepository,
): Partial<IssuerCapabilities> {
  const { revocation, propagationMaxMs } = ISSUERS[issuer];
  const lifetimeMaxMs = issuerMaximumMs(kind, issuer, longestSessionMs);
  return { lifetimeMaxMs, revocation, propagationMaxMs };
}

function ownerCredential(repository: string): StorageCredential {
  return {
    kind: 's3-keys',
    keyId: `memory-owner-of-${repository}`,
    secretKey: new Secret(`memory-owner-secret-of-${repository}`),
    sessionToken: null,
    generation: 0,
    expiresAt: null,
  };
}
