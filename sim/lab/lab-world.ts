import {
  createRealClock,
  createWarpClock,
  type WarpClockState,
} from '../../adapters/clock/index.ts';
import { loadIssuers } from '../../adapters/compose/issuers/index.ts';
import { type ScopePlaces, scopePlaces } from '../../adapters/compose/places.ts';
import { processSpawner } from '../../adapters/compose/process-spawner.ts';
import { createStore } from '../../adapters/compose/stores.ts';
import { openSqliteConfigDatabase } from '../../adapters/config-db/sqlite.ts';
import type { SpRepository } from '../../adapters/roles/sp-server/settings.ts';
import { socketDialer, socketListeners } from '../../adapters/transport/sockets.ts';
import { withRetry } from '../../adapters/wrap/retry.ts';
import type { CredentialIssuer } from '../../machines/ports/credential-issuer.ts';
import { secretsOf } from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { createEventLog, type EventSink } from '../kernel/index.ts';
import type { ScenarioRepository, ScenarioStorage } from '../scenario/types.ts';
import type { StateLocation } from '../storage/index.ts';
import {
  assemble,
  changeAccount,
  type ProgressListener,
  type TenantAccount,
} from '../world/assembly.ts';
import { FaultBoard, faultName } from '../world/fault-board.ts';
import { bucketOf, RepositoryShelf } from '../world/settings.ts';
import type { World } from '../world/world.ts';
import { MoverFleet } from './mover-fleet.ts';
import type { OwnerKey } from './owner-key.ts';
import { createPatience } from './patience.ts';
import { type LabStorage, startLabStorage } from './storages/index.ts';

export interface LabWorldOptions {
  readonly storages: readonly ScenarioStorage[];
  readonly repositories: readonly ScenarioRepository[];
  readonly tenants: readonly TenantAccount[];
  readonly clockState: WarpClockState;
  readonly databasePath: string;
  readonly databaseKey: Uint8Array;
  readonly ownerKeyOf: (storage: string) => OwnerKey;
  readonly storageStateOf: (storage: string) => StateLocation;
  readonly sinks?: readonly EventSink[];
  readonly onProgress?: ProgressListener;
  /** Told of every mover process. */
  readonly onSpawn?: (name: string, pid: number) => void;
  /** Worth it for several sessions in a row: the next movers start while the last ones work. */
  readonly keepsSpares?: boolean;
}

export interface LabWorld extends World {
  clockState(): WarpClockState;
  /** Where a repository lies: for tests that speak to the storage themselves. */
  locate(repository: string): ReturnType<LabStorage['locate']>;
  /** The SP's own credential there: for the same. */
  ownerCredential(repository: string): LabStorage['ownerCredential'];
}

/**
 * The lab: real sockets, real mover processes, the real SDKs and the SP's SQLite database, against
 * simulated storage systems over HTTP, all on one warp clock.
 */
export async function createLabWorld(options: LabWorldOptions): Promise<LabWorld> {
  const opened: (() => unknown)[] = [];
  try {
    return await startLabWorld(options, opened);
  } catch (error) {
    // What stays open would keep the process from ending.
    for (const close of opened.toReversed()) await close();
    throw error;
  }
}

