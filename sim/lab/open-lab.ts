import { closeSync, openSync, writeSync } from 'node:fs';
import type { SessionJob, SessionResult } from '../../adapters/roles/tenant-server/session-job.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { createTraceSink } from '../kernel/index.ts';
import type { Scenario } from '../scenario/types.ts';
import type { ProgressListener } from '../world/assembly.ts';
import { createLabWorld, type LabWorld } from './lab-world.ts';
import type { StateFolder } from './state-folder.ts';
import { asStateFolderError } from './state-folder-error.ts';

export interface OpenLabOptions {
  readonly folder: StateFolder;
  readonly lab: Scenario;
  readonly command: string;
  readonly realNow: EpochMs;
  readonly build: string;
  readonly onProgress?: ProgressListener;
}

/** A lab whose state outlives the command that opened it. */
export interface OpenLab {
  readonly world: LabWorld;
  /** Runs one session and remembers it on the tenant's side. */
  run(tenant: string, job: SessionJob): Promise<SessionResult>;
  close(): Promise<void>;
}

/**
 * Starts the roles and storages of a state folder; its clock goes on from where it was. Throws
 * StateFolderError where a part of the folder cannot be read.
 */
export async function openLab(options: OpenLabOptions): Promise<OpenLab> {
  const { folder, lab, realNow } = options;
  const storageFolders = new Map(
    lab.storages.map(({ name }) => [name, folder.storageFolder(name)] as const),
  );
  const clockState = folder.clockState() ?? { virtualAt: realNow, realAt: realNow, rate: 1 };
  const logFile = openSync(folder.logFile(realNow, options.command), 'ax', 0o600);
  const sink = createTraceSink(
    { seed: String(lab.seed), build: options.build, options: { command: options.command } },
    (text) => writeSync(logFile, text),
  );
  const world = await createLabWorld({
    storages: lab.storages,
    repositories: lab.repositories,
    tenants: lab.tenants.map((tenant) => ({
      ...tenant,
      secret: folder.tenantSecret(tenant.name),
    })),
    clockState,
    databasePath: folder.databasePath,
    databaseKey: folder.databaseKey(),
    ownerKeyOf: (storage) => folder.ownerKey(storage),
    storageStateOf: (storage) => ({
      kind: 'disk',
      directory: storageFolders.get(storage) ?? folder.storageFolder(storage),
    }),
    sinks: [sink],
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  }).catch((error: unknown) => {
    closeSync(logFile);
    throw asStateFolderError(error);
  });
  folder.saveClockState(world.clockState());
  return {
    world,
    run: async (tenant, job) => {
      const result = await world.run(tenant, job);
      folder.remember({
        id: job.id,
        at: world.now(),
        tenant,
        subtenant: job.subtenant,
        repository: job.repository,
        backup: job.backup,
        restorePoint: result.summary?.restorePoint ?? null,
        operation: job.operation,
        state: result.state,
      });
      return result;
    },
    close: async () => {
      try {
        folder.saveClockState(world.clockState());
      } finally {
        // Also where the disk is full: what stays open would keep the process from ending.
        await world.close();
        closeSync(logFile);
      }
    },
  };
}
