import { describe, expect, test } from 'vitest';
import { createScenarioLab } from '../../../sim/lab/scenario-lab.ts';
import { parseScenario } from '../../../sim/scenario/index.ts';
import { createMemoryWorld } from '../../../sim/world/memory-world.ts';
import { runScenario } from '../../../sim/world/run-scenario.ts';

/**
 * C15, C16, L4: the credential ends under the n-th request of a transfer, on every kind of storage:
 * what is in flight finishes, the session connects again, is given the next generation, and goes on;
 * what it says is done comes back byte for byte.
 */
interface Kind {
  readonly name: string;
  readonly storage: string;
  readonly repository: string;
  /** Longer than the credential lives, so that it ends under the request. */
  readonly jump: string;
}

const KINDS: readonly Kind[] = [
  { name: 's3', storage: 'kind: s3-compatible', repository: 'access: iam-sts', jump: '15d' },
  { name: 'aws', storage: 'kind: aws', repository: 'issuer: iam-user', jump: '15d' },
  { name: 'azure', storage: 'kind: azure', repository: 'immutability: false', jump: '31d' },
  { name: 'entra', storage: 'kind: azure', repository: 'entraId: true', jump: '8d' },
  {
    name: 'flat',
    storage: 'kind: azure, hierarchicalNamespace: false',
    repository: 'storedAccessPolicy: true',
    jump: '31d',
  },
  { name: 'gcs', storage: 'kind: gcs', repository: 'issuer: downscoped-token', jump: '2h' },
];

function story(kind: Kind, steps: readonly string[]) {
  const text = `
version: 1
seed: 16
start: 2026-01-05T08:00:00Z
storages:
  - { name: one, ${kind.storage} }
repositories:
  - { name: vault, storage: one, mode: direct, ${kind.repository} }
tenants:
  - { name: acme, quota: 1GiB }
jobs:
  - { name: files, tenant: acme, repository: vault, source: { synthetic: { files: 3, size: 256KiB, changedShare: 1 } }, blockSize: 64KiB }
steps:
${steps.map((step) => `  - ${step}`).join('\n')}
`;
  const parsed = parseScenario(text, { file: kind.name, baseFolder: '/', isFolder: () => true });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.scenario;
}

/** A backup and then its restore, each with a fault at its n-th request. */
function struck(kind: Kind, nths: readonly number[]): readonly string[] {
  return nths.flatMap((nth) => [
    `{ fault: { site: storage, nth: ${nth}, jump: ${kind.jump} } }`,
    '{ run: files, expect: done }',
    `{ fault: { site: storage, nth: ${nth}, jump: ${kind.jump} } }`,
    '{ run: files, operation: restore, expect: done }',
  ]);
}

describe('in memory: at every request of a backup and of its restore', () => {
  test.each(KINDS)('$name', async (kind) => {
    const nths = [1, 2, 3, 4, 5, 6, 7];
    const scenario = story(kind, [...struck(kind, nths), 'restoreAll: true']);
    const world = await createMemoryWorld({ scenario });
    const summary = await runScenario(scenario, world);
    await world.close();
    expect(summary.violations.map(({ text }) => text)).toEqual([]);
    const renewed = summary.sessions.filter(({ generation }) => generation !== null);
    expect(Math.max(...renewed.map(({ generation }) => generation ?? 0))).toBeGreaterThan(7);
  });
});

describe('in the lab, with the real SDKs: at two requests', () => {
  test.each(KINDS)('$name', { timeout: 120_000 }, async (kind) => {
    const scenario = story(kind, [...struck(kind, [2, 5]), 'restoreAll: true']);
    const world = await createScenarioLab({ scenario, realNow: scenario.startAt });
    try {
      const summary = await runScenario(scenario, world);
      expect(summary.violations.map(({ text }) => text)).toEqual([]);
      const states = summary.sessions.map(({ state }) => state);
      expect(new Set(states)).toEqual(new Set(['done']));
    } finally {
      await world.close();
    }
  });
});
