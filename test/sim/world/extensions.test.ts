import { describe, expect, test } from 'vitest';
import { parseScenario } from '../../../sim/scenario/index.ts';
import { createMemoryWorld } from '../../../sim/world/memory-world.ts';
import { runScenario } from '../../../sim/world/run-scenario.ts';

/** A repository in gateway mode with an agent job and a server job; the steps are the story. */
async function story(steps: readonly string[]) {
  const text = `
version: 1
storages:
  - { name: s3, kind: s3-compatible }
repositories:
  - { name: vault, mode: gateway, access: unset }
tenants:
  - { name: acme, quota: 64MiB }
  - { name: globex, quota: 64MiB }
jobs:
  - { name: laptop, tenant: acme, repository: vault, kind: agent, source: { synthetic: { files: 2, size: 256KiB } }, blockSize: 64KiB }
  - { name: files, tenant: acme, repository: vault, source: { synthetic: { files: 2, size: 256KiB } }, blockSize: 64KiB }
  - { name: other, tenant: globex, repository: vault, kind: agent, source: { synthetic: { files: 2, size: 256KiB } }, blockSize: 64KiB }
steps:
${steps.map((step) => `  - ${step}`).join('\n')}
`;
  const parsed = parseScenario(text, { file: 'story', baseFolder: '/', isFolder: () => true });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const world = await createMemoryWorld({ scenario: parsed.scenario });
  const summary = await runScenario(parsed.scenario, world);
  await world.close();
  expect(summary.violations).toEqual([]);
}

const failed = (job: string, code: string) => `{ run: ${job}, expect: failed, code: ${code} }`;
const done = (job: string, operation: 'backup' | 'verify' = 'backup') =>
  `{ run: ${job}, operation: ${operation}, expect: done }`;

describe('X4: after a mode switch', () => {
  const switched = '{ set: { repository: vault, mode: direct, access: iam-sts } }';

  test('an agent fails with settings.stale until it has connected once, each tenant for itself', async () => {
    await story([
      done('laptop'),
      done('other'),
      switched,
      failed('laptop', 'settings.stale'),
      done('laptop'),
      failed('other', 'settings.stale'),
      done('other'),
      done('laptop'),
    ]);
  });

  test('a server job asks at once and takes the new route (M8); it does not speak for the agent', async () => {
    await story([done('files'), switched, done('files'), failed('laptop', 'settings.stale')]);
  });

  test('other settings make nothing stale, and the mode set to what it is neither', async () => {
    await story([
      done('laptop'),
      '{ set: { repository: vault, margin: 5m } }',
      done('laptop'),
      '{ set: { repository: vault, mode: gateway } }',
      done('laptop'),
    ]);
  });
});

test('X5: in maintenance nothing new starts, whatever it is; afterwards all is as before', async () => {
  await story([
    done('files'),
    '{ set: { maintenance: true } }',
    failed('files', 'maintenance.mode'),
    '{ run: files, operation: verify, expect: failed, code: maintenance.mode }',
    failed('laptop', 'maintenance.mode'),
    '{ set: { maintenance: false } }',
    done('files', 'verify'),
    done('laptop'),
    '{ restoreAll: true }',
  ]);
});

test('Q5: at the soft limit new backups are refused for every tenant; restores go on', async () => {
  await story([
    '{ set: { repository: vault, softLimit: 100KiB } }',
    done('files'),
    failed('files', 'quota.softLimit'),
    failed('other', 'quota.softLimit'),
    '{ restoreAll: true }',
    '{ set: { repository: vault, softLimit: 100MiB } }',
    done('other'),
  ]);
});
