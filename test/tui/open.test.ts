import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kindOf } from '../../sim/cli/commands/open.ts';
import { capturedMain } from '../sim/cli/captured-main.ts';

const SMALL_FLEET = `version: 1
days: 2
storages: [{ name: minio, kind: s3-compatible }]
repositories: [{ name: vault, mode: gateway }]
tenants:
  - name: shops
    count: 2
    quota: 1TiB
    schedule: { daily: "02:00" }
    first: { min: 1GiB, typical: 2GiB, max: 4GiB }
    incremental: { min: 1GiB, typical: 2GiB, max: 4GiB }
    throughput: 100Mbit/s
`;

describe('the file says what it is', () => {
  test.each([
    ['examples/tour.yaml', 'scenario'],
    ['examples/weekend.yaml', 'scenario'],
    ['examples/all-routes.yaml', 'scenario'],
    ['examples/fleet.yaml', 'fleet'],
    ['examples/fleet-long.yaml', 'fleet'],
    ['examples/fleet-herd.yaml', 'fleet'],
    ['examples/fleet-direct.yaml', 'fleet'],
    ['examples/target-minio.yaml', 'target'],
    ['examples/target-aws.yaml', 'target'],
    ['examples/target-azure.yaml', 'target'],
    ['examples/target-gcs.yaml', 'target'],
  ])('%s is a %s', (file, kind) => {
    expect(kindOf(readFileSync(file, 'utf8'))).toBe(kind);
  });

  test.each([
    ['{"type":"trace.header"}\n', 'trace'],
    ['version: 1\ntitle: only begun\n', 'scenario'],
    ['whatever', 'trace'],
  ])('%j is a %s', (text, kind) => {
    expect(kindOf(text)).toBe(kind);
  });
});

describe('without a terminal', () => {
  test.each([
    ['open', ['open', 'examples/tour.yaml', '--world', 'memory'], 0, /OK: no rule was violated/],
    ['a file alone', ['examples/tour.yaml', '--world', 'memory'], 0, /OK: no rule was violated/],
  ])('%s runs and reports', async (_, line, code, report) => {
    const { stdout, ...rest } = await capturedMain(line);
    expect(rest.code).toBe(code);
    expect(stdout).toMatch(report);
  });

  test('a fleet runs and is reported as by simulate', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fortnight-open-'));
    try {
      const file = join(folder, 'small.yaml');
      writeFileSync(file, SMALL_FLEET);
      const { code, stdout } = await capturedMain([file]);
      expect(stdout).toMatch(/Rules +none broken/);
      expect(code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test.each([
    ['a target of a live endpoint', ['open', 'examples/target-minio.yaml'], 3, /fortnight verify/],
    ['a file that is not there', ['open', 'nowhere.yaml'], 3, /cannot be read \(ENOENT\)/],
    ['two files', ['a.yaml', 'b.yaml'], 2, /is not a command/],
    ['a word', ['fleet'], 2, /is not a command/],
    ['--ui', ['simulate', 'examples/fleet.yaml', '--ui'], 2, /needs a terminal/],
    [
      '--ui and a second fleet',
      ['simulate', 'examples/fleet.yaml', '--ui', '--compare', 'examples/fleet-direct.yaml'],
      2,
      /without --compare/,
    ],
  ])('%s: refused, and what to do', async (_, line, code, words) => {
    const { stderr, ...rest } = await capturedMain(line);
    expect(rest.code).toBe(code);
    expect(stderr).toMatch(words);
  });
});