async function startLabWorld(
  options: LabWorldOptions,
  opened: (() => unknown)[],
): Promise<LabWorld> {
  const transportClock = createRealClock();
  const patience = createPatience(transportClock);
  const clock = createWarpClock({ state: options.clockState, settle: () => settle() });
  const log = createEventLog({ clock, keepsEvents: true, sinks: options.sinks ?? [] });
  const failures: unknown[] = [];
  /** A part that is broken may never answer: its failure ends the run that waits for it. */
  let tellRun: (error: unknown) => void = () => {};
  const fail = (error: unknown): void => {
    failures.push(error);
    tellRun(error);
  };
  const processes = processSpawner({
    ...(options.onSpawn === undefined ? {} : { onSpawn: options.onSpawn }),
    keepsSpares: options.keepsSpares === true,
  });
  const movers = new MoverFleet(processes, transportClock, () => clock.exportState());
  const board = new FaultBoard((fault) =>
    log.write({
      node: fault.site,
      type: 'fault.fired',
      session: null,
      data: { site: fault.site, kind: fault.effect.kind, fault: faultName(fault) },
    }),
  );

  const database = openSqliteConfigDatabase({
    path: options.databasePath,
    key: { bytes: options.databaseKey },
  });
  opened.push(() => database.close());
  /**
   * Time passes under a request: all timers in between fire, and the request goes on when the
   * session waits for it (C15: what is in flight finishes) or the jump is over. Otherwise a small
   * transfer would be done before its credential has got any older.
   */
  let jumped: Promise<void> = Promise.resolve();
  const jump = async (byMs: number): Promise<void> => {
    let isOver = false;
    jumped = clock
      .warp(byMs)
      .catch(fail)
      .then(() => {
        isOver = true;
      });
    const mayGoOn = (): boolean => isOver || assembly.isWaitingForAnswer();
    while (!mayGoOn()) await patience.until(mayGoOn);
  };

  const storages = new Map<string, LabStorage>();
  for (const storage of options.storages) {
    const owner = options.ownerKeyOf(storage.name);
    log.registerSecret(`owner key of ${storage.name}`, owner.secretAccessKey);
    const own = options.repositories.filter((one) => one.storage === storage.name);
    const started = await startLabStorage({
      storage,
      buckets: own.map(({ name }) => bucketOf(name)),
      owner,
      state: options.storageStateOf(storage.name),
      clock,
      board,
      onJump: jump,
    });
    storages.set(storage.name, started);
    for (const secret of secretsOf(started.ownerCredential)) {
      secret.use((text) => log.registerSecret(`owner credential of ${storage.name}`, text));
    }
    opened.push(() => started.close());
    for (const { name } of own) {
      await database.saveRepositoryCredential(name, started.ownerCredential);
    }
  }

  const storageOf = (repository: string): LabStorage => {
    const found = options.repositories.find(({ name }) => name === repository);
    const storage = found === undefined ? undefined : storages.get(found.storage);
    if (storage === undefined) throw new FortnightError('settings.unknown', repository);
    return storage;
  };
  const shelf = new RepositoryShelf(options.repositories, (repository) =>
    storageOf(repository.name).locate(bucketOf(repository.name)),
  );
  const places = new Map<string, ScopePlaces>();
  const placesOf = (repository: string): ScopePlaces => {
    const { name, issuerAccess: access, ownerCredential: credential } = storageOf(repository);
    const known = places.get(name) ?? scopePlaces({ access, credential, clock });
    places.set(name, known);
    return known;
  };
  const families = [...storages.values()].map(({ issuerAccess }) => issuerAccess.family);
  const createIssuer = await loadIssuers(new Set(families));
  const issuers = new Map<string, CredentialIssuer>();
  const issuerFor = (repository: SpRepository): CredentialIssuer => {
    const known = issuers.get(repository.name);
    if (known !== undefined) return known;
    const storage = storageOf(repository.name);
    const configured = options.storages.find(({ name }) => name === storage.name);
    const issuer = createIssuer({
      issuer: repository.issuer,
      longestSessionMs: configured?.longestSessionMs ?? null,
      storedAccessPolicy: repository.storedAccessPolicy,
      location: repository.location,
      access: storage.issuerAccess,
      credential: storage.ownerCredential,
      clock,
    });
    issuers.set(repository.name, issuer);
    return issuer;
  };

  const accounts = new Map(options.tenants.map((tenant) => [tenant.name, tenant]));
  for (const { name, secret } of options.tenants) {
    log.registerSecret(`secret of ${name}`, secret);
  }
  const assembly = await assemble({
    clock,
    transportClock,
    log,
    database,
    dialer: socketDialer(),
    listeners: socketListeners(),
    storage: {
      issuerFor,
      locate: ({ name, location }, scope) => placesOf(name)(location, scope),
      storeFor: (location, credential) =>
        withRetry(createStore(location, credential, clock), {
          clock: transportClock,
          random: () => 0.5,
        }),
    },
    spawner: movers,
    repositories: shelf.all(),
    tenants: options.tenants,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    onControlMessage: () => strikeChannel(),
    onError: fail,
  });

  function strikeChannel(): void {
    const effect = board.strike({ site: 'channel', storage: null, operation: null });
    if (effect === null) return;
    if (effect.kind === 'jump') void clock.warp(effect.byMs);
    else assembly.gateway.dropConnections();
  }

  /** A jump does not outrun what is being said: all processes get the time, answers may come. */
  async function settle(): Promise<void> {
    await movers.synchronise();
    await patience.until(() => !assembly.isWaitingForAnswer());
  }

  return {
    name: 'lab',
    log,
    now: () => clock.now(),
    clockState: () => clock.exportState(),
    locate: (repository) => storageOf(repository).locate(bucketOf(repository)),
    ownerCredential: (repository) => storageOf(repository).ownerCredential,
    run: async (tenant, job) => {
      const broken = new Promise<never>((_resolve, reject) => {
        tellRun = reject;
      });
      const result = await patience.whileRunning(
        Promise.race([assembly.run(tenant, job), broken]),
        () => log.events.length,
        (byMs) => clock.warp(byMs),
        () => clock.exportState().rate === 0,
      );
      // The next session starts when time has come to rest.
      await jumped;
      if (failures.length > 0) throw failures[0];
      return result;
    },
    warpTo: async (at) => {
      const fromMs = clock.now();
      await clock.warpTo(at);
      log.write({ node: 'lab', type: 'clock.warped', session: null, data: { fromMs, toMs: at } });
    },
    setRepository: (name, changes) => {
      const repository = shelf.change(name, changes);
      issuers.delete(name);
      assembly.setRepository(repository);
    },
    setTenant: async (name, subtenant, changes) => {
      const account = accounts.get(name);
      if (account === undefined) throw new FortnightError('settings.unknown', name);
      const changed = changeAccount(account, subtenant, changes);
      accounts.set(name, changed);
      await assembly.setTenant(changed);
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
    close: async () => {
      await assembly.close();
      await movers.killAll();
      await processes.close();
      for (const issuer of issuers.values()) issuer.close();
      for (const storage of storages.values()) await storage.close();
      database.close();
    },
  };
}
