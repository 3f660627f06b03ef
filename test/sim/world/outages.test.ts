import { describe, expect, test } from 'vitest';
import { parseScenario, type Scenario } from '../../../sim/scenario/index.ts';
import { createMemoryWorld } from '../../../sim/world/memory-world.ts';
import { runScenario } from '../../../sim/world/run-scenario.ts';

const START = Date.parse('2026-01-05T08:00:00Z');

interface Lines {
  readonly steps: readonly string[];
  readonly kind?: string;
  readonly quota?: string;
  readonly subtenant?: boolean;
}

function scenario({ steps, kind = 's3-compatible', quota = '64MiB', subtenant }: Lines): Scenario {
  const isAws = kind === 'aws';
  const text = `
version: 1
seed: 7
start: 2026-01-05T08:00:00Z
storages:
  - { name: one, kind: ${kind}, longestSession: ${isAws ? '12h' : '365d'} }
repositories:
  - { name: direct, storage: one, mode: direct${isAws ? '' : ', access: iam-sts'} }
  - { name: gated, storage: one, mode: gateway }
tenants:
  - { name: acme, quota: ${quota}${subtenant === true ? ', subtenants: [{ name: branch }]' : ''} }
jobs:
  - name: straight
    tenant: acme
    repository: direct
    ${subtenant === true ? 'subtenant: branch' : 'kind: server'}
    source: { synthetic: { files: 4, size: 1MiB, changedShare: 1 } }
    blockSize: 64KiB
  - name: through
    tenant: acme
    repository: gated
    source: { synthetic: { files: 4, size: 1MiB } }
    blockSize: 64KiB
steps:
${steps.map((step) => `  - ${step}`).join('\n')}
`;
  const result = parseScenario(text, { file: 'outage', baseFolder: '/', isFolder: () => true });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.scenario;
}

async function run(lines: Lines) {
  const parsed = scenario(lines);
  const world = await createMemoryWorld({ scenario: parsed });
  const summary = await runScenario(parsed, world);
  return { world, summary };
}

describe('the channel goes down for a second at its n-th message (F5, F8, F26)', () => {
  const rows = Array.from({ length: 14 }, (_, index) => index + 1).flatMap((nth) => [
    [nth, 'through'] as const,
    [nth, 'straight'] as const,
  ]);
  test.each(rows)(
    'message %i of %s: the session goes on, breaks no rule and keeps its books',
    async (nth, job) => {
      const { world, summary } = await run({
        steps: [`fault: { site: channel, nth: ${nth}, down: 1s }`, `{ run: ${job} }`],
      });
      const [session] = summary.sessions;
      expect(session?.state).toBe('done');
      // L1, L3: it goes on as soon as the channel is back.
      expect(world.now() - START).toBeLessThanOrEqual(2_000);
      const fired = summary.violations.filter(({ invariant }) => invariant !== 'fault');
      expect(fired).toEqual([]);
      const ledger = await world.ledger(`acme/${job === 'through' ? 'gated' : 'direct'}`);
      expect(ledger?.reserved).toEqual({});
      expect(ledger?.usedBytes).toBe(session?.bytes.storage);
    },
  );
});

test('C20, C14: a storage that always denies earns one forced check, also where every connect renews', async () => {
  const { world, summary } = await run({
    kind: 'aws',
    steps: [
      'fault: { site: storage, operation: PutObject, nth: 1, repeat: 100000, error: AccessDenied }',
      '{ run: straight, expect: failed, code: access.denied }',
    ],
  });
  expect(summary.violations).toEqual([]);
  const issued = world.log.events.filter(({ type }) => type === 'credential.issued');
  expect(issued.length).toBeLessThanOrEqual(2);
});

test('Q4, I55: a quota that a subtenant gets later counts what lies there already', async () => {
  const { summary } = await run({
    subtenant: true,
    steps: [
      '{ run: straight, expect: done }',
      'set: { tenant: acme, subtenant: branch, quota: 1200KiB }',
      '{ run: straight, expect: failed, code: quota.exceeded }',
    ],
  });
  expect(summary.violations).toEqual([]);
});
