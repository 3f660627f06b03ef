import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { routeOracle } from '../../../machines/rules/route.ts';
import { loadScenario, routeSettingsOf, type Scenario } from '../../../sim/scenario/index.ts';
import { scheduledRuns } from '../../../sim/scenario/schedule.ts';
import { seeded } from '../../support/seed.ts';
import { GOOD, parseText } from './parse-text.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const PROJECT = new URL('../../../', import.meta.url).pathname;

function good(from = '', to = ''): Scenario {
  const result = parseText(GOOD.replace(from, to));
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.scenario;
}

describe('a scenario with every default filled in', () => {
  it('storages, repositories, tenants, jobs', () => {
    expect(good()).toMatchObject({
      version: 1,
      title: 'test',
      seed: 1,
      startAt: Date.UTC(2026, 0, 5, 8),
      storages: [
        { name: 'minio', longestSessionMs: null },
        { name: 'blobs', kind: 'azure' },
      ],
      repositories: [
        {
          access: 'iam-sts',
          gatewayServer: 'gateway-server-1',
          mountServer: 'mount-server-1',
          inSession: 'reconnect',
          marginMs: 60_000,
          checkClock: 'tenant',
          sasOverride: null,
        },
      ],
      tenants: [{ quotaBytes: 10 * 1024 ** 3, disabled: false, subtenants: [{ name: 'branch' }] }],
      jobs: [
        {
          kind: 'server',
          backup: 'files',
          blockBytes: 1_048_576,
          source: { totalBytes: 1_048_576, seed: '1/files', changedShare: 0.1 },
          schedule: null,
        },
      ],
      steps: [{ type: 'run', operation: 'backup', expect: null, place: { line: 21, column: 5 } }],
    });
  });

  it('M6: an option that is left out is not specified yet; one storage needs no name', () => {
    const text = GOOD.replace(/storages:\n.*\n.*\n/, '')
      .replace('    storage: minio\n', '')
      .replace('    access: iam-sts\n', '');
    const result = parseText(text);
    expect(result.ok && result.scenario.repositories[0]).toMatchObject({
      storage: 's3',
      access: null,
    });
  });

  it('is frozen to the bottom', () => {
    const scenario = good();
    expect(() => {
      (scenario.tenants[0]?.subtenants[0] as { name: string }).name = 'x';
    }).toThrow(TypeError);
  });

  const steps = [
    ['warp: 13d1h', { type: 'warp', byMs: 13 * DAY + HOUR }],
    [
      'warp: { to: renewalLine, of: files, offset: -1ms }',
      {
        type: 'warpTo',
        instant: 'renewalLine',
        scope: { tenant: 'acme', subtenant: null, repository: 'vault' },
        offsetMs: -1,
      },
    ],
    ['warp: { to: expiry, of: acme/vault }', { type: 'warpTo', instant: 'expiry', offsetMs: 0 }],
    [
      'set: { repository: vault, mode: gateway, access: unset, mountServer: false }',
      {
        type: 'setRepository',
        repository: 'vault',
        changes: { mode: 'gateway', access: null, mountServer: null },
      },
    ],
    [
      'set: { tenant: acme, subtenant: branch, quota: 2GiB }',
      { type: 'setTenant', subtenant: 'branch', changes: { quotaBytes: 2 * 1024 ** 3 } },
    ],
    [
      'fault: { site: storage, operation: PutObject, nth: 5, jump: 14d }',
      {
        type: 'fault',
        fault: {
          site: 'storage',
          storage: null,
          operation: 'PutObject',
          nth: 5,
          repeat: 1,
          effect: { kind: 'jump', byMs: 14 * DAY },
        },
      },
    ],
    ['fault: { site: channel, down: 5m }', { fault: { effect: { kind: 'down', forMs: 300_000 } } }],
    [
      'fault: { site: issuer, error: SlowDown, repeat: 3 }',
      { fault: { repeat: 3, effect: { kind: 'error', error: 'SlowDown' } } },
    ],
    ['restoreAll: true', { type: 'restoreAll' }],
    [
      '{ run: files, operation: verify, generation: 2 }',
      { type: 'run', operation: 'verify', expect: { state: 'done', code: null, generation: 2 } },
    ],
  ] as const;
  it.each(steps)('step %s', (text, step) => {
    expect(good('run: files', text).steps[0]).toMatchObject(step);
  });

  it('a set step changes only what it names', () => {
    const [step] = good('run: files', 'set: { repository: vault, mode: gateway }').steps;
    expect(step).toMatchObject({ changes: { mode: 'gateway' } });
    expect(Object.keys((step as { changes: object }).changes)).toEqual(['mode']);
  });

  it('a relative folder counts from the file', () => {
    const scenario = good('{ synthetic: { files: 3, size: 1MiB } }', '{ folder: ./data }');
    expect(scenario.jobs[0]?.source).toEqual({ type: 'folder', path: '/base/data' });
  });
});

