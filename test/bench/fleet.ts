import { HOUR_MS } from '../../machines/rules/time.ts';
import { fleetFromData } from '../../sim/fleet/file/load.ts';
import { runFleet } from '../../sim/fleet/run/run-fleet.ts';
import type { Fleet } from '../../sim/fleet/types.ts';
import { FleetWorld } from '../../sim/fleet/world/fleet-world.ts';
import { type Benchmark, type Figure, perSecond, startStopwatch } from './measure.ts';

const SESSIONS_A_RUN = 30_000;
const IDLE_TENANTS = 20_000;

function fleetOf(tenants: number, days: number): Fleet {
  const result = fleetFromData(
    {
      version: 1,
      days,
      gateways: [{ name: 'gate', bandwidth: '10Gbit/s', count: 8 }],
      storages: [{ name: 'minio', kind: 's3-compatible', longestSession: '365d' }],
      repositories: [{ name: 'vault', mode: 'direct', access: 'iam-sts' }],
      tenants: [
        {
          name: 'shops',
          count: tenants,
          quota: '40TiB',
          schedule: { daily: '22:00', jitter: '4h' },
          first: { min: '40GiB', typical: '150GiB', max: '300GiB' },
          incremental: { min: '1GiB', typical: '4GiB', max: '20GiB' },
          throughput: '100Mbit/s',
        },
      ],
    },
    'bench',
  );
  if (!result.ok) throw new Error(result.problems.map(({ text }) => text).join('; '));
  return result.fleet;
}

/** What is switched on besides the world and the report. */
const RUNS = [
  ['world and report', { isChecked: false, isHashed: false }],
  ['with all checkers', { isChecked: true, isHashed: false }],
  ['with checkers and hash of the log', { isChecked: true, isHashed: true }],
] as const;

/** What tenants take that have nothing to do yet, in MB. */
function idleMegabytes(): number {
  const collect = (globalThis as { gc?: () => void }).gc ?? (() => undefined);
  const own = fleetOf(IDLE_TENANTS, 1);
  collect();
  const before = process.memoryUsage().heapUsed;
  const world = new FleetWorld({ fleet: own });
  // All are connected then, and nobody backs up before the night.
  while (world.now < own.startAt + HOUR_MS) world.advance(1_000);
  collect();
  const { heapUsed } = process.memoryUsage();
  if (world.tenants.length !== IDLE_TENANTS) throw new Error('tenants are missing');
  return (heapUsed - before) / 1e6;
}

export const fleet: Benchmark = {
  name: 'fleet',
  title: 'Fleets under a simulated clock',
  notes: [
    'Daily sessions of 14-day credentials; events are lines of the event log.',
    'Linear: the same number of sessions as many tenants for few days, and the other way round.',
    'The memory of idle tenants is exact only with node --expose-gc.',
  ],
  async run({ runs }) {
    const figures: Figure[] = [];
    const samples = new Map<string, number[]>();
    const take = (name: string, value: number): void => {
      const own = samples.get(name);
      if (own === undefined) samples.set(name, [value]);
      else own.push(value);
    };
    for (let run = 0; run < (runs ?? 3); run += 1) {
      for (const [name, options] of RUNS) {
        const wide = await measured(fleetOf(SESSIONS_A_RUN / 30, 30), options);
        take(`${name}, 1,000 tenants × 30 days`, wide);
      }
      take(
        'world and report, 100 tenants × 300 days',
        await measured(fleetOf(100, 300), RUNS[0][1]),
      );
    }
    for (const [name, values] of samples) figures.push({ name, unit: 'events/s', samples: values });
    figures.push({ name: '20,000 idle tenants', unit: 'MB', samples: [idleMegabytes()] });
    return figures;
  },
};

async function measured(
  own: Fleet,
  options: { readonly isChecked: boolean; readonly isHashed: boolean },
): Promise<number> {
  const read = startStopwatch();
  const { eventCount } = await runFleet({ fleet: own, ...options });
  return perSecond(eventCount, read());
}
