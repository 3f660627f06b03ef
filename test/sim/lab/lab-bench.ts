import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRealClock } from '../../../adapters/clock/index.ts';
import type { SessionJob } from '../../../adapters/roles/tenant-server/session-job.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import { DAY_MS } from '../../../machines/rules/time.ts';
import type { EventSink } from '../../../sim/kernel/index.ts';
import { createLabWorld, type LabWorld } from '../../../sim/lab/lab-world.ts';
import { makeOwnerKey, type OwnerKey } from '../../../sim/lab/owner-key.ts';
import { parseScenario } from '../../../sim/scenario/index.ts';

const REPOSITORIES = `
version: 1
storages:
  - { name: minio, kind: s3-compatible, longestSession: 365d }
repositories:
  - { name: vault-direct, storage: minio, mode: direct, access: iam-sts }
  - { name: vault-gateway, storage: minio, mode: gateway, access: unset }
tenants:
  - { name: acme, quota: 1GiB }
jobs:
  - name: files
    tenant: acme
    repository: vault-direct
    source: { synthetic: { files: 1, size: 64KiB } }
steps:
  - run: files
`;

export const TENANT_SECRET = 'canary-tenant-secret-f3b1c9d27a';

export interface LabBench {
  readonly world: LabWorld;
  /** Everything that a tenant's machine or the SP writes lies below. */
  readonly folder: string;
  readonly sourceFolder: string;
  readonly databasePath: string;
  readonly owner: OwnerKey;
  readonly clock: Clock;
  readonly lines: readonly string[];
  readonly movers: { readonly name: string; readonly pid: number }[];
  job(id: string, changes: Partial<SessionJob>): SessionJob;
  close(): Promise<void>;
}

/** A lab with real sockets, processes and SDKs, a source folder of 2 MiB, and nothing shared. */
export async function openLab(
  onSpawn: (pid: number) => void = () => {},
  onEvent: (
    bench: { movers: LabBench['movers'] },
    event: Parameters<EventSink>[0],
  ) => void = () => {},
): Promise<LabBench> {
  const read = parseScenario(REPOSITORIES, {
    file: 'lab.yaml',
    baseFolder: '/',
    isFolder: () => false,
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const { storages, repositories, tenants } = read.scenario;
  const folder = mkdtempSync(join(tmpdir(), 'fortnight-lab-test-'));
  const sourceFolder = join(folder, 'source');
  mkdirSync(sourceFolder);
  for (let file = 0; file < 4; file += 1) {
    const bytes = Buffer.alloc(512 * 1024);
    for (let at = 0; at < bytes.length; at += 4)
      bytes.writeUInt32LE((at * 2_654_435_761 + file) >>> 0, at);
    writeFileSync(join(sourceFolder, `file-${file}.bin`), bytes);
  }
  const owner = makeOwnerKey();
  const real = createRealClock();
  const lines: string[] = [];
  const movers: { name: string; pid: number }[] = [];
  const databasePath = join(folder, 'config.sqlite');
  const world = await createLabWorld({
    storages,
    repositories,
    tenants: tenants.map((tenant) => ({ ...tenant, secret: TENANT_SECRET })),
    clockState: { virtualAt: Date.parse('2026-01-05T08:00:00Z'), realAt: real.now(), rate: 1 },
    databasePath,
    databaseKey: Buffer.alloc(32, 7),
    ownerKeyOf: () => owner,
    storageStateOf: () => ({ kind: 'memory' }),
    keepsSpares: true,
    sinks: [
      (event, line) => {
        lines.push(line);
        onEvent({ movers }, event);
      },
    ],
    onSpawn: (name, pid) => {
      movers.push({ name, pid });
      onSpawn(pid);
    },
  });
  return {
    world,
    folder,
    sourceFolder,
    databasePath,
    owner,
    clock: { now: () => world.now(), wakeAt: (at, wake) => real.wakeAt(at, wake) },
    lines,
    movers,
    job: (id, changes) => ({
      id,
      subtenant: null,
      repository: 'vault-direct',
      operation: 'backup',
      jobKind: 'server',
      backup: 'files',
      restorePoint: null,
      blockBytes: 65_536,
      needsHttpProxy: false,
      isTenantConfigBackup: false,
      source: { type: 'folder', path: sourceFolder },
      sink: null,
      parallelRequests: 4,
      inSession: 'reconnect',
      marginMs: 5 * 60_000,
      quotaWaitMs: 0,
      ...changes,
    }),
    close: async () => {
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const LIFE_MS = 14 * DAY_MS;
