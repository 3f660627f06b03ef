import { createHash } from 'node:crypto';
import { CloudGateway } from '../../adapters/roles/cloud-gateway.ts';
import { MoverHost } from '../../adapters/roles/mover-host.ts';
import type { MoverSpawner } from '../../adapters/roles/mover-spawner.ts';
import type {
  SpRepository,
  SpStorageAccess,
  SpTenant,
} from '../../adapters/roles/sp-server/settings.ts';
import { SpServer } from '../../adapters/roles/sp-server/sp-server.ts';
import type { SessionJob, SessionResult } from '../../adapters/roles/tenant-server/session-job.ts';
import { TenantServer } from '../../adapters/roles/tenant-server/tenant-server.ts';
import type { ConnectionInput } from '../../machines/control-connection/index.ts';
import type { Clock } from '../../machines/ports/clock.ts';
import type { ConfigDatabase } from '../../machines/ports/config-database.ts';
import type { EventLog } from '../../machines/ports/event-log.ts';
import type { Dialer, ListenerFactory } from '../../machines/ports/link.ts';
import { Secret } from '../../machines/ports/secret.ts';
import { standingDoor } from './standing-door.ts';

const GRANT_CHUNK_BYTES = 64 * 1024 * 1024;

/** Told of the byte counts of running movers. */
export type ProgressListener = (
  sessionId: string,
  counts: { readonly role: string; readonly linkBytes: number; readonly storageBytes: number },
) => void;

/** What one installation of a service provider with its tenants is put together from. */
export interface AssemblyParts {
  readonly clock: Clock;
  readonly transportClock: Clock;
  readonly log: EventLog;
  readonly database: ConfigDatabase;
  readonly dialer: Dialer;
  readonly listeners: ListenerFactory;
  readonly storage: SpStorageAccess;
  readonly spawner: MoverSpawner;
  readonly repositories: readonly SpRepository[];
  readonly tenants: readonly TenantAccount[];
  readonly grantChunkBytes?: number;
  /** Heartbeats and backoff of the tenants' connections; default: those of the product. */
  readonly connection?: ConnectionInput;
  readonly onProgress?: ProgressListener;
  readonly onControlMessage?: () => void;
  readonly onError: (error: unknown) => void;
}

/** A tenant as the SP knows it, and the secret that its own server holds. */
export interface TenantAccount extends Omit<SpTenant, 'secretSha256'> {
  readonly secret: string;
}

/** The running roles, joined only by links (decision 10). */
export interface Assembly {
  readonly gateway: CloudGateway;
  run(tenant: string, job: SessionJob): Promise<SessionResult>;
  /** Whether a session waits for somebody's answer; a jump of the clock lets that come first. */
  isWaitingForAnswer(): boolean;
  setRepository(repository: SpRepository): void;
  setTenant(tenant: TenantAccount): Promise<void>;
  /** X5. */
  setMaintenance(isOn: boolean): void;
  /** F1, F2: the mover of a session ends without a word; `false` when it has none on that side. */
  killMover(sessionId: string, role: 'source' | 'target'): boolean;
  /** F6: a host of the SP dies with all its movers; another of its name takes its place. */
  restartHost(name: string): Promise<void>;
  /** F3, F4: the SP server dies where it stands; another one starts from its database. */
  restartProvider(): Promise<void>;
  /** The user cancels one session; `false` when none of that name goes on. */
  cancel(sessionId: string): boolean;
  cancelAll(): void;
  close(): Promise<void>;
}

/** Q4, C22: a quota is the tenant's or a subtenant's; disabling is always the tenant's. */
export function changeAccount(
  account: TenantAccount,
  subtenant: string | null,
  changes: { readonly quotaBytes?: number; readonly disabled?: boolean },
): TenantAccount {
  if (subtenant === null) return { ...account, ...changes };
  const { quotaBytes, disabled = account.disabled } = changes;
  const subtenants = account.subtenants.map((one) =>
    one.name === subtenant && quotaBytes !== undefined ? { ...one, quotaBytes } : one,
  );
  return { ...account, disabled, subtenants };
}

export function toSpTenant({ secret, ...tenant }: TenantAccount): SpTenant {
  return { ...tenant, secretSha256: createHash('sha256').update(secret).digest('hex') };
}

