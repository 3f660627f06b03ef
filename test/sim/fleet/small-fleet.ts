import { fleetFromData } from '../../../sim/fleet/file/load.ts';
import type { Fleet } from '../../../sim/fleet/types.ts';

type Data = Record<string, unknown>;

export const GROUP: Data = {
  name: 'shops',
  count: 4,
  quota: '4TiB',
  schedule: { daily: '22:00', jitter: '2h' },
  first: { min: '1GiB', typical: '5GiB', max: '20GiB' },
  incremental: { min: '100MiB', typical: '1GiB', max: '3GiB' },
  throughput: '200Mbit/s',
};

/** A fleet of a few tenants that go direct with credentials of 14 days. */
export function smallFleet(changes: Data = {}, group: Data = {}): Fleet {
  const result = fleetFromData(
    {
      version: 1,
      seed: 3,
      days: 16,
      gateways: [{ name: 'gate', bandwidth: '1Gbit/s' }],
      storages: [{ name: 'minio', kind: 's3-compatible', longestSession: '365d' }],
      repositories: [{ name: 'vault', mode: 'direct', access: 'iam-sts' }],
      tenants: [{ ...GROUP, ...group }],
      ...changes,
    },
    'small',
  );
  if (!result.ok) throw new Error(result.problems.map(({ text }) => text).join('; '));
  return result.fleet;
}
