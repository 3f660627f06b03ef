import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fleetFromData, loadFleet, parseFleet } from '../../../sim/fleet/file/load.ts';
import { fleetJsonSchema } from '../../../sim/fleet/file/schema.ts';
import { swarmFleet } from '../../../sim/fleet/run/swarm.ts';
import { PROJECT } from '../cli/captured-main.ts';
import { GROUP } from './small-fleet.ts';

const BASE = {
  version: 1,
  days: 10,
  storages: [{ name: 'minio', kind: 's3-compatible' }],
  repositories: [{ name: 'vault', mode: 'direct', access: 'iam-sts' }],
};

function problemsOf(changes: Record<string, unknown>, group: Record<string, unknown> = {}) {
  const result = fleetFromData({ ...BASE, tenants: [{ ...GROUP, ...group }], ...changes }, 'fleet');
  return result.ok ? [] : result.problems.map(({ path, text }) => `${path}: ${text}`);
}

describe('a fleet file', () => {
  const rows: readonly [string, Record<string, unknown>, Record<string, unknown>, RegExp][] = [
    ['no tenants', { tenants: [] }, {}, /tenants/],
    ['a fleet of zero', {}, { count: 0 }, /count: a group of 0 tenants does nothing/],
    ['a negative count', {}, { count: -3 }, /count: a group of -3 tenants does nothing/],
    ['too many tenants', {}, { count: 2_000_000 }, /are too many/],
    ['no day', { days: 0 }, {}, /days: a run of 0 days shows nothing/],
    ['a negative duration', {}, { schedule: { every: '-1h' } }, /every: "-1h" is not a duration/],
    ['a duration without a unit', {}, { schedule: { every: 5 } }, /"5" has no unit/],
    ['no period', {}, { schedule: { jitter: '1h' } }, /schedule: the schedule has no period/],
    [
      'two periods',
      {},
      { schedule: { daily: '22:00', every: '1h' } },
      /several periods \(daily, every\)/,
    ],
    [
      'a schedule that never fires',
      { days: 3 },
      { schedule: { weekly: 'sun' } },
      /no backup of "shops" starts within 3 days/,
    ],
    [
      'business hours in which no run begins',
      {},
      { schedule: { daily: '22:00', businessHours: { from: '08:00', to: '18:00' } } },
      /no backup of "shops" starts/,
    ],
    [
      'business hours that end before they begin',
      {},
      { schedule: { every: '1h', businessHours: { from: '18:00', to: '08:00' } } },
      /must end after they begin/,
    ],
    [
      'an unknown fault site',
      { faults: [{ site: 'isuer', nth: 1, error: 'issuer.refused' }] },
      {},
      /did you mean "issuer"/,
    ],
    [
      'an effect that a site has not',
      { faults: [{ site: 'issuer', nth: 1, crash: 'target' }] },
      {},
      /a fault at issuer has no "crash"/,
    ],
    [
      'a fault without a trigger',
      { faults: [{ site: 'issuer', error: 'issuer.refused' }] },
      {},
      /exactly one of at, nth, oneIn/,
    ],
    [
      'an outage without an end',
      { faults: [{ site: 'sp', at: '1d', down: 'both' }] },
      {},
      /add "for"/,
    ],
    [
      'a fault after the end',
      { faults: [{ site: 'sp', at: '11d', for: '1h', down: 'both' }] },
      {},
      /after the last day/,
    ],
    [
      'a fault of nobody',
      { faults: [{ site: 'network', of: 'shop', at: '1d', for: '1h', down: 'both' }] },
      {},
      /did you mean "shops"/,
    ],
    [
      'an event of an unknown group',
      { events: [{ day: 1, disable: 'shop' }] },
      {},
      /did you mean "shops"/,
    ],
    [
      'an event after the end',
      { events: [{ day: 10, disable: 'shops' }] },
      {},
      /after the last day/,
    ],
    ['an unknown repository', {}, { repository: 'valut' }, /did you mean "vault"/],
    ['an unknown key', {}, { tenant: 3 }, /the key "tenant" is not known here/],
    [
      'an unknown storage of a repository',
      { repositories: [{ name: 'vault', mode: 'direct', storage: 'mini' }] },
      {},
      /did you mean "minio"/,
    ],
    ['a bandwidth without a unit', {}, { throughput: '100' }, /is not a bandwidth/],
    [
      'a typical value out of bounds',
      {},
      { first: { min: '2GiB', typical: '1GiB', max: '3GiB' } },
      /typical must lie between/,
    ],
  ];
  test.each(rows)('with %s is refused', (_name, changes, group, wanted) => {
    const problems = problemsOf(changes, group);
    expect(problems.join('\n')).toMatch(wanted);
  });

  test('problems have their line and column', () => {
    const text = 'version: 1\ndays: 3\nrepositories:\n  - { name: v, mode: dirct }\ntenants: []\n';
    const result = parseFleet(text, { file: 'f.yaml' });
    expect(result.ok ? [] : result.problems[0]).toMatchObject({
      line: 4,
      column: 22,
      path: 'repositories[0].mode',
    });
  });

  test('--set reaches lists by name, makes room for what is left out, and is checked like the file', () => {
    const text = readFileSync(`${PROJECT}examples/fleet.yaml`, 'utf8');
    const changes = [
      'repositories.vault.mode=gateway',
      'repositories.vault.access=unset',
      'control.budget=1h',
      'tenants.shops.count=3',
    ];
    const result = parseFleet(text, { file: 'fleet.yaml', changes });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    const { fleet } = result;
    expect(fleet.repositories.find(({ name }) => name === 'vault')).toMatchObject({
      mode: 'gateway',
      access: null,
    });
    expect(fleet.session.reconnectBudgetMs).toBe(3_600_000);
    expect(fleet.groups[0]?.count).toBe(3);
    for (const change of [
      'nowhere',
      'repositories.valut.mode=direct',
      'tenants.shops.cuont=3',
      'repositories.valut={}',
      '=3',
    ]) {
      expect(parseFleet(text, { file: 'fleet.yaml', changes: [change] }).ok).toBe(false);
    }
  });

  test('the example is a fleet; a missing file is told', () => {
    expect(loadFleet('examples/fleet.yaml', PROJECT).ok).toBe(true);
    const missing = loadFleet('examples/none.yaml', PROJECT);
    expect(missing.ok ? '' : missing.problems[0]?.text).toMatch(/there is no such file/);
  });

  test('its JSON Schema names every key of the example', () => {
    const schema = JSON.stringify(fleetJsonSchema());
    for (const key of [
      'onboarding',
      'businessHours',
      'propagation',
      'perSecond',
      'oneIn',
      'subtenantQuota',
    ]) {
      expect(schema).toContain(`"${key}"`);
    }
  });

  test('every seed draws a fleet that can be, and always the same', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const result = swarmFleet(`commit-${seed}`);
      if (!result.ok) throw new Error(`seed ${seed}: ${JSON.stringify(result.problems)}`);
      if (seed > 20) continue;
      expect(swarmFleet(`commit-${seed}`)).toEqual(result);
    }
  });
});