describe('schedules', () => {
  const scheduled = (schedule: string) =>
    good('    source:', `    schedule: ${schedule}\n    source:`).jobs;
  const start = Date.UTC(2026, 0, 5, 8);

  it('begin at the next such time of day, else one period after the start', () => {
    expect(scheduled('{ every: 1d, at: "22:00" }')[0]?.schedule?.firstAt).toBe(start + 14 * HOUR);
    expect(scheduled('{ every: 1d, at: "08:00" }')[0]?.schedule?.firstAt).toBe(start);
    expect(scheduled('{ every: 1d, at: "07:59" }')[0]?.schedule?.firstAt).toBe(
      start + DAY - 60_000,
    );
    expect(scheduled('{ every: 6h }')[0]?.schedule?.firstAt).toBe(start + 6 * HOUR);
  });

  it('the ends: after is left out, until is in; times ends it', () => {
    const jobs = scheduled('{ every: 1d, at: "08:00", times: 3 }');
    const hours = (after: number, until: number) =>
      scheduledRuns(jobs, start + after * HOUR, start + until * HOUR).map(
        ({ at }) => (at - start) / HOUR,
      );
    expect(hours(-1, 0)).toEqual([0]);
    expect(hours(0, 24)).toEqual([24]);
    expect(hours(0, 23)).toEqual([]);
    expect(hours(-1, 999)).toEqual([0, 24, 48]);
  });

  it('stretch by stretch meets every run exactly once (property)', () => {
    const jobs = [...scheduled('{ every: 7h }'), ...scheduled('{ every: 1d, at: "22:00" }')];
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 * DAY }), { minLength: 1, maxLength: 20 }), (parts) => {
        let now = start;
        const met = parts.flatMap((part) => {
          const runs = scheduledRuns(jobs, now, now + part);
          now += part;
          return runs;
        });
        expect(met).toEqual(scheduledRuns(jobs, start, now));
      }),
      seeded(),
    );
  });
});

describe('the examples', () => {
  const load = (file: string): Scenario => {
    const result = loadScenario(file, PROJECT);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    return result.scenario;
  };

  it('weekend.yaml compares the three policies of C15', () => {
    const { jobs } = load('examples/weekend.yaml');
    expect(jobs.map(({ inSession }) => inSession)).toEqual(['reconnect', 'proactive', 'strict']);
  });

  it('tour.yaml covers every S3 route with agent and server jobs, a renewal, a boundary', () => {
    const scenario = load('examples/tour.yaml');
    const routes = new Set<string>();
    for (const step of scenario.steps) {
      if (step.type !== 'run') continue;
      const job = scenario.jobs.find(({ name }) => name === step.job);
      const repository = scenario.repositories.find(({ name }) => name === job?.repository);
      const storage = scenario.storages.find(({ name }) => name === repository?.storage);
      if (!job || !repository || !storage) throw new Error('a reference leads nowhere');
      const decision = routeOracle(routeSettingsOf(storage.kind, repository, job));
      if (!decision.ok) throw new Error(`the route of ${job.name} is refused`);
      const { targetHost, credential, assumed } = decision.route;
      routes.add(`${storage.kind} ${targetHost} ${credential}${assumed ? ' assumed' : ''}`);
    }
    expect([...routes].sort()).toEqual([
      'aws gatewayServer none',
      'aws sourceProxy limited',
      's3-compatible agentMachine limited',
      's3-compatible agentMachine shared',
      's3-compatible gatewayServer none',
      's3-compatible mountServer none',
      's3-compatible mountServer none assumed',
      's3-compatible sourceProxy limited',
    ]);
    expect(scenario.steps.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['warpTo', 'warp', 'setRepository', 'fault', 'restoreAll']),
    );
    expect(scenario.steps.at(-1)?.type).toBe('restoreAll');
    const bytes = scenario.jobs.map(({ source }) =>
      source.type === 'synthetic' ? source.totalBytes : 0,
    );
    expect(bytes.reduce((total, size) => total + size, 0)).toBeLessThan(8 * 1_024 ** 2);
  });
});
