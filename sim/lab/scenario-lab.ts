import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { EventSink } from '../kernel/index.ts';
import type { Scenario } from '../scenario/types.ts';
import type { ProgressListener } from '../world/assembly.ts';
import type { World } from '../world/world.ts';
import { createLabWorld } from './lab-world.ts';
import { makeOwnerKey } from './owner-key.ts';

export interface ScenarioLabOptions {
  readonly scenario: Scenario;
  readonly realNow: EpochMs;
  readonly sinks?: readonly EventSink[];
  readonly onProgress?: ProgressListener;
}

/**
 * A fresh lab for one run of a scenario: storages in memory, the SP's database in a temporary
 * folder that is removed at the end. Its clock stands still but for the scenario's steps, so that
 * an exact instant can be met.
 */
export async function createScenarioLab(options: ScenarioLabOptions): Promise<World> {
  const { scenario, realNow } = options;
  const folder = mkdtempSync(join(tmpdir(), 'fortnight-'));
  const owners = new Map(scenario.storages.map(({ name }) => [name, makeOwnerKey()]));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const world = await createLabWorld({
      storages: scenario.storages,
      repositories: scenario.repositories,
      tenants: scenario.tenants.map((tenant) => ({
        ...tenant,
        secret: randomBytes(24).toString('base64url'),
      })),
      clockState: { virtualAt: scenario.startAt, realAt: realNow, rate: 0 },
      databasePath: join(folder, 'config.sqlite'),
      databaseKey: randomBytes(32),
      ownerKeyOf: (storage) => owners.get(storage) ?? makeOwnerKey(),
      storageStateOf: () => ({ kind: 'memory' }),
      ...(options.sinks === undefined ? {} : { sinks: options.sinks }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    });
    return {
      ...world,
      close: async () => {
        await world.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
