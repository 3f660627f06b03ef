import type { LogEvent } from '../../machines/ports/event-log.ts';
import { liveFleet } from '../../sim/cli/watch/watch-fleet.ts';
import { fleetFromData } from '../../sim/fleet/file/load.ts';
import type { Fleet } from '../../sim/fleet/types.ts';
import { formatEvent } from '../../sim/kernel/index.ts';
import type { BranchRun } from '../../sim/tui/live-run.ts';
import { LiveStore } from '../../sim/tui/live-store.ts';
import { turn } from './memory-run.ts';

/** Two groups on two routes, every day, with an issuer that sometimes fails. */
export function smallFleet(days = 20): Fleet {
  const group = (name: string, repository: string, at: string): object => ({
    name,
    count: 6,
    repository,
    quota: '4TiB',
    schedule: { daily: at, jitter: '2h' },
    first: { min: '1GiB', typical: '2GiB', max: '4GiB' },
    incremental: { min: '1GiB', typical: '2GiB', max: '4GiB' },
    throughput: '100Mbit/s',
  });
  const result = fleetFromData(
    {
      version: 1,
      title: 'Small fleet',
      start: '2026-01-05T00:00:00Z',
      days,
      storages: [{ name: 'minio', kind: 's3-compatible' }],
      repositories: [
        { name: 'vault', mode: 'direct', access: 'iam-sts' },
        { name: 'office', mode: 'gateway' },
      ],
      tenants: [group('shops', 'vault', '02:00'), group('offices', 'office', '05:00')],
    },
    'small',
  );
  if (!result.ok) throw new Error(result.problems.map(({ text }) => text).join('; '));
  return result.fleet;
}

export function openSmallFleet(days?: number): { run: BranchRun; store: LiveStore } {
  const run = liveFleet(smallFleet(days), 1);
  const store = new LiveStore(run);
  store.tick(0);
  return { run, store };
}

/** Beats until it is there, with turns of the event loop between them. */
export async function beatUntil(
  store: LiveStore,
  isThere: () => boolean,
  elapsedMs = 66,
): Promise<void> {
  for (let round = 0; round < 5_000; round += 1) {
    store.tick(elapsedMs);
    if (isThere()) return;
    await turn();
  }
  throw new Error(`it does not come: ${store.frame().mode}, ${store.frame().notice}`);
}

/** Until a jump has ended. */
export async function stopped(store: LiveStore): Promise<void> {
  await beatUntil(store, () => store.frame().mode === 'paused');
}

/** The lines of what was logged, from a position on. */
export function linesOf(store: LiveStore, to: number): readonly string[] {
  const { history } = store.frame();
  return history.slice(0, to).map((event: LogEvent) => formatEvent(event));
}
