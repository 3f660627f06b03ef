import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRealClock } from '../../adapters/clock/index.ts';
import type { SinkConfig, SourceConfig } from '../../adapters/roles/mover/config.ts';
import type { SessionJob } from '../../adapters/roles/tenant-server/session-job.ts';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { Operation, StorageKind } from '../../machines/rules/settings.ts';
import { MINUTE_MS } from '../../machines/rules/time.ts';
import { createLabWorld, type LabWorld } from '../../sim/lab/lab-world.ts';
import { makeOwnerKey } from '../../sim/lab/owner-key.ts';
import { parseScenario, type Scenario } from '../../sim/scenario/index.ts';
import type { StateLocation } from '../../sim/storage/index.ts';
import { startStopwatch } from './measure.ts';
import { sdkAddress } from './sdk-address.ts';
import type { SdkAddress } from './sdk-task.ts';

const TENANT = 'acme';

/** A storage keeps its objects in memory or on the disk. */
export type Medium = 'memory' | 'disk';

export interface BenchStorage {
  readonly name: string;
  readonly kind: StorageKind;
  readonly medium: Medium;
}

export interface BenchRepository {
  readonly name: string;
  readonly storage: string;
  /** As a scenario file has them: `mode: direct, access: share`. */
  readonly settings: string;
}

export interface BenchLabOptions {
  readonly storages: readonly BenchStorage[];
  readonly repositories: readonly BenchRepository[];
  /** Told of every mover process. */
  readonly onSpawn?: (name: string, pid: number) => void;
  /** Told when all bytes of a session have arrived; its mover processes are still there. */
  readonly onTransferred?: () => void;
}

/** More than MinIO and Ceph issue at most: no session of a benchmark renews. */
const LONGEST_SESSION = 'longestSession: 365d';

function benchScenario({ storages, repositories }: BenchLabOptions): Scenario {
  const [first] = repositories;
  const text = [
    'version: 1',
    'title: Benchmark',
    'seed: 14',
    'start: 2026-01-05T08:00:00Z',
    'storages:',
    ...storages.map(({ name, kind }) => {
      const longest = kind === 's3-compatible' ? `, ${LONGEST_SESSION}` : '';
      return `  - { name: ${name}, kind: ${kind}${longest} }`;
    }),
    'repositories:',
    ...repositories.map(
      ({ name, storage, settings }) => `  - { name: ${name}, storage: ${storage}, ${settings} }`,
    ),
    `tenants: [{ name: ${TENANT}, quota: 1TiB }]`,
    `jobs: [{ name: any, tenant: ${TENANT}, repository: ${first?.name}, source: { synthetic: { files: 1, size: 1MiB } } }]`,
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
  /** Where the plain SDK finds the storage of a repository, and with which key. */
  sdkAddress(repository: string): Promise<SdkAddress>;
  backup(repository: string, name: string, source: SourceConfig): Promise<SessionTimes>;
  /** Brings back what `backup` of the same name stored. */
  restore(repository: string, name: string, sink: SinkConfig): Promise<SessionTimes>;
  close(): Promise<void>;
}

/**
 * A lab for benchmarks: real sockets, mover processes and SDKs against the simulated storage. Its
 * clock is the real one (rate 1), so that a plain SDK client agrees with it on the time.
 */
export async function startBenchLab(options: BenchLabOptions): Promise<BenchLab> {
  const scenario = benchScenario(options);
  const folder = mkdtempSync(join(tmpdir(), 'fortnight-bench-'));
  const owner = makeOwnerKey();
  const now = createRealClock().now();
  const stateOf = (storage: string): StateLocation =>
    options.storages.find(({ name }) => name === storage)?.medium === 'disk'
      ? { kind: 'disk', directory: join(folder, 'storage', storage) }
      : { kind: 'memory' };
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
    ...(options.onSpawn === undefined ? {} : { onSpawn: options.onSpawn }),
  });
  let count = 0;

  async function run(
    operation: Operation,
    repository: string,
    backup: string,
    data: Pick<SessionJob, 'source' | 'sink'>,
  ): Promise<SessionTimes> {
    count += 1;
    const id = `b${count}`;
    const job: SessionJob = {
      id,
      subtenant: null,
      repository,
      operation,
      jobKind: 'server',
      backup,
      restorePoint: null,
      blockBytes: 1_048_576,
      needsHttpProxy: false,
      isTenantConfigBackup: false,
      ...data,
      parallelRequests: 4,
      inSession: 'reconnect',
      marginMs: 5 * MINUTE_MS,
      quotaWaitMs: 0,
    };
    const read = startStopwatch();
    const transfer = { from: 0, to: 0 };
    hear = ({ type, session, data: { state } }) => {
      if (type !== 'session.state' || session !== id) return;
      if (state === 'active.running') transfer.from = read();
      if (state !== 'ending.stoppingMovers') return;
      transfer.to = read();
      options.onTransferred?.();
    };
    const result = await world.run(TENANT, job);
    const sessionMs = read();
    if (result.state !== 'done') throw new Error(`${operation} ${repository}: ${result.detail}`);
    return { sessionMs, transferMs: transfer.to - transfer.from };
  }

  return {
    world,
    sdkAddress: (repository) =>
      sdkAddress(world.locate(repository), world.ownerCredential(repository)),
    backup: (repository, name, source) => run('backup', repository, name, { source, sink: null }),
    restore: (repository, name, sink) => run('restore', repository, name, { source: null, sink }),
    close: async () => {
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
