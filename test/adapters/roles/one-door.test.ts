import { expect, test } from 'vitest';
import { memoryLinkPair } from '../../../adapters/memory/link.ts';
import { createMemoryObjectStore } from '../../../adapters/memory/object-store.ts';
import { runMover } from '../../../adapters/roles/mover/run-mover.ts';
import { MoverHost } from '../../../adapters/roles/mover-host.ts';
import type { MoverSpawner } from '../../../adapters/roles/mover-spawner.ts';
import type { SpRepository } from '../../../adapters/roles/sp-server/settings.ts';
import type { SessionJob } from '../../../adapters/roles/tenant-server/session-job.ts';
import { TenantServer } from '../../../adapters/roles/tenant-server/tenant-server.ts';
import type { Dialer, ListenerFactory } from '../../../machines/ports/link.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { MINUTE_MS } from '../../../machines/rules/time.ts';
import { openProvider, type Provider, REPOSITORY, tenant } from './provider-bench.ts';

/** One side of the firewall: what it has dialled, and where it listens itself. */
class Side implements Dialer, ListenerFactory {
  readonly dialled = new Set<string>();
  readonly own = new Set<string>();
  readonly #network: Dialer & ListenerFactory;

  constructor(network: Dialer & ListenerFactory) {
    this.#network = network;
  }

  dial: Dialer['dial'] = (address) => {
    this.dialled.add(address);
    return this.#network.dial(address);
  };

  listen: ListenerFactory['listen'] = async (onLink) => {
    const listener = await this.#network.listen(onLink);
    this.own.add(listener.address);
    return listener;
  };

  outside(): readonly string[] {
    return [...this.dialled].filter((address) => !this.own.has(address));
  }
}

function spawnerOn(side: Side, { bucket, clock }: Provider): MoverSpawner {
  return {
    spawn: async () => {
      const [near, far] = memoryLinkPair(clock, 0);
      const exited = new Promise<void>((resolve) => near.onClose(() => resolve()));
      runMover(far, {
        clock,
        transportClock: clock,
        dialer: side,
        listeners: side,
        createStore: (_location, credential) =>
          createMemoryObjectStore({ bucket, credential, clock }),
        onStopped: () => far.close(),
      });
      return { link: near, exited, kill: () => far.close() };
    },
  };
}

const JOB: SessionJob = {
  id: 's1',
  subtenant: null,
  repository: 'vault',
  operation: 'backup',
  jobKind: 'server',
  backup: 'files',
  restorePoint: null,
  blockBytes: 65_536,
  needsHttpProxy: false,
  isTenantConfigBackup: false,
  source: {
    type: 'synthetic',
    files: 2,
    totalBytes: 131_072,
    seed: 1,
    changedShare: 1,
    day: 0,
  },
  sink: null,
  parallelRequests: 4,
  inSession: 'reconnect',
  marginMs: 5 * MINUTE_MS,
  quotaWaitMs: 0,
};

const ROUTES: readonly (readonly [string, Partial<SpRepository>])[] = [
  ['direct', { mode: 'direct', access: 'iam-sts' }],
  ['gateway', { mode: 'gateway', access: null, gatewayServer: 'gs' }],
];

test.each(ROUTES)(
  'I17: %s: the tenant server and its movers dial the cloud gateway and nothing else of the SP',
  async (dataPath, settings) => {
    const provider = await openProvider([tenant('acme', { quotaBytes: 1_000_000_000 })]);
    const { clock, log, network, server, gateway } = provider;
    server.setRepository({ ...REPOSITORY, ...settings });
    const onError = (error: unknown): unknown => provider.errors.push(error);
    const [inside, outside] = [new Side(network), new Side(network)];
    const host = new MoverHost({
      name: 'gs',
      transportClock: clock,
      dialer: inside,
      spAddress: server.address,
      spawner: spawnerOn(inside, provider),
      onError,
    });
    await provider.inTime(host.start());
    const tenantServer = new TenantServer({
      tenant: 'acme',
      secret: new Secret('secret of acme'),
      clock,
      transportClock: clock,
      log,
      dialer: outside,
      gatewayAddress: gateway.address,
      spawner: spawnerOn(outside, provider),
      onError,
    });
    const running = tenantServer.run(JOB);
    await provider.advanceBy(10 * MINUTE_MS);
    const result = await running;
    expect([result.state, result.code, result.route?.dataPath]).toEqual(['done', null, dataPath]);
    expect(outside.outside()).toEqual([gateway.address]);
    // The SP's own host does know the SP server: the two sides are told apart.
    expect(inside.outside()).toContain(server.address);
    expect(provider.errors).toEqual([]);
    tenantServer.close();
    host.close();
  },
);