/** Every gateway server and mount server that a repository names runs as a host of its own. */
function hostNames(repositories: readonly SpRepository[]): readonly string[] {
  const names = repositories.flatMap(({ gatewayServer, mountServer }) => [
    gatewayServer,
    mountServer,
  ]);
  return [...new Set(names)].filter((name) => name !== null);
}

export async function assemble(parts: AssemblyParts): Promise<Assembly> {
  const { clock, transportClock, log, database, dialer, listeners, spawner, onError } = parts;
  const door = standingDoor(listeners);
  const repositories = new Map(parts.repositories.map((one) => [one.name, one]));
  const accounts = new Map(parts.tenants.map((one) => [one.name, one]));
  let isInMaintenance = false;
  const startServer = async (): Promise<SpServer> => {
    const started = new SpServer({
      clock,
      log,
      database,
      listeners: door,
      storage: parts.storage,
      repositories: [...repositories.values()],
      tenants: [...accounts.values()].map(toSpTenant),
      grantChunkBytes: parts.grantChunkBytes ?? GRANT_CHUNK_BYTES,
      parallelRequests: 4,
      onError,
    });
    await started.start();
    started.setMaintenance(isInMaintenance);
    return started;
  };
  let server = await startServer();
  const connection = parts.connection === undefined ? {} : { connection: parts.connection };
  const gateway = new CloudGateway({
    transportClock,
    ...connection,
    onError,
    dialer,
    listeners,
    spAddress: server.address,
    ...(parts.onControlMessage === undefined ? {} : { onControlMessage: parts.onControlMessage }),
  });
  await gateway.start();
  const hosts = new Map<string, MoverHost>();
  const startHost = async (name: string): Promise<void> => {
    const spAddress = server.address;
    const host = new MoverHost({
      name,
      transportClock,
      ...connection,
      dialer,
      spAddress,
      spawner,
      onError,
    });
    hosts.set(name, host);
    await host.start();
  };
  for (const name of hostNames(parts.repositories)) await startHost(name);

  const tenants = new Map<string, TenantServer>();
  for (const { name, secret } of parts.tenants) {
    tenants.set(
      name,
      new TenantServer({
        tenant: name,
        secret: new Secret(secret),
        clock,
        transportClock,
        log,
        dialer,
        gatewayAddress: gateway.address,
        spawner,
        ...connection,
        onProgress: (session, counts) =>
          parts.onProgress?.(session, counts as Parameters<ProgressListener>[1]),
        onError,
      }),
    );
  }
  const sessions = () => [...tenants.values()].flatMap((tenant) => tenant.sessions());

  return {
    gateway,
    run: (tenant, job) => {
      const own = tenants.get(tenant);
      if (own === undefined) throw new Error(`there is no tenant server for ${tenant}`);
      return own.run(job);
    },
    isWaitingForAnswer: () => sessions().some((session) => session.isWaitingForAnswer()),
    setRepository: (repository) => {
      repositories.set(repository.name, repository);
      server.setRepository(repository);
    },
    setTenant: (tenant) => {
      accounts.set(tenant.name, tenant);
      return server.setTenant(toSpTenant(tenant));
    },
    setMaintenance: (isOn) => {
      isInMaintenance = isOn;
      server.setMaintenance(isOn);
    },
    killMover: (sessionId, role) => {
      const session = [...tenants.values()].map((tenant) => tenant.session(sessionId));
      const isLocal = session.some((one) => one?.killMover(role) === true);
      if (isLocal || role === 'source') return isLocal;
      return [...hosts.values()].some((host) => host.killMover(sessionId));
    },
    restartHost: async (name) => {
      hosts.get(name)?.close();
      await startHost(name);
    },
    restartProvider: async () => {
      await server.close();
      server = await startServer();
    },
    cancel: (sessionId) => {
      const found = [...tenants.values()].map((tenant) => tenant.session(sessionId));
      for (const session of found) session?.cancel();
      return found.some((session) => session !== undefined);
    },
    cancelAll: () => {
      for (const session of sessions()) session.cancel();
    },
    close: async () => {
      for (const tenant of tenants.values()) tenant.close();
      for (const host of hosts.values()) host.close();
      await gateway.close();
      await server.close();
      await door.close();
    },
  };
}
