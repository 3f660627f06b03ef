import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRealClock } from '../../adapters/clock/index.ts';
import type { SessionJob } from '../../adapters/roles/tenant-server/session-job.ts';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { Operation } from '../../machines/rules/settings.ts';
import { MINUTE_MS } from '../../machines/rules/time.ts';
import { createLabWorld, type LabWorld } from '../../sim/lab/lab-world.ts';
import { makeOwnerKey, type OwnerKey } from '../../sim/lab/owner-key.ts';
import { parseScenario, type Scenario } from '../../sim/scenario/index.ts';
import type { StateLocation } from '../../sim/storage/index.ts';
import { startStopwatch } from './measure.ts';

const TENANT = 'acme';

/** Every S3 route, on a storage in memory and on one that keeps its objects on the disk. */
export const ROUTES = ['iam-sts', 'share', 'gateway', 'mount'] as const;
export type RouteName = (typeof ROUTES)[number];
export const MEDIA = ['memory', 'disk'] as const;
export type Medium = (typeof MEDIA)[number];

const SETTINGS: Readonly<Record<RouteName, string>> = {
  'iam-sts': 'mode: direct, access: iam-sts',
  share: 'mode: direct, access: share',
  gateway: 'mode: gateway, access: unset',
  mount: 'mode: direct, access: backup-server',
};

export function repositoryName(route: RouteName, medium: Medium): string {
  return `${route}-${medium}`;
}

function benchScenario(): Scenario {
  const repositories = MEDIA.flatMap((medium) =>
    ROUTES.map(
      (route) =>
        `  - { name: ${repositoryName(route, medium)}, storage: ${medium}, ${SETTINGS[route]} }`,
    ),
  );
  const text = [
    'version: 1',
    'title: Benchmark',
    'seed: 14',
    'start: 2026-01-05T08:00:00Z',
    'storages:',
    ...MEDIA.map((name) => `  - { name: ${name}, kind: s3-compatible, longestSession: 365d }`),
    'repositories:',
    ...repositories,
    `tenants: [{ name: ${TENANT}, quota: 1TiB }]`,
    `jobs: [{ name: any, tenant: ${TENANT}, repository: ${repositoryName('share', 'memory')}, source: { synthetic: { files: 1, size: 1MiB } } }]`,
    'steps: [{ run: any }]',
  ].join('\n');
  const result = parseScenario(text, {
    file: 'bench.yaml',
    baseFolder: tmpdir(),
    isFolder: () => false,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.scenario;
}

export interface SessionTimes {
  /** From the order to its result, with both mover processes started and ended. */
  readonly sessionMs: number;
  /** From the state `running` until the movers are stopped: the bytes and the listing before them. */
  readonly transferMs: number;
}

export interface BenchLab {
  readonly world: LabWorld;
  readonly owner: OwnerKey;
  backup(repository: string, name: string, totalBytes: number): Promise<SessionTimes>;
  /** Brings back what `backup` of the same name stored, and compares every byte. */
  restore(repository: string, name: string, totalBytes: number): Promise<SessionTimes>;
  close(): Promise<void>;
}

/**
 * A lab for benchmarks: real sockets, mover processes and SDKs against the simulated storage. Its
 * clock is the real one (rate 1), so that a plain SDK client agrees with it on the time.
 */
export async function startBenchLab(): Promise<BenchLab> {
  const scenario = benchScenario();
  const folder = mkdtempSync(join(tmpdir(), 'fortnight-bench-'));
  const owner = makeOwnerKey();
  const now = createRealClock().now();
  const stateOf = (storage: string): StateLocation =>
    storage === 'disk' ? { kind: 'disk', directory: join(folder, 'storage') } : { kind: 'memory' };
  let hear: (event: LogEvent) => void = () => {};
  const world = await createLabWorld({
    storages: scenario.storages,
    repositories: scenario.repositories,
    tenants: scenario.tenants.map((tenant) => ({
      ...tenant,
      secret: randomBytes(16).toString('hex'),
    })),
    clockState: { virtualAt: now, realAt: now, rate: 1 },
    databasePath: join(folder, 'sp.sqlite'),
    databaseKey: randomBytes(32),
    ownerKeyOf: () => owner,
    storageStateOf: stateOf,
    sinks: [(event) => hear(event)],
  });
  let count = 0;

  async function run(operation: Operation, repository: string, name: string, totalBytes: number) {
    count += 1;
    const id = `b${count}`;
    const source = {
      type: 'synthetic',
      files: 8,
      totalBytes,
      seed: `${repository}/${name}`,
      changedShare: 0,
      day: 0,
    } as const;
    const job: SessionJob = {
      id,
      subtenant: null,
      repository,
      operation,
      jobKind: 'server',
      backup: name,
      restorePoint: null,
      blockBytes: 1_048_576,
      needsHttpProxy: false,
      isTenantConfigBackup: false,
      source: operation === 'backup' ? source : null,
      sink: operation === 'restore' ? { type: 'compare', source } : null,
      parallelRequests: 4,
      inSession: 'reconnect',
      marginMs: 5 * MINUTE_MS,
      quotaWaitMs: 0,
    };
    const read = startStopwatch();
    const transfer = { from: 0, to: 0 };
    hear = ({ type, session, data }) => {
      if (type !== 'session.state' || session !== id) return;
      if (data.state === 'active.running') transfer.from = read();
      if (data.state === 'ending.stoppingMovers') transfer.to = read();
    };
    const result = await world.run(TENANT, job);
    const sessionMs = read();
    if (result.state !== 'done') throw new Error(`${operation} ${repository}: ${result.detail}`);
    return { sessionMs, transferMs: transfer.to - transfer.from };
  }

  return {
    world,
    owner,
    backup: (repository, name, totalBytes) => run('backup', repository, name, totalBytes),
    restore: (repository, name, totalBytes) => run('restore', repository, name, totalBytes),
    close: async () => {
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
