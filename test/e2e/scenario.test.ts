import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { capturedMain } from '../sim/cli/captured-main.ts';
import { fortnight, jsonLines, lastJson, PROJECT, scratchFolder } from './command.ts';

/** A dozen seconds on a machine that has nothing else to do. */
const LAB_RUN_WITHIN_MS = 240_000;

const scratch = scratchFolder('scenario');
afterAll(() => scratch.remove());

const TOUR = join(PROJECT, 'examples/tour.yaml');
const WEEKEND = join(PROJECT, 'examples/weekend.yaml');

function scenarioFile(name: string, kind: string, access: string, steps: string): string {
  const file = join(scratch.path, `${name}.yaml`);
  const lines = [
    'version: 1',
    'title: one job',
    `storages: [{ name: store, kind: ${kind} }]`,
    `repositories: [{ name: vault, storage: store, mode: direct${access} }]`,
    'tenants: [{ name: acme, quota: 1MiB }]',
    'jobs:',
    '  - { name: files, tenant: acme, repository: vault, blockSize: 16KiB,',
    '      source: { synthetic: { files: 2, size: 64KiB } } }',
    'steps:',
    ...steps.split('\n').map((line) => `  - ${line}`),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

const inMemory = (file: string, ...words: string[]) =>
  capturedMain(['run', file, '--world', 'memory', ...words], { workingDirectory: scratch.path });

describe('run', () => {
  it('an expectation that fails: exit 1, and the summary says which', async () => {
    const steps = '{ run: files, expect: done, generation: 7 }';
    const file = scenarioFile('wrong', 's3-compatible', ', access: iam-sts', steps);
    const ended = await inMemory(file, '--json');
    expect(ended.code).toBe(1);
    expect(lastJson(ended.stdout)).toMatchObject({
      type: 'run.summary',
      ok: false,
      violations: [{ invariant: 'expect', session: 's1', text: 'Expected generation 7, found 1.' }],
    });
    const told = await inMemory(file);
    expect(told.code).toBe(1);
    expect(told.stdout).toContain('NOT OK: 1 violation');
  });

  it('a fault that never fires fails the run', async () => {
    const steps =
      'fault: { site: storage, operation: PutObject, nth: 500, error: SlowDown }\n{ run: files, expect: done }';
    const file = scenarioFile('unfired', 's3-compatible', ', access: iam-sts', steps);
    const ended = await inMemory(file, '--json');
    expect(ended.code).toBe(1);
    expect(lastJson(ended.stdout)).toMatchObject({
      violations: [{ invariant: 'fault', text: expect.stringContaining('never fired') }],
    });
  });

  it.each(['azure', 'gcs'])(
    '%s: an issuer that the kind has not is refused by place',
    async (kind) => {
      const file = scenarioFile(kind, kind, ', issuer: iam-user', '{ run: files, expect: done }');
      for (const world of ['memory', 'lab']) {
        const ended = await capturedMain(['run', file, '--world', world]);
        expect(ended).toMatchObject({ code: 3, stdout: '' });
        expect(ended.stderr).toMatch(
          /:\d+:\d+: repositories\[0\]\.issuer: .* has no issuer "iam-user"/,
        );
      }
    },
  );

  it('the same seed gives the same trace, byte for byte', async () => {
    const traces: string[] = [];
    for (const name of ['first.ndjson', 'second.ndjson']) {
      const ended = await inMemory(TOUR, '--trace', name);
      expect(ended.code).toBe(0);
      traces.push(readFileSync(join(scratch.path, name), 'utf8'));
    }
    expect(traces[0]?.split('\n').length).toBeGreaterThan(500);
    expect(traces[1]).toBe(traces[0]);
  });

  it.each(['memory', 'lab'])(
    'the weekend is as it should be in the world %s',
    async (world) => {
      const ended = await fortnight(['run', WEEKEND, '--world', world, '--json'], scratch.path);
      const summary = lastJson(ended.stdout);
      expect(summary).toMatchObject({ ok: true, violations: [] });
      expect(ended.code).toBe(0);
      expect((summary.sessions as { state: string }[]).map(({ state }) => state)).toEqual([
        'done',
        'done',
        'failed',
        'done',
        'done',
      ]);
    },
    LAB_RUN_WITHIN_MS,
  );
});

describe('the tour', () => {
  it(
    'without a terminal: exit 0 and a report that a person understands',
    async () => {
      const ended = await fortnight([]);
      expect(ended.code).toBe(0);
      const lines = ended.stdout.trimEnd().split('\n');
      expect(lines[0]).toBe('Every S3 route, a renewal, an expiry in mid-session, a quota overrun');
      expect(lines.at(-1)).toMatch(/^OK: no rule was violated; 26 done, 1 failed or cancelled/);
      expect(ended.stdout).toContain('quota.exceeded');
      expect(ended.stdout).toContain('done, verified');
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    },
    LAB_RUN_WITHIN_MS,
  );

  it('run --json in memory: session lines, then the summary of the same sessions', async () => {
    const ended = await inMemory(TOUR, '--json');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const lines = jsonLines(ended.stdout);
    const summary = lines.at(-1) as { sessions: { id: string }[] };
    const told = lines.slice(0, -1);
    expect(told.every(({ type }) => type === 'session.summary')).toBe(true);
    expect(summary.sessions.map(({ id }) => id)).toEqual(told.map(({ id }) => id));
    expect(Object.keys(summary)).toEqual(
      expect.arrayContaining(['type', 'ok', 'violations', 'sessions', 'credentials']),
    );
  });
});
