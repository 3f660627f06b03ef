import { describe, expect, test } from 'vitest';
import { fleetFromData } from '../../../sim/fleet/file/load.ts';
import { PLANTED_BUGS } from '../../../sim/fleet/run/plant.ts';
import { runFleet } from '../../../sim/fleet/run/run-fleet.ts';
import type { Fleet } from '../../../sim/fleet/types.ts';
import { GROUP } from './small-fleet.ts';

/** Both kinds of route, so that every bug finds its place. */
function mixedFleet(): Fleet {
  const result = fleetFromData(
    {
      version: 1,
      days: 16,
      storages: [{ name: 'minio', kind: 's3-compatible', longestSession: '365d' }],
      repositories: [
        { name: 'direct', mode: 'direct', access: 'iam-sts' },
        { name: 'gated', mode: 'gateway' },
      ],
      tenants: [
        { ...GROUP, name: 'first', count: 6, repository: 'direct' },
        { ...GROUP, name: 'second', count: 2, repository: 'gated' },
      ],
    },
    'mixed',
  );
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.fleet;
}

describe('planted bugs', () => {
  test('without one no rule is broken', async () => {
    const run = await runFleet({ fleet: mixedFleet(), isHashed: false });
    expect(run.violations).toEqual([]);
  });

  test.each(Object.keys(PLANTED_BUGS))(
    '%s is found by its checker, and again on replay',
    async (bug) => {
      const options = { fleet: mixedFleet(), isHashed: false, plant: bug };
      const run = await runFleet(options);
      expect(run.violations.map(({ invariant }) => invariant)).toContain(bug);
      expect((await runFleet(options)).violations).toEqual(run.violations);
    },
  );
});
